/* SPDX-License-Identifier: Apache-2.0 */
/* What devices say on messages/{did}: registrations, answers, events. */
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "endpoints/mqtt/mqtt_private.h"

/* The link a message belongs to: the session's own, or that of a child of its gateway, whose
 * messages may come on its own topic or on the gateway's. NULL: nobody's here. */
static struct link *find_link(struct mqtt_session *session, struct str did)
{
	if (!session->link)
		return NULL;
	if (str_equal(did, str_of(session->did)))
		return session->link;
	return link_child(session->link, did);
}

static void take_answer(struct link *link, const struct envelope *envelope)
{
	AUTO_BUF text = { 0 };

	if (!envelope->mid.size || !envelope->result) {
		metric_count(METRIC_device_malformed_total);
		return;
	}
	buf_init(&text, ENVELOPE_SIZE_MAX);
	if (json_write(envelope->result, &text) == ERR_OK)
		link_answer(link, envelope->mid, buf_str(&text));
}

/* "name" is given, or is the one key whose value holds the details. */
static bool event_is_named(const json_t *data)
{
	if (json_member_str(data, "name").size)
		return true;
	return json_object_size(data) == 1;
}

static int64_t event_time_ms(const struct envelope *envelope)
{
	int64_t stamp, now_ms = clock_now_ms();

	if (str_to_i64(envelope->timestamp_text, 1, INT64_MAX / 1000, &stamp) != ERR_OK)
		return now_ms;
	if (envelope->timestamp_text.size <= 10)
		stamp *= 1000;
	/* A device's clock may be anything: only a plausible time is believed. */
	return stamp > now_ms + 300000 || stamp < now_ms - 86400000 ? now_ms : stamp;
}

static enum mqtt_outcome take_event(struct mqtt_session *session, struct link *link,
                                    const struct envelope *envelope,
                                    const struct mqtt_publish *publish)
{
	AUTO_BUF text = { 0 };

	buf_init(&text, ENVELOPE_SIZE_MAX);
	if (!envelope->data || !event_is_named(envelope->data) ||
	    json_write(envelope->data, &text) != ERR_OK) {
		metric_count(METRIC_device_malformed_total);
		return MQTT_TAKEN;
	}
	mqtt_store_event(session, link, publish, event_time_ms(envelope), buf_str(&text));
	return MQTT_STORING;
}

/* The message's topic and did fit the connection: its own, or with a gateway those of a child. */
static bool is_ours(const struct mqtt_session *session, struct str topic_did, struct str did)
{
	struct str own = str_of(session->did);

	if (str_equal(topic_did, own))
		return str_equal(did, own) || session->link;
	return session->link && str_equal(did, topic_did);
}

enum mqtt_outcome mqtt_take_message(struct mqtt_session *session,
                                    const struct mqtt_publish *publish)
{
	struct str topic_did = mqtt_topic_did(publish->topic, STR("messages/"));
	AUTO_ENVELOPE envelope = { 0 };
	struct why why = { 0 };

	if (!topic_did.size)
		return MQTT_FOREIGN;
	if (envelope_read(publish->payload, &envelope, &why) != ERR_OK) {
		metric_count(METRIC_device_malformed_total);
		log_debug("device.malformed", "did=%s %s", session->did, why.text);
		bool is_own = str_equal(topic_did, str_of(session->did));
		return is_own || find_link(session, topic_did) ? MQTT_TAKEN : MQTT_FOREIGN;
	}
	if (!is_ours(session, topic_did, envelope.did))
		return MQTT_FOREIGN;
	if (envelope.type == ENVELOPE_REGISTER) {
		mqtt_register(session, &envelope);
		return MQTT_TAKEN;
	}
	struct link *link = find_link(session, envelope.did);
	if (!link)
		return MQTT_FOREIGN;
	link_seen(link);
	if (envelope.type == ENVELOPE_EVENT)
		return take_event(session, link, &envelope, publish);
	take_answer(link, &envelope);
	return MQTT_TAKEN;
}
