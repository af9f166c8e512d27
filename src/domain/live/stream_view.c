/* SPDX-License-Identifier: Apache-2.0 */
/* Streams as others see them. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "domain/live/live_private.h"

#define RATE_OLD_MS 5000 /* nothing came for so long: the last rate is no more */

/* Under the lock. */
static int64_t rate_of(const struct stream *stream)
{
	int64_t age_ms = clock_steady_ms() - stream->rate_since_ms;

	if (!stream->publisher)
		return 0;
	return age_ms < RATE_OLD_MS ? stream->bits_per_second : stream->rate_bytes * 8000 / age_ms;
}

static void look(struct stream *stream, struct stream_view *view)
{
	*view = (struct stream_view){ 0 };
	stream_lock(stream);
	memcpy(view->key, stream->key, sizeof view->key);
	memcpy(view->did, stream->did, sizeof view->did);
	memcpy(view->organization, stream->organization, sizeof view->organization);
	view->what = stream->what;
	view->stage = stream->stage;
	view->stage_since = stream->stage_since;
	stage_write(stream, view->stage_text);
	if (stream->stage == STAGE_FAILED)
		view->failure = (enum reason)stream->failed.reason;
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
	memcpy(view->viewers_by, stream->viewers_by, sizeof view->viewers_by);
	view->gop_ms = stream->gop_ms;
	view->bits_per_second = rate_of(stream);
	view->is_shed = stream->ring.is_shed;
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

enum err live_look(struct live *live, struct str organization, struct str key,
                   struct stream_view *out)
{
	(void)pthread_mutex_lock(&live->lock);
	struct stream *stream = map_get(&live->streams, key);
	bool is_there = stream && (!organization.size ||
	                           str_equal(str_of(stream->organization), organization));
	if (is_there)
		look(stream, out);
	(void)pthread_mutex_unlock(&live->lock);
	return is_there ? ERR_OK : ERR_NOT_FOUND;
}
