/* SPDX-License-Identifier: Apache-2.0 */
/* What callers read, written straight into a buffer: a device is asked for 20 000 times a second.
 */
#include "base/clock.h"
#include "endpoints/api/api_private.h"

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_add_text(out, name);
	json_add_quoted(out, str_of(text));
}

static void add_text_or_null(struct buf *out, const char *name, const char *text)
{
	if (text[0]) {
		add_text(out, name, text);
		return;
	}
	buf_add_text(out, name);
	buf_add_text(out, "null");
}

static void add_bool(struct buf *out, const char *name, bool value)
{
	buf_add_text(out, name);
	buf_add_text(out, value ? "true" : "false");
}

void api_write_time(struct buf *out, int64_t time_ms)
{
	char text[CLOCK_TEXT_SIZE];

	if (time_ms == 0) {
		buf_add_text(out, "null");
		return;
	}
	clock_format(time_ms, text);
	buf_add(out, "\"", 1);
	buf_add_text(out, text);
	buf_add(out, "\"", 1);
}

static const char *const states[] = {
	[PRESENCE_NEVER] = "never",
	[PRESENCE_OFFLINE] = "offline",
	[PRESENCE_ONLINE] = "online",
};

static void write_presence(struct buf *out, const struct devices *devices,
                           const struct presence *presence)
{
	bool is_online = presence->state == PRESENCE_ONLINE;

	add_bool(out, ",\"presence\":{\"online\":", is_online);
	add_text(out, ",\"state\":", states[presence->state]);
	buf_add_text(out, ",\"since\":");
	api_write_time(out, presence->since);
	buf_add_text(out, ",\"last_seen\":");
	api_write_time(out, presence->last_seen);
	add_text_or_null(out, ",\"address\":", presence->address);
	add_text_or_null(out, ",\"reason\":", is_online ? "" : presence->reason);
	add_bool(out, ",\"weak_sign\":", presence->is_weak_sign);
	if (!is_online) {
		buf_add_text(out, ",\"link\":null}");
		return;
	}
	add_text(out, ",\"link\":{\"node\":", devices_node(devices));
	buf_printf(out, ",\"epoch\":%lld,\"kind\":\"%s\"}}", (long long)presence->epoch,
	           presence->is_child ? "child" : "direct");
}

static void write_presets(struct buf *out, const struct preset_list *presets)
{
	buf_add_text(out, ",\"presets\":[");
	for (size_t i = 0; presets && i < presets->count; i++) {
		buf_printf(out, "%s{\"index\":%d", i ? "," : "", presets->items[i].index);
		add_text(out, ",\"name\":", presets->items[i].name);
		buf_add(out, "}", 1);
	}
	buf_add(out, "]", 1);
}

void api_write_device(struct buf *out, const struct devices *devices,
                      const struct device_view *view, struct str secret)
{
	const struct device_facts *facts = view->facts;

	add_text(out, "{\"did\":", facts->did);
	add_text(out, ",\"name\":", facts->name);
	add_text(out, ",\"kind\":", device_kind_text(facts->kind));
	add_text(out, ",\"sign_policy\":", sign_policy_text(facts->sign_policy));
	add_text(out, ",\"serve_sign\":", serve_sign_text(facts->serve_sign));
	add_text(out, ",\"push\":", push_mode_text(facts->push));
	add_bool(out, ",\"disabled\":", facts->is_disabled);
	buf_add_text(out, ",\"created_at\":");
	api_write_time(out, facts->created_at);
	buf_add_text(out, ",\"updated_at\":");
	api_write_time(out, facts->updated_at);
	buf_add_text(out, ",\"profile\":");
	buf_add_text(out, facts->profile);
	add_text_or_null(out, ",\"gateway\":", facts->gateway);
	write_presence(out, devices, &view->presence);
	write_presets(out, view->presets);
	if (secret.size) {
		buf_add_text(out, ",\"secret\":");
		json_add_quoted(out, secret);
	}
	buf_add(out, "}", 1);
}

void api_write_event(struct buf *out, const struct event *event)
{
	buf_printf(out, "{\"id\":\"%lld\",\"cursor\":\"%lld\",\"time\":", (long long)event->id,
	           (long long)event->cursor);
	api_write_time(out, event->time_ms);
	buf_add_text(out, ",\"type\":");
	json_add_quoted(out, event->type);
	buf_add_text(out, ",\"did\":");
	if (event->did.size)
		json_add_quoted(out, event->did);
	else
		buf_add_text(out, "null");
	buf_add_text(out, ",\"data\":");
	buf_add_str(out, event->data.size ? event->data : STR("{}"));
	buf_add(out, "}", 1);
}

void api_answer(struct request *req, int status, const struct buf *body)
{
	response_header(req, "Cache-Control", STR("no-store"));
	if (buf_err(body) == ERR_OK)
		response_send(req, status, API_JSON, buf_str(body));
	else
		api_problem(req, buf_err(body) == ERR_TOO_LARGE ? ERR_INTERNAL : ERR_BUSY, NULL);
}
