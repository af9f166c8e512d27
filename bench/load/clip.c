/* SPDX-License-Identifier: Apache-2.0 */
#include "clip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "load.h"

#define HANDSHAKE_BYTES 1536
#define VIDEO_STREAM    6 /* chunk stream of video */
#define TAG_HEAD_BYTES  11
#define FLV_HEAD_BYTES  13
#define FLV_VIDEO       9

static uint32_t three_bytes(const uint8_t *at)
{
	return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static struct clip_frame cut(const uint8_t *body, size_t size)
{
	struct clip_frame frame = { .message_size = size,
		                    .chunks = malloc(size + size / CLIP_CHUNK_BYTES + 1) };

	if (!frame.chunks)
		fail("no memory");
	for (size_t at = 0; at < size; at += CLIP_CHUNK_BYTES) {
		size_t part = size - at < CLIP_CHUNK_BYTES ? size - at : CLIP_CHUNK_BYTES;
		if (at)
			frame.chunks[frame.size++] = 0xc0 | VIDEO_STREAM;
		memcpy(frame.chunks + frame.size, body + at, part);
		frame.size += part;
	}
	return frame;
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	long end = 0;

	if (!file || fseek(file, 0, SEEK_END) != 0 || (end = ftell(file)) <= 0)
		fail("%s", path);
	uint8_t *bytes = malloc((size_t)end);
	rewind(file);
	if (!bytes || fread(bytes, 1, (size_t)end, file) != (size_t)end)
		fail("%s", path);
	(void)fclose(file);
	*size = (size_t)end;
	return bytes;
}

void clip_read(const char *path, struct clip *clip)
{
	size_t size = 0, at = FLV_HEAD_BYTES;
	uint8_t *bytes = read_file(path, &size);

	*clip = (struct clip){ .frames = calloc(size / TAG_HEAD_BYTES, sizeof *clip->frames) };
	if (!clip->frames)
		fail("no memory");
	while (at + TAG_HEAD_BYTES < size) {
		const uint8_t *tag = bytes + at, *body = tag + TAG_HEAD_BYTES;
		size_t length = three_bytes(tag + 1);
		at += TAG_HEAD_BYTES + length + 4;
		if (at > size || tag[0] != FLV_VIDEO || length < 5)
			continue;
		if (body[1] == 0)
			clip->config = cut(body, length);
		else if (body[1] == 1)
			clip->frames[clip->count++] = cut(body, length);
	}
	free(bytes);
	if (!clip->count || !clip->config.size)
		fail("%s holds no H.264", path);
}

static void write_head(uint8_t *out, uint8_t chunk_stream, uint8_t kind, uint32_t time_ms,
                       size_t size, uint8_t stream)
{
	const uint8_t head[CLIP_HEAD_BYTES] = { chunk_stream,
		                                (uint8_t)(time_ms >> 16),
		                                (uint8_t)(time_ms >> 8),
		                                (uint8_t)time_ms,
		                                (uint8_t)(size >> 16),
		                                (uint8_t)(size >> 8),
		                                (uint8_t)size,
		                                kind,
		                                stream };
	memcpy(out, head, sizeof head);
}

void clip_write_head(const struct clip_frame *frame, uint32_t time_ms, uint8_t out[CLIP_HEAD_BYTES])
{
	write_head(out, VIDEO_STREAM, 9, time_ms, frame->message_size, 1);
}

struct command {
	uint8_t bytes[1024];
	size_t size;
};

static void add(struct command *command, const void *bytes, size_t size)
{
	if (size > sizeof command->bytes - command->size)
		fail("a name is too long");
	memcpy(command->bytes + command->size, bytes, size);
	command->size += size;
}

/* AMF0: a name without a type byte, a text, and a number below 16. */
static void add_name(struct command *command, const char *text)
{
	size_t size = strlen(text);
	const uint8_t head[] = { (uint8_t)(size >> 8), (uint8_t)size };

	add(command, head, sizeof head);
	add(command, text, size);
}

static void add_text(struct command *command, const char *text)
{
	add(command, "\2", 1);
	add_name(command, text);
}

static void add_number(struct command *command, uint8_t value)
{
	static const uint8_t numbers[][9] = {
		{ 0 }, { 0, 0x3f, 0xf0 }, { 0, 0x40, 0x00 }, { 0, 0x40, 0x08 }
	};
	add(command, numbers[value], sizeof numbers[value]);
}

static void send_command(int fd, const struct command *command, uint8_t stream)
{
	uint8_t head[CLIP_HEAD_BYTES];

	write_head(head, 3, 20, 0, command->size, stream);
	send_all(fd, head, sizeof head);
	send_all(fd, command->bytes, command->size);
}

static void shake_hands(int fd)
{
	static uint8_t ours[1 + HANDSHAKE_BYTES] = { 3 }, theirs[1 + 2 * HANDSHAKE_BYTES];
	static const uint8_t chunk_size[] = { 2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 1, 0, 0 };

	send_all(fd, ours, sizeof ours);
	if (recv(fd, theirs, sizeof theirs, MSG_WAITALL) != (ssize_t)sizeof theirs)
		fail("no handshake");
	send_all(fd, theirs + 1, HANDSHAKE_BYTES);
	send_all(fd, chunk_size, sizeof chunk_size);
}

int clip_publish(long port, const char *app, const char *name)
{
	struct command connect = { 0 }, create = { 0 }, publish = { 0 };
	char answer[8192];
	size_t size = 0;
	int fd = connect_to(port);

	shake_hands(fd);
	add_text(&connect, "connect");
	add_number(&connect, 1);
	add(&connect, "\3", 1);
	add_name(&connect, "app");
	add_text(&connect, app);
	add(&connect, "\0\0\11", 3);
	send_command(fd, &connect, 0);
	add_text(&create, "createStream");
	add_number(&create, 2);
	add(&create, "\5", 1);
	send_command(fd, &create, 0);
	add_text(&publish, "publish");
	add_number(&publish, 3);
	add(&publish, "\5", 1);
	add_text(&publish, name);
	add_text(&publish, "live");
	send_command(fd, &publish, 1);
	while (!memmem(answer, size, "NetStream.Publish.Start", 23)) {
		ssize_t more = recv(fd, answer + size, sizeof answer - size, 0);
		if (more <= 0)
			fail("%s may not publish: %.*s", name, (int)size, answer);
		size += (size_t)more;
	}
	return fd;
}
