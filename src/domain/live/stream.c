/* SPDX-License-Identifier: Apache-2.0 */
/* The streams there are: made by the first viewer or publisher, gone with the last user. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/device/registration.h"
#include "domain/identity/grant.h"
#include "domain/live/live_private.h"

#define X(name, text) text,
static const char *const stage_texts[] = { STREAM_STAGES(X) };
#undef X

const char *stream_stage_text(enum stream_stage stage)
{
	return stage_texts[stage];
}

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

static enum stream_stage stage_of(const struct stream *stream)
{
	/* A push counts when demand has seen it: its time for a key frame runs from there. */
	bool is_seen = stream->state != DEMAND_ASKING && stream->state != DEMAND_WAITING;

	if (stream->publisher && is_seen)
		return stream->ring.key == RING_NO_KEY ? STAGE_PUSHING : STAGE_PLAYING;
	if (stream->failure != REASON_NONE && stream->state == DEMAND_IDLE)
		return STAGE_FAILED;
	switch (stream->state) {
	case DEMAND_ASKING: return STAGE_ASKED;
	case DEMAND_WAITING: return STAGE_ANSWERED;
	case DEMAND_IDLE:
	case DEMAND_SENDING:
	case DEMAND_LINGERING: break;
	}
	return STAGE_IDLE;
}

static void look(struct stream *stream, struct stream_view *view)
{
	*view = (struct stream_view){ 0 };
	stream_lock(stream);
	memcpy(view->key, stream->key, sizeof view->key);
	memcpy(view->did, stream->did, sizeof view->did);
	memcpy(view->organization, stream->organization, sizeof view->organization);
	view->stage = stage_of(stream);
	view->failure = stream->failure;
	if (stream->publisher) {
		memcpy(view->publisher, stream->publisher->address, sizeof view->publisher);
		view->published_since = stream->publisher->since;
	}
	view->viewers = stream->viewers;
	view->bytes_in = stream->bytes_in;
	view->bytes_out = atomic_load_explicit(&stream->bytes_out, memory_order_relaxed);
	view->frames = stream->frames;
	view->skips = atomic_load_explicit(&stream->skips, memory_order_relaxed);
	view->first_frame_ms = stream->first_frame_ms;
	view->video = stream->video;
	view->audio = stream->audio;
	stream_unlock(stream);
}

/* Under live's lock. */
static enum err copy_views(struct live *live, struct str organization, size_t max,
                           struct stream_view **out, size_t *out_count)
{
	size_t room = live->streams.count < max ? live->streams.count : max, count = 0, at = 0;
	AUTO_FREE struct stream_view *views = calloc(room + 1, sizeof *views);

	if (!views)
		return ERR_NO_MEMORY;
	for (struct stream *stream; (stream = map_next(&live->streams, &at)) != NULL;) {
		if (!str_equal(str_of(stream->organization), organization))
			continue;
		if (count == room)
			return ERR_TOO_LARGE;
		look(stream, &views[count++]);
	}
	*out = TAKE(views);
	*out_count = count;
	return ERR_OK;
}

enum err live_each(struct live *live, struct str organization, size_t max,
                   void (*each)(void *owner, const struct stream_view *view), void *owner)
{
	AUTO_FREE struct stream_view *views = NULL;
	size_t count = 0;

	(void)pthread_mutex_lock(&live->lock);
	enum err err = copy_views(live, organization, max, &views, &count);
	(void)pthread_mutex_unlock(&live->lock);
	for (size_t i = 0; i < count; i++)
		each(owner, &views[i]);
	return err;
}

enum err publish_check(struct live *live, struct tokens *tokens, struct str key, struct str token)
{
	struct actor actor;
	struct device_view view;
	struct stream_key what;

	if (!token.size || token.size > TOKEN_TEXT_MAX || stream_key_read(key, &what) != ERR_OK)
		return ERR_DENIED;
	struct str did = str_of(what.did);
	if (device_view(live->setup.devices, (struct str){ 0 }, did, &view) != ERR_OK)
		return ERR_DENIED;
	bool is_disabled = view.facts->is_disabled;
	device_view_done(&view);
	if (is_disabled)
		return ERR_DENIED;
	struct str resource = what.is_replay ? key : STR("play");
	if (grant_check(live->setup.keys, did, resource, token, clock_now_ms()) == ERR_OK ||
	    registration_token_check(live->setup.devices, did, token) == ERR_OK)
		return ERR_OK;
	if (token_find(tokens, token, &actor) == ERR_OK && (actor.rights & RIGHT_PUSH) &&
	    str_equal(str_of(actor.did), did))
		return ERR_OK;
	return ERR_DENIED;
}
