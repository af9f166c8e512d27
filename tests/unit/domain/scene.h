/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.h — a publisher of numbered units and viewers that check that every unit is whole.
 *
 * A unit is its size (4 bytes), a letter, a number (4 bytes) and filling: 'H' the file's head,
 * 'C' a configuration, 'K' a key frame, 'F' any other.
 */
#ifndef VIGIL_TESTS_SCENE_H
#define VIGIL_TESTS_SCENE_H

#include "domain/live/live.h"
#include "tests/unit/domain/house.h"

struct pusher {
	struct house *house;
	struct loop *loop;
	struct publisher *publisher; /* NULL: closed, or ended */
	int ended;
	char reason[64];
};
/* Opens and sets introduction `version`: a head of 20 bytes, a configuration of `config_size`. */
void push_open(struct pusher *pusher, struct house *house, struct loop *loop, const char *did);
void push_intro(struct pusher *pusher, uint32_t version, size_t config_size);
enum err push_unit(struct pusher *pusher, char kind, uint32_t number, size_t size,
                   int64_t timestamp_ms);
void push_close(struct pusher *pusher);

struct watcher {
	struct viewer viewer;
	struct house *house;
	struct loop *loop;
	struct buf received;
	size_t room;     /* bytes the socket takes before it is full */
	int64_t busy_us; /* how long it keeps the loop whenever there is more */
	int started, ended, served;
	struct why why;
	int ended_reason;
};
void watch_start(struct watcher *watcher, struct house *house, struct loop *loop, const char *did);
/* The same with a socket that takes `room` bytes. */
void watch_slow(struct watcher *watcher, struct house *house, const char *did, size_t room);
enum err watch_try(struct watcher *watcher, struct house *house, struct loop *loop,
                   const char *did);
/* The socket takes `room` bytes more. */
void watch_drain(struct watcher *watcher, size_t room);
void watch_stop(struct watcher *watcher);
/* "H1 C1 K5 F6": what came so far; fails the test unless all but the last unit are whole. */
const char *watch_text(const struct watcher *watcher, char out[4096]);
#define assert_watched(watcher, text)                                      \
	do {                                                               \
		char text_[4096];                                          \
		assert_string_equal(watch_text((watcher), text_), (text)); \
	} while (0)

#endif
