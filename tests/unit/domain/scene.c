/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/domain/scene.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/clock.h"

#define UNIT_LEAST 9

static void add_unit(struct buf *out, char kind, uint32_t number, size_t size)
{
	buf_add_u32(out, (uint32_t)size);
	buf_add_u8(out, (uint8_t)kind);
	buf_add_u32(out, number);
	for (size_t i = UNIT_LEAST; i < size; i++)
		buf_add_u8(out, (uint8_t)number);
}

static void on_replaced(void *owner, const char *reason)
{
	struct pusher *pusher = owner;

	pusher->publisher = NULL;
	pusher->ended++;
	(void)str_copy(str_of(reason), pusher->reason, sizeof pusher->reason);
}

static const struct publisher_ops pusher_ops = { .ended = on_replaced };

struct opening {
	struct pusher *pusher;
	const char *did;
};

static void open_publisher(void *arg)
{
	const struct opening *opening = arg;
	struct pusher *pusher = opening->pusher;

	assert_ok(publisher_open(pusher->house->domain->live, str_of(opening->did),
	                         "192.0.2.1:5000", &pusher_ops, pusher, &pusher->publisher));
}

void push_open(struct pusher *pusher, struct house *house, struct loop *loop, const char *did)
{
	struct opening opening = { pusher, did };

	*pusher = (struct pusher){ .house = house, .loop = loop };
	house_run(house, loop, open_publisher, &opening);
}

struct pushing {
	struct pusher *pusher;
	char kind;
	uint32_t number;
	size_t size;
	int64_t timestamp_ms;
	enum err err;
};

static void set_intro(void *arg)
{
	const struct pushing *pushing = arg;
	AUTO_BUF head = { 0 };
	AUTO_BUF config = { 0 };

	buf_init(&head, 100);
	buf_init(&config, 1024 * 1024);
	add_unit(&head, 'H', pushing->number, 20);
	add_unit(&config, 'C', pushing->number, pushing->size);
	publisher_set_video(pushing->pusher->publisher,
	                    &(struct stream_video){ .codec = "avc1.42c01e" });
	assert_ok(publisher_set_intro(pushing->pusher->publisher, buf_str(&head), buf_str(&config),
	                              false));
}

void push_intro(struct pusher *pusher, uint32_t version, size_t config_size)
{
	struct pushing pushing = { .pusher = pusher, .number = version, .size = config_size };

	house_run(pusher->house, pusher->loop, set_intro, &pushing);
}

static void add_frame(void *arg)
{
	struct pushing *pushing = arg;
	AUTO_BUF unit = { 0 };

	buf_init(&unit, LIVE_FRAME_MAX + 1);
	add_unit(&unit, pushing->kind, pushing->number, pushing->size);
	assert_ok(buf_err(&unit));
	/* In two parts, as an endpoint does. */
	const struct frame frame = { .kind = FRAME_VIDEO,
		                     .is_key = pushing->kind == 'K',
		                     .timestamp_ms = pushing->timestamp_ms,
		                     .parts = { { unit.at, UNIT_LEAST },
		                                { unit.at + UNIT_LEAST, unit.size - UNIT_LEAST } },
		                     .part_count = 2 };
	pushing->err = publisher_add(pushing->pusher->publisher, &frame);
}

enum err push_unit(struct pusher *pusher, char kind, uint32_t number, size_t size,
                   int64_t timestamp_ms)
{
	struct pushing pushing = { .pusher = pusher,
		                   .kind = kind,
		                   .number = number,
		                   .size = size,
		                   .timestamp_ms = timestamp_ms };

	house_run(pusher->house, pusher->loop, add_frame, &pushing);
	return pushing.err;
}

static void close_publisher(void *arg)
{
	struct pusher *pusher = arg;

	if (pusher->publisher)
		publisher_close(pusher->publisher);
	pusher->publisher = NULL;
}

void push_close(struct pusher *pusher)
{
	house_run(pusher->house, pusher->loop, close_publisher, pusher);
	house_turn(pusher->house, 10);
}

static void on_start(struct viewer *viewer)
{
	CONTAINER_OF(viewer, struct watcher, viewer)->started++;
}

static void on_more(struct viewer *viewer)
{
	struct watcher *watcher = CONTAINER_OF(viewer, struct watcher, viewer);
	struct iovec parts[LIVE_PARTS_MAX];
	int64_t until_us = clock_steady_us() + watcher->busy_us;

	watcher->served++;
	while (clock_steady_us() < until_us) {
	}
	for (size_t count; (count = viewer_peek(viewer, parts, LIVE_PARTS_MAX)) != 0;) {
		size_t taken = 0;
		for (size_t i = 0; i < count && watcher->room; i++) {
			size_t size =
				parts[i].iov_len < watcher->room ? parts[i].iov_len : watcher->room;
			buf_add(&watcher->received, parts[i].iov_base, size);
			watcher->room -= size;
			taken += size;
		}
		viewer_advance(viewer, taken);
		if (!watcher->room) {
			viewer_block(viewer);
			return;
		}
	}
}

static void on_end(struct viewer *viewer, const struct why *why)
{
	struct watcher *watcher = CONTAINER_OF(viewer, struct watcher, viewer);

	watcher->ended++;
	watcher->why = *why;
	watcher->ended_reason = why->reason;
}

static const struct viewer_ops watcher_ops = { .on_start = on_start,
	                                       .on_more = on_more,
	                                       .on_end = on_end };

struct joining {
	struct watcher *watcher;
	const char *did;
	enum err err;
};

static void join(void *arg)
{
	struct joining *joining = arg;
	struct watcher *watcher = joining->watcher;

	joining->err = viewer_join(watcher->house->domain->live, str_of(joining->did), &watcher_ops,
	                           &watcher->viewer, &watcher->why);
}

static enum err begin(struct watcher *watcher, struct house *house, struct loop *loop,
                      const char *did, size_t room)
{
	struct joining joining = { watcher, did, ERR_OK };

	*watcher = (struct watcher){ .house = house, .loop = loop, .room = room };
	buf_init(&watcher->received, 64 * 1024 * 1024);
	house_run(house, loop, join, &joining);
	return joining.err;
}

enum err watch_try(struct watcher *watcher, struct house *house, struct loop *loop, const char *did)
{
	return begin(watcher, house, loop, did, SIZE_MAX);
}

void watch_start(struct watcher *watcher, struct house *house, struct loop *loop, const char *did)
{
	assert_ok(begin(watcher, house, loop, did, SIZE_MAX));
}

void watch_slow(struct watcher *watcher, struct house *house, const char *did, size_t room)
{
	assert_ok(begin(watcher, house, house->loop, did, room));
}

static void drain(void *arg)
{
	struct watcher *watcher = arg;

	viewer_unblock(&watcher->viewer);
	on_more(&watcher->viewer);
}

void watch_drain(struct watcher *watcher, size_t room)
{
	watcher->room = room;
	house_run(watcher->house, watcher->loop, drain, watcher);
}

static void leave(void *arg)
{
	viewer_leave(&((struct watcher *)arg)->viewer);
}

void watch_stop(struct watcher *watcher)
{
	house_run(watcher->house, watcher->loop, leave, watcher);
	buf_done(&watcher->received);
	house_turn(watcher->house, 10);
}

const char *watch_text(const struct watcher *watcher, char out[4096])
{
	struct bytes bytes = bytes_of(watcher->received.at, watcher->received.size);
	size_t length = 0;

	out[0] = '\0';
	while (bytes.size && !bytes.is_short && length < 4000) {
		uint32_t size = bytes_u32(&bytes);
		char kind = (char)bytes_u8(&bytes);
		uint32_t number = bytes_u32(&bytes);
		if (bytes.is_short)
			break; /* the last one, half received */
		if (!memchr("HCKF", kind, 4) || size < UNIT_LEAST) {
			fail_msg("after \"%s\" no unit begins", out);
			return out;
		}
		size_t left = size - UNIT_LEAST < bytes.size ? size - UNIT_LEAST : bytes.size;
		const uint8_t *filling = bytes_take(&bytes, left);
		for (size_t i = 0; i < left; i++)
			if (filling[i] != (uint8_t)number)
				fail_msg("after \"%s\" %c%u is broken at %zu", out, kind, number,
				         i);
		length += (size_t)snprintf(out + length, 4096 - length, "%s%c%u", length ? " " : "",
		                           kind, number);
	}
	return out;
}
