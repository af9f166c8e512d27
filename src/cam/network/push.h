/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push.h — one RTMP connection that publishes one stream.
 *
 * It begins with the headers and the next key frame; when the server takes less than comes, it
 * leaves frames out up to the next key frame and counts them.
 *
 * Threads  the loop's own.
 * Memory   a push lives inside its owner, which calls push_stop() first and keeps it until the end
 *          of the loop's turn.
 */
#ifndef VIGIL_CAM_PUSH_H
#define VIGIL_CAM_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cam/picture/clip.h"
#include "io/dial.h"
#include "proto/rtmp/rtmp_client.h"

#define PUSH_URL_MAX    4096
#define PUSH_QUEUE_MAX  (512 * 1024) /* more waiting than this: skip to the next key frame */
#define PUSH_PUBLISH_MS 10000

struct push_events {
	void (*on_ready)(void *owner);
	/* It is over, and not by push_stop(); may be started again. */
	void (*on_over)(void *owner, const char *reason);
};

enum push_state { PUSH_IDLE, PUSH_DIALLING, PUSH_GREETING, PUSH_READY };

struct push {
	struct loop *loop;
	const struct dial_policy *policy;
	struct tls *tls; /* for rtmps */
	const struct push_events *events;
	void *owner;
	bool without_keys; /* a fault: key frames stay here */
	/* private from here */
	enum push_state state;
	struct dial dial;
	struct conn *conn;
	struct rtmp_client *client;
	struct timer timer;
	struct buf out;
	enum err feed_err;
	bool has_begun, has_epoch;
	int64_t first_ms;
	uint64_t skipped;
};

/* `token` (may be empty) is added as ?token= unless the URL has one. ERR_INVALID for a URL that
 * names no app and stream, ERR_CONFLICT when it runs already. */
enum err push_start(struct push *push, struct str url, struct str token);

/* Says goodbye, then closes. No event comes after it; harmless when idle. */
void push_stop(struct push *push);

bool push_is_idle(const struct push *push);

/* Sends one frame if it may be sent now; `headers` are those of its stream, sent once. Times may
 * start anywhere. */
void push_frame(struct push *push, const struct clip_frame *headers, size_t header_count,
                const struct clip_frame *frame);

/* The next frame is preceded by headers again and must be a key frame: another file begins. */
void push_begin_again(struct push *push);

#endif
