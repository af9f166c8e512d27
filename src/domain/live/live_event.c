/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened to streams, for the event log. A storm of failing views or of pushes that come and
 * go must not flood it: of one stream one failure in LIVE_FAILED_MS, of all LIVE_EVENTS_MAX in a
 * row; what is left out is counted.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/metric.h"
#include "domain/live/live_private.h"

#define DATA_MAX 2048

struct live_event {
	struct event_post post;
	struct list_node node; /* in live->events */
	struct live *live;
	char did[DID_SIZE];
	char organization[ORGANIZATION_SIZE];
	struct buf data;
};

/* Lets one event pass if there were not too many; under live's lock. */
static bool take_allowance(struct live *live)
{
	int64_t now_ms = clock_steady_ms();
	int64_t more = (now_ms - live->event_allowed_ms) * LIVE_EVENTS_PER_S / 1000;

	if (more > 0) {
		live->event_allowance = live->event_allowance + more < LIVE_EVENTS_MAX
		                                ? live->event_allowance + more
		                                : LIVE_EVENTS_MAX;
		live->event_allowed_ms = now_ms;
	}
	if (live->event_allowance == 0)
		return false;
	live->event_allowance--;
	return true;
}

static void event_free(struct live_event *event)
{
	buf_done(&event->data);
	free(event);
}

static void on_posted(struct event_post *post, enum err err)
{
	struct live_event *event = CONTAINER_OF(post, struct live_event, post);

	if (err != ERR_OK)
		metric_count(METRIC_stream_events_dropped_total);
	(void)pthread_mutex_lock(&event->live->lock);
	list_remove(&event->node);
	(void)pthread_mutex_unlock(&event->live->lock);
	event_free(event);
}

static struct live_event *event_new(struct stream *stream)
{
	struct live_event *event = calloc(1, sizeof *event);

	if (!event)
		return NULL;
	event->live = stream->live;
	memcpy(event->did, stream->did, sizeof event->did);
	memcpy(event->organization, stream->organization, sizeof event->organization);
	buf_init(&event->data, DATA_MAX);
	buf_printf(&event->data, "{\"key\":\"%s\"", stream->key);
	return event;
}

/* Takes the event; NULL is one that memory had no room for. */
static void send(struct live_event *event, struct str type)
{
	struct live *live = event ? event->live : NULL;

	if (!event) {
		metric_count(METRIC_stream_events_dropped_total);
		return;
	}
	buf_add_text(&event->data, "}");
	event->post.event = (struct event){ .type = type,
		                            .organization = str_of(event->organization),
		                            .did = str_of(event->did),
		                            .time_ms = clock_now_ms(),
		                            .data = buf_str(&event->data) };
	event->post.done = on_posted;
	(void)pthread_mutex_lock(&live->lock);
	bool is_allowed = take_allowance(live) && buf_err(&event->data) == ERR_OK;
	if (is_allowed)
		list_add(&live->events, &event->node);
	(void)pthread_mutex_unlock(&live->lock);
	if (!is_allowed) {
		metric_count(METRIC_stream_events_dropped_total);
		event_free(event);
	} else if (event_post(live->setup.events, &event->post) != ERR_OK) {
		on_posted(&event->post, ERR_BUSY);
	}
}

static void add_text(struct live_event *event, const char *name, const char *text)
{
	buf_printf(&event->data, ",\"%s\":", name);
	json_add_quoted(&event->data, str_of(text));
}

void live_tell_started(struct stream *stream, int64_t first_frame_ms)
{
	struct live_event *event = event_new(stream);
	char codec[sizeof stream->video.codec];

	if (event) {
		stream_lock(stream);
		memcpy(codec, stream->video.codec[0] ? stream->video.codec : stream->audio.codec,
		       sizeof codec);
		stream_unlock(stream);
		buf_printf(&event->data, ",\"first_frame_ms\":%" PRId64, first_frame_ms);
		add_text(event, "codec", codec);
	}
	send(event, STR("stream.started"));
}

void live_tell_failed(struct stream *stream, const struct why *why)
{
	int64_t now_ms = clock_steady_ms();

	if (stream->failed_told_ms && now_ms - stream->failed_told_ms < LIVE_FAILED_MS) {
		metric_count(METRIC_stream_events_dropped_total);
		return;
	}
	stream->failed_told_ms = now_ms;
	struct live_event *event = event_new(stream);
	if (event) {
		add_text(event, "reason", reason_name(why->reason));
		add_text(event, "detail", why->text);
		if (why->code)
			buf_printf(&event->data, ",\"code\":%d", why->code);
	}
	send(event, STR("stream.failed"));
}

void live_tell_push_end(struct stream *stream, const struct push_end *end, bool is_lost,
                        const char *reason)
{
	struct live_event *event = event_new(stream);

	if (event) {
		add_text(event, "reason", reason);
		if (!is_lost)
			buf_printf(&event->data, ",\"seconds\":%" PRId64 ",\"bytes_in\":%" PRId64,
			           (clock_now_ms() - end->since) / 1000, end->bytes);
	}
	send(event, is_lost ? STR("stream.lost") : STR("stream.stopped"));
}

void live_events_done(struct live *live)
{
	for (struct list_node *node; (node = list_first(&live->events)) != NULL;) {
		list_remove(node);
		event_free(CONTAINER_OF(node, struct live_event, node));
	}
}
