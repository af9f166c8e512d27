/* SPDX-License-Identifier: Apache-2.0 */
/* The streams there are: made by the first viewer or publisher, gone with the last user. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/live/live_private.h"

#define X(name, text) text,
static const char *const viewer_texts[] = { VIEWER_KINDS(X) };
#undef X

const char *viewer_kind_text(enum viewer_kind kind)
{
	return viewer_texts[kind];
}

static void shut(struct stream *stream, const char *reason)
{
	struct why why;

	(void)why_set_reason(&why, ERR_CONFLICT, REASON_STREAM_ENDED, NULL, "%s: %s",
	                     reason_words(REASON_STREAM_ENDED), reason);
	stream_lock(stream);
	outlets_end(stream, &why);
	if (stream->publisher)
		publisher_end(stream->publisher, reason);
	stream_unlock(stream);
	stream_unref(stream);
}

/* The live stream of a device and its replays, each with a reference; under live's lock. */
static size_t streams_of(struct live *live, struct str did, struct stream *found[])
{
	struct stream *stream = map_get(&live->streams, did);
	size_t count = 0;

	if (stream)
		found[count++] = stream_ref(stream);
	list_each (node, &live->replays) {
		stream = CONTAINER_OF(node, struct stream, node);
		if (str_equal(str_of(stream->did), did) && count <= LIVE_REPLAYS_MAX)
			found[count++] = stream_ref(stream);
	}
	return count;
}

/* The device was removed, disabled, ...: its pictures end for everybody. */
static void on_shut(void *owner, struct str did, const char *reason)
{
	struct stream *found[1 + LIVE_REPLAYS_MAX];
	struct live *live = owner;

	(void)pthread_mutex_lock(&live->lock);
	size_t count = streams_of(live, did, found);
	(void)pthread_mutex_unlock(&live->lock);
	for (size_t i = 0; i < count; i++)
		shut(found[i], reason);
}

void live_drain(struct live *live)
{
	size_t at = 0;
	struct why why;

	(void)why_set_reason(&why, ERR_CLOSED, REASON_STREAM_ENDED, NULL,
	                     "this server ends or starts anew: open the picture again");
	atomic_store(&live->is_draining, true);
	(void)pthread_mutex_lock(&live->lock);
	for (struct stream *stream; (stream = map_next(&live->streams, &at)) != NULL;) {
		stream_lock(stream);
		outlets_end(stream, &why);
		stream_unlock(stream);
	}
	(void)pthread_mutex_unlock(&live->lock);
}

enum err live_new(const struct live_setup *setup, struct live **out)
{
	struct live *live = calloc(1, sizeof *live);
	uint8_t seed[16];

	if (!live)
		return ERR_NO_MEMORY;
	live->setup = *setup;
	id_random(seed, sizeof seed);
	map_init(&live->streams, seed);
	list_init(&live->replays);
	list_init(&live->events);
	live->event_allowance = LIVE_EVENTS_MAX;
	live->event_allowed_ms = clock_steady_ms();
	(void)pthread_mutex_init(&live->lock, NULL);
	devices_on_shut(setup->devices, on_shut, live);
	*out = live;
	return ERR_OK;
}

static void stream_free(struct stream *stream)
{
	ring_clear(&stream->ring);
	intro_unref(stream->intro);
	buf_done(&stream->play_data);
	(void)pthread_mutex_destroy(&stream->lock);
	metric_add(METRIC_streams, -1);
	free(stream);
}

void live_free(struct live *live)
{
	size_t at = 0;

	if (!live)
		return;
	for (struct stream *stream; (stream = map_next(&live->streams, &at)) != NULL;)
		stream_free(stream);
	map_done(&live->streams);
	live_events_done(live);
	(void)pthread_mutex_destroy(&live->lock);
	free(live);
}

struct intro *intro_ref(struct intro *intro)
{
	if (intro)
		atomic_fetch_add_explicit(&intro->refs, 1, memory_order_relaxed);
	return intro;
}

void intro_unref(struct intro *intro)
{
	if (intro && atomic_fetch_sub_explicit(&intro->refs, 1, memory_order_acq_rel) == 1)
		free(intro);
}

/* Under live's lock. */
static bool has_room(struct live *live, const struct stream_key *key)
{
	size_t count = 0;

	if (!key->is_replay)
		return true;
	list_each (node, &live->replays)
		count += strcmp(CONTAINER_OF(node, struct stream, node)->did, key->did) == 0;
	return count < LIVE_REPLAYS_MAX;
}

static struct stream *stream_new(struct live *live, const struct stream_key *key,
                                 const struct device_facts *facts)
{
	struct stream *stream = calloc(1, sizeof *stream);

	if (!stream)
		return NULL;
	stream->live = live;
	stream->what = *key;
	stream_key_write(key, stream->key);
	stream->home = run_here();
	memcpy(stream->did, facts->did, sizeof stream->did);
	memcpy(stream->organization, facts->organization, sizeof stream->organization);
	stream->ring.key = RING_NO_KEY;
	stream->ring.bytes_max = LIVE_STREAM_BYTES_MAX;
	stream->ring.keep_ms = LIVE_KEEP_MS;
	list_init(&stream->outlets);
	buf_init(&stream->play_data, 1024);
	(void)pthread_mutex_init(&stream->lock, NULL);
	if (map_add(&live->streams, str_of(stream->key), stream) != ERR_OK) {
		(void)pthread_mutex_destroy(&stream->lock);
		free(stream);
		return NULL;
	}
	if (key->is_replay)
		list_add(&live->replays, &stream->node);
	metric_add(METRIC_streams, 1);
	return stream;
}

enum err stream_open(struct live *live, struct str text, struct stream **out)
{
	struct stream_key key;
	struct device_view view;
	enum err err = stream_key_read(text, &key);

	if (err == ERR_OK)
		err = device_view(live->setup.devices, (struct str){ 0 }, str_of(key.did), &view);
	if (err == ERR_OK && view.facts->is_disabled) {
		device_view_done(&view);
		err = ERR_CONFLICT;
	}
	if (err != ERR_OK)
		return err;
	(void)pthread_mutex_lock(&live->lock);
	struct stream *stream = map_get(&live->streams, text);
	if (!stream && !has_room(live, &key))
		err = ERR_BUSY;
	else if (!stream && !(stream = stream_new(live, &key, view.facts)))
		err = ERR_NO_MEMORY;
	if (err == ERR_OK) {
		stream->refs++;
		/* Nobody plays a recording by itself. */
		stream->is_asked_to_play = key.is_replay || view.facts->push == PUSH_PLAY;
		*out = stream;
	}
	(void)pthread_mutex_unlock(&live->lock);
	device_view_done(&view);
	return err;
}

void stream_forget(struct stream *stream)
{
	stream->source++;
	ring_clear(&stream->ring);
}

struct stream *stream_ref(struct stream *stream)
{
	stream->refs++;
	return stream;
}

void stream_unref(struct stream *stream)
{
	struct live *live = stream->live;

	(void)pthread_mutex_lock(&live->lock);
	bool is_last = --stream->refs == 0;
	if (is_last)
		(void)map_remove(&live->streams, str_of(stream->key));
	if (is_last && stream->what.is_replay)
		list_remove(&stream->node);
	(void)pthread_mutex_unlock(&live->lock);
	if (is_last)
		stream_free(stream);
}
