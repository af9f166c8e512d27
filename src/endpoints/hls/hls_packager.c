/* SPDX-License-Identifier: Apache-2.0 */
/* The one viewer behind all sessions of a stream: reads the ring, fills the window. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metric.h"
#include "endpoints/hls/hls_private.h"
#include "io/loop.h"

#define READS_A_TURN 4 /* of LIVE_PARTS_MAX blocks each: a turn of the loop stays short */

void hls_packager_free(struct hls_packager *packager)
{
	hls_cutter_done(&packager->cutter);
	hls_window_done(&packager->window);
	hls_bytes_unref(packager->playlist);
	free(packager);
}

/* The stream is over, or never began: all who wait hear why, and so do those who come. */
static void end(struct hls_packager *packager, const struct why *why)
{
	struct hls_endpoint *endpoint = packager->endpoint;
	struct str key = str_of(packager->key);

	hls_lock(endpoint);
	packager->why = *why;
	packager->is_over = true;
	if (map_get(&endpoint->packagers, key) == packager)
		(void)map_remove(&endpoint->packagers, key);
	hls_wake(packager);
	hls_unlock(endpoint);
}

/* --- the window ---------------------------------------------------------------------------- */

static void on_init(void *owner, struct hls_bytes *init)
{
	struct hls_packager *packager = owner;

	hls_lock(packager->endpoint);
	hls_window_set_init(&packager->window, init);
	hls_unlock(packager->endpoint);
}

/* Over the budget of all packagers, each has its share. */
static size_t bytes_allowed(const struct hls_endpoint *endpoint)
{
	int64_t budget = endpoint->setup.bytes_max, share = budget;

	if (metric_get(METRIC_hls_bytes) > budget)
		share = budget / (int64_t)endpoint->packager_count;
	if (share < HLS_SHARE_BYTES)
		share = HLS_SHARE_BYTES;
	return share < HLS_STREAM_BYTES_MAX ? (size_t)share : HLS_STREAM_BYTES_MAX;
}

static bool on_part(void *owner, const struct hls_part *part, int64_t began_ms)
{
	struct hls_packager *packager = owner;

	hls_lock(packager->endpoint);
	packager->window.bytes_max = bytes_allowed(packager->endpoint);
	(void)hls_window_add(&packager->window, part, began_ms);
	bool is_full = hls_window_is_full(&packager->window);
	hls_unlock(packager->endpoint);
	packager->is_dirty = true;
	return is_full;
}

static void write_facts(struct hls_packager *packager, struct hls_facts *facts)
{
	const struct hls_cutter *cutter = &packager->cutter;
	const struct hls_track *video = &cutter->tracks.video, *sound = &cutter->tracks.sound;
	bool has_video = hls_cutter_has_video(cutter);

	*facts = (struct hls_facts){ .width = has_video ? video->mp4.width : 0,
		                     .height = has_video ? video->mp4.height : 0 };
	(void)snprintf(facts->codecs, sizeof facts->codecs, "%s%s%s", has_video ? video->text : "",
	               has_video && cutter->has_sound ? "," : "",
	               cutter->has_sound ? sound->text : "");
	hls_measure(&packager->window, facts);
}

static void on_cut(void *owner)
{
	struct hls_packager *packager = owner;
	struct hls_window *window = &packager->window;
	struct hls_bytes *whole = hls_window_join(window);
	struct hls_facts facts;

	hls_lock(packager->endpoint);
	hls_window_cut(window, whole);
	window->target_s = packager->cutter.target_s;
	window->part_target_ms = packager->cutter.part_target_ms;
	hls_unlock(packager->endpoint);
	write_facts(packager, &facts);
	hls_lock(packager->endpoint);
	packager->facts = facts;
	(void)snprintf(packager->video_codec, sizeof packager->video_codec, "%s",
	               hls_cutter_has_video(&packager->cutter) ? packager->cutter.tracks.video.text
	                                                       : "");
	hls_unlock(packager->endpoint);
	packager->is_dirty = true;
}

static void on_break(void *owner)
{
	struct hls_packager *packager = owner;

	hls_lock(packager->endpoint);
	hls_window_break(&packager->window);
	hls_unlock(packager->endpoint);
}

static const struct hls_cutter_ops cutter_ops = {
	.on_init = on_init,
	.on_part = on_part,
	.on_cut = on_cut,
	.on_break = on_break,
};

/* The playlist as it is now, for everybody. */
static void publish(struct hls_packager *packager)
{
	AUTO_BUF text = { 0 };

	packager->is_dirty = false;
	if (!hls_window_is_ready(&packager->window))
		return;
	buf_init(&text, HLS_PLAYLIST_BYTES_MAX);
	struct hls_bytes *playlist = hls_write_media(&packager->window, &text) == ERR_OK
	                                     ? hls_bytes_copy(buf_str(&text))
	                                     : NULL;
	if (!playlist)
		return; /* the older one stays */
	hls_lock(packager->endpoint);
	struct hls_bytes *before = packager->playlist;
	packager->playlist = playlist;
	packager->next = hls_window_next(&packager->window, &packager->next_part);
	hls_wake(packager);
	hls_unlock(packager->endpoint);
	hls_bytes_unref(before);
}

/* --- the viewer ---------------------------------------------------------------------------- */

/* Whole tags: a piece of the ring ends where one ends. */
static enum err take_tags(struct hls_packager *packager, struct bytes input, struct why *why)
{
	int64_t now_ms = clock_now_ms();
	struct flv_header head;
	struct flv_tag tag;
	enum err err = ERR_OK;

	if (!packager->has_file_head)
		packager->has_file_head = flv_read_header(&input, &head) == ERR_OK;
	while (err == ERR_OK && flv_read_tag(&input, &tag) == ERR_OK)
		err = hls_cutter_take(&packager->cutter, &tag, now_ms, why);
	return err;
}

static void on_start(struct viewer *viewer)
{
	(void)viewer; /* the file's head is among what comes now */
}

static void on_more(struct viewer *viewer)
{
	struct hls_packager *packager = CONTAINER_OF(viewer, struct hls_packager, viewer);
	struct iovec parts[LIVE_PARTS_MAX];
	struct why why = { 0 };
	enum err err = ERR_OK;

	for (int i = 0; i < READS_A_TURN && err == ERR_OK; i++) {
		size_t count = viewer_peek(viewer, parts, COUNT_OF(parts)), size = 0;
		if (!count)
			break;
		for (size_t part = 0; part < count && err == ERR_OK; part++) {
			size += parts[part].iov_len;
			err = take_tags(packager,
			                bytes_of(parts[part].iov_base, parts[part].iov_len), &why);
		}
		viewer_advance(viewer, size);
	}
	if (packager->is_dirty)
		publish(packager);
	if (err == ERR_OK)
		return;
	why.reason = err == ERR_UNSUPPORTED ? REASON_CODEC_UNSUPPORTED : REASON_NONE;
	viewer_leave(viewer);
	end(packager, &why);
}

static void on_end(struct viewer *viewer, const struct why *why)
{
	end(CONTAINER_OF(viewer, struct hls_packager, viewer), why);
}

static const struct viewer_ops viewer_ops = { .on_start = on_start,
	                                      .on_more = on_more,
	                                      .on_end = on_end };

/* --- its life ------------------------------------------------------------------------------ */

static void on_sweep(struct timer *timer)
{
	struct hls_packager *packager = CONTAINER_OF(timer, struct hls_packager, sweep);

	loop_timer_start(packager->loop, timer, HLS_SWEEP_MS, on_sweep);
	hls_lock(packager->endpoint);
	hls_sessions_sweep(packager, clock_steady_ms());
	hls_unlock(packager->endpoint);
}

void hls_packager_unlist(struct hls_packager *packager)
{
	struct hls_endpoint *endpoint = packager->endpoint;

	list_remove(&packager->node);
	endpoint->packager_count--;
	if (map_get(&endpoint->packagers, str_of(packager->key)) == packager)
		(void)map_remove(&endpoint->packagers, str_of(packager->key));
}

static void on_poke(struct mail *mail)
{
	struct hls_packager *packager = CONTAINER_OF(mail, struct hls_packager, poke);
	struct hls_endpoint *endpoint = packager->endpoint;

	hls_lock(endpoint);
	packager->is_poked = false;
	size_t sessions = packager->session_count;
	if (!sessions)
		hls_packager_unlist(packager);
	hls_unlock(endpoint);
	if (sessions) {
		viewer_set_count(&packager->viewer, (int64_t)sessions);
		return;
	}
	loop_timer_stop(packager->loop, &packager->sweep);
	viewer_leave(&packager->viewer);
	hls_packager_free(packager);
}

void hls_packager_poke(struct hls_packager *packager)
{
	if (packager->is_poked)
		return;
	packager->is_poked = true;
	loop_post(packager->loop, &packager->poke);
}

struct hls_packager *hls_packager_open(struct hls_endpoint *endpoint, struct str key,
                                       bool *out_is_new)
{
	struct hls_packager *packager = map_get(&endpoint->packagers, key);

	*out_is_new = !packager;
	if (packager)
		return packager;
	packager = calloc(1, sizeof *packager);
	if (!packager || str_copy(key, packager->key, sizeof packager->key) != ERR_OK ||
	    map_add(&endpoint->packagers, str_of(packager->key), packager) != ERR_OK) {
		free(packager);
		return NULL;
	}
	packager->endpoint = endpoint;
	packager->loop = loop_current();
	packager->poke.fn = on_poke;
	packager->viewer.kind = VIEWER_HLS;
	packager->window.bytes_max = HLS_STREAM_BYTES_MAX;
	list_init(&packager->sessions);
	list_init(&packager->waiters);
	list_add(&endpoint->all, &packager->node);
	endpoint->packager_count++;
	hls_cutter_init(&packager->cutter, &cutter_ops, packager);
	return packager;
}

void hls_packager_join(struct hls_packager *packager)
{
	struct why why = { 0 };
	enum err err = viewer_join(packager->endpoint->setup.live, str_of(packager->key),
	                           &viewer_ops, &packager->viewer, &why);

	loop_timer_start(packager->loop, &packager->sweep, HLS_SWEEP_MS, on_sweep);
	if (err == ERR_OK)
		return;
	why.err = err;
	end(packager, &why);
}
