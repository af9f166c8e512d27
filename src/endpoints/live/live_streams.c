/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v2/streams and /v2/streams/{key}: how far each stream is, and what goes through it. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "endpoints/live/live_private.h"

#define STREAMS_BYTES_MAX (64 * 1024 * 1024)
#define STREAM_BYTES_MAX  8192
#define STREAMS_MAX       50000

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":", name);
	json_add_quoted(out, str_of(text));
}

static void add_time(struct buf *out, const char *name, int64_t time_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(time_ms, text);
	buf_printf(out, "\"%s\":\"%s\"", name, text);
}

static void add_replay(struct buf *out, const struct stream_key *key)
{
	int64_t start_ms, end_ms;

	if (!key->is_replay) {
		buf_add_text(out, ",\"replay\":null");
		return;
	}
	stream_key_span(key, &start_ms, &end_ms);
	buf_printf(out, ",\"replay\":{\"channel\":%u,\"stream\":%u,", (unsigned)key->channel,
	           (unsigned)key->stream);
	add_time(out, "start", start_ms);
	buf_add_text(out, ",");
	add_time(out, "end", end_ms);
	buf_add_text(out, "}");
}

static void add_stage(struct buf *out, const struct stream_view *stream)
{
	buf_printf(out, ",\"stage\":\"%s\",", stream_stage_text(stream->stage));
	add_time(out, "stage_since", stream->stage_since);
	buf_add_text(out, ",");
	add_text(out, "stage_text", stream->stage_text);
	if (stream->stage == STAGE_FAILED)
		buf_printf(out, ",\"failure\":\"%s\"", reason_name((int)stream->failure));
	else
		buf_add_text(out, ",\"failure\":null");
}

static void add_publisher(struct buf *out, const struct stream_view *stream)
{
	if (!stream->publisher[0]) {
		buf_add_text(out, ",\"publisher\":null");
		return;
	}
	buf_printf(out, ",\"publisher\":{\"address\":\"%s\",", stream->publisher);
	add_time(out, "since", stream->published_since);
	buf_add_text(out, "}");
}

static void add_traffic(struct buf *out, const struct stream_view *stream)
{
	buf_printf(out, ",\"viewers\":%" PRId64 ",\"viewers_by\":{", stream->viewers);
	for (int kind = 0; kind < VIEWER_KIND_COUNT; kind++)
		buf_printf(out, "%s\"%s\":%" PRId64, kind ? "," : "",
		           viewer_kind_text((enum viewer_kind)kind), stream->viewers_by[kind]);
	buf_printf(out,
	           "},\"bytes_in\":%" PRId64 ",\"bytes_out\":%" PRId64 ",\"frames\":%" PRId64
	           ",\"skips\":%" PRId64 ",\"first_frame_ms\":%" PRId64 ",\"gop_ms\":%" PRId64
	           ",\"bits_per_second\":%" PRId64 ",\"shed\":%s",
	           stream->bytes_in, stream->bytes_out, stream->frames, stream->skips,
	           stream->first_frame_ms, stream->gop_ms, stream->bits_per_second,
	           stream->is_shed ? "true" : "false");
}

static void add_media(struct buf *out, const struct stream_view *stream)
{
	if (stream->video.codec[0])
		buf_printf(out, ",\"video\":{\"codec\":\"%s\",\"width\":%u,\"height\":%u}",
		           stream->video.codec, stream->video.width, stream->video.height);
	else
		buf_add_text(out, ",\"video\":null");
	if (stream->audio.codec[0])
		buf_printf(out, ",\"audio\":{\"codec\":\"%s\",\"rate_hz\":%u,\"channels\":%u}",
		           stream->audio.codec, stream->audio.rate_hz, stream->audio.channels);
	else
		buf_add_text(out, ",\"audio\":null");
}

static void add_stream(struct buf *out, const struct stream_view *stream)
{
	buf_add_text(out, "{");
	add_text(out, "key", stream->key);
	buf_add_text(out, ",");
	add_text(out, "did", stream->did);
	add_replay(out, &stream->what);
	add_stage(out, stream);
	add_publisher(out, stream);
	add_traffic(out, stream);
	add_media(out, stream);
	buf_add_text(out, "}");
}

static void add_item(void *owner, const struct stream_view *stream)
{
	struct buf *out = owner;

	buf_add_text(out, out->size && out->at[out->size - 1] == '[' ? "" : ",");
	add_stream(out, stream);
}

static void send(struct request *req, enum err err, struct buf *body, const struct why *why)
{
	if (err == ERR_OK)
		err = buf_err(body);
	if (err == ERR_OK)
		response_send(req, 200, "application/json", buf_str(body));
	else
		api_problem(req, err, why);
}

void streams_list(void *owner, struct request *req)
{
	struct live_endpoint *endpoint = owner;
	AUTO_BUF body = { 0 };

	buf_init(&body, STREAMS_BYTES_MAX);
	buf_add_text(&body, "{\"items\":[");
	enum err err = live_each(endpoint->live, str_of(api_actor(req)->organization), STREAMS_MAX,
	                         add_item, &body);
	buf_add_text(&body, "]}");
	send(req, err, &body, NULL);
}

/* Whoever may see the picture may see how far it is: pages ask while theirs loads. */
void stream_show(void *owner, struct request *req)
{
	struct live_endpoint *endpoint = owner;
	struct str key = request_param(req, "key");
	struct stream_view view;
	struct why why = { 0 };
	AUTO_BUF body = { 0 };
	enum err err = live_check_rights(endpoint, req, key, &why);

	buf_init(&body, STREAM_BYTES_MAX);
	if (err == ERR_OK && live_look(endpoint->live, (struct str){ 0 }, key, &view) != ERR_OK)
		err = why_set(&why, ERR_NOT_FOUND, "nobody sends or watches this stream");
	if (err == ERR_OK)
		add_stream(&body, &view);
	send(req, err, &body, &why);
}
