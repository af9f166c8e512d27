/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clip.h — an FLV file as RTMP messages that are ready to go, for streams.c alone.
 */
#ifndef VIGIL_BENCH_CLIP_H
#define VIGIL_BENCH_CLIP_H

#include <stddef.h>
#include <stdint.h>

#define CLIP_CHUNK_BYTES 65536
#define CLIP_HEAD_BYTES  12

/* A video message cut into chunks; its head, which carries the time, is written apart. */
struct clip_frame {
	uint8_t *chunks;
	size_t size, message_size;
};

struct clip {
	struct clip_frame config;
	struct clip_frame *frames; /* the first is a key frame */
	size_t count;
};

void clip_read(const char *path, struct clip *clip);
void clip_write_head(const struct clip_frame *frame, uint32_t time_ms,
                     uint8_t out[CLIP_HEAD_BYTES]);

/* Connects, publishes and waits until the server says that it takes the picture. */
int clip_publish(long port, const char *app, const char *name);

#endif
