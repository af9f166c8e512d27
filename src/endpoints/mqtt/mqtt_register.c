/* SPDX-License-Identifier: Apache-2.0 */
/* Registrations in the protocol's words, and the face of a link that MQTT carries. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/metric.h"
#include "endpoints/mqtt/mqtt_private.h"
#include "proto/envelope/sign.h"

/* One registration under way; outlives its session if that ends first. */
struct mqtt_registration {
	struct registration registration;
	struct mqtt_session *session; /* NULL: gone */
	struct list_node node;
	enum sign_algorithm algorithm;
	char digest[SIGN_HMAC_SIZE];
	char timestamp[ENVELOPE_TIMESTAMP_MAX + 1];
	char mid[ENVELOPE_MID_MAX + 1];
	struct buf profile;
};

static bool md5_matches(const struct mqtt_registration *one, struct str secret,
                        struct str timestamp)
{
	char expected[SIGN_MD5_SIZE];

	return sign_make_md5(str_of(one->registration.did), secret, timestamp, expected) ==
	               ERR_OK &&
	       sign_digest_equal(str_of(one->digest), str_of(expected));
}

static bool matches(struct registration *registration, struct str secret)
{
	struct mqtt_registration *one =
		CONTAINER_OF(registration, struct mqtt_registration, registration);
	char expected[SIGN_HMAC_SIZE];

	if (one->algorithm == SIGN_HMAC_SHA256)
		return sign_make_hmac(str_of(registration->did), secret, str_of(one->timestamp),
		                      expected) == ERR_OK &&
		       sign_digest_equal(str_of(one->digest), str_of(expected));
	if (registration->sign_kind == SIGN_TIMESTAMP &&
	    md5_matches(one, secret, str_of(one->timestamp)))
		return true;
	/* A timestamp may stand in the message without being part of a static sign. */
	registration->sign_kind = SIGN_STATIC;
	registration->timestamp_ms = 0;
	return md5_matches(one, secret, (struct str){ 0 });
}

static void answer(struct mqtt_session *session, const struct mqtt_registration *one, enum err err)
{
	const struct registration *registration = &one->registration;
	struct buf *text = &session->home->text;
	struct str did = str_of(registration->did), mid = str_of(one->mid);

	if (err == ERR_OK)
		envelope_write_register_answer(text, did, mid, str_of(registration->id),
		                               registration->expires_s,
		                               str_of(registration->token));
	else
		envelope_write_register_refusal(
			text, did, mid, registration->why.code ? registration->why.code : 50000,
			str_of(registration->why.text[0] ? registration->why.text
		                                         : "try again later"));
	if (buf_err(text) == ERR_OK)
		(void)mqtt_session_publish(session, did, buf_str(text));
	buf_clear(text);
}

static void free_registration(struct mqtt_registration *one)
{
	buf_done(&one->profile);
	free(one);
}

static void on_done(struct registration *registration, enum err err)
{
	struct mqtt_registration *one =
		CONTAINER_OF(registration, struct mqtt_registration, registration);
	struct mqtt_session *session = one->session;

	if (!session) {
		link_close(registration->link, "connection closed");
		free_registration(one);
		return;
	}
	list_remove(&one->node);
	session->registration_count--;
	if (err == ERR_OK && !registration->is_child) {
		if (session->link && session->link != registration->link) {
			/* That one is ending already, and children under way point to it. */
			mqtt_cancel_registrations(session);
			link_close(session->link, "registered anew");
		}
		session->link = registration->link;
		mqtt_session_watch(session);
	}
	if (err == ERR_OK && !registration->is_renewal)
		log_debug("device.registered", "did=%s address=%s epoch=%" PRId64,
		          registration->did, registration->address, registration->epoch);
	else if (err != ERR_OK)
		log_info("device.refused", "did=%s address=%s code=%d", registration->did,
		         registration->address, registration->why.code);
	answer(session, one, err);
	free_registration(one);
	/* Guessing costs a connection each time; a gateway's children may be refused for ever. */
	if (err != ERR_OK && !session->link && ++session->refused_count >= MQTT_REFUSED_MAX)
		mqtt_session_close(session, MQTT_REASON_NOT_AUTHORIZED, "refused again and again");
}

/* 10 digits are seconds, 13 milliseconds (handling C-52). */
static enum err read_timestamp(struct registration *registration, struct str text)
{
	uint64_t stamp = 0;

	if ((text.size != 10 && text.size != 13) ||
	    str_to_u64(text, UINT64_MAX / 1000, &stamp) != ERR_OK)
		return ERR_INVALID;
	registration->is_whole_second = text.size == 10;
	registration->timestamp_ms = (int64_t)(text.size == 10 ? stamp * 1000 : stamp);
	return ERR_OK;
}

static enum err read_sign(struct mqtt_registration *one, const struct envelope *envelope)
{
	struct registration *registration = &one->registration;
	struct str digest;

	if (!envelope->sign.size) {
		registration->sign_kind = SIGN_NONE;
		return ERR_OK;
	}
	if (sign_split(envelope->sign, &digest, &one->algorithm) != ERR_OK ||
	    str_copy(digest, one->digest, sizeof one->digest) != ERR_OK ||
	    str_copy(envelope->timestamp_text, one->timestamp, sizeof one->timestamp) != ERR_OK)
		return ERR_INVALID;
	if (one->algorithm == SIGN_HMAC_SHA256) {
		registration->sign_kind = SIGN_HMAC;
		return read_timestamp(registration, envelope->timestamp_text);
	}
	registration->sign_kind = SIGN_STATIC;
	if (read_timestamp(registration, envelope->timestamp_text) == ERR_OK)
		registration->sign_kind = SIGN_TIMESTAMP;
	return ERR_OK;
}

void mqtt_register(struct mqtt_session *session, const struct envelope *envelope)
{
	/* A will registers nobody: its connection is gone. */
	if (session->state == MQTT_ENDING ||
	    session->registration_count >= MQTT_REGISTRATIONS_MAX) {
		metric_count(METRIC_device_refused_total);
		return;
	}
	struct mqtt_registration *one = calloc(1, sizeof *one);
	if (!one)
		return;
	struct registration *registration = &one->registration;
	buf_init(&one->profile, DEVICE_PROFILE_MAX);
	if (envelope->data && json_object_size(envelope->data) &&
	    json_write(envelope->data, &one->profile) == ERR_OK)
		registration->profile = buf_str(&one->profile);
	registration->matches = matches;
	registration->ops = &mqtt_link_ops;
	registration->owner = session;
	registration->done = on_done;
	if (!str_equal(envelope->did, str_of(session->did)))
		registration->gateway = session->link;
	one->session = session;
	(void)str_copy(envelope->did, registration->did, sizeof registration->did);
	(void)str_copy(envelope->mid, one->mid, sizeof one->mid);
	conn_peer(session->conn, registration->address);
	conn_local(session->conn, registration->reached_at);
	session->registration_count++;
	list_add(&session->registrations, &one->node);
	if (read_sign(one, envelope) != ERR_OK) {
		/* No secret can fit it: the answer is the one for a wrong sign. */
		registration->sign_kind = SIGN_STATIC;
		one->digest[0] = '\0';
	}
	registration_start(session->home->endpoint->devices, registration);
}

void mqtt_cancel_registrations(struct mqtt_session *session)
{
	list_each (node, &session->registrations) {
		struct mqtt_registration *one = CONTAINER_OF(node, struct mqtt_registration, node);
		list_remove(&one->node);
		one->session = NULL;
		registration_cancel(&one->registration);
	}
	session->registration_count = 0;
}

static enum err sign_message(const struct link_message *message, struct str timestamp, char *out)
{
	char tail[ENVELOPE_MID_MAX + ENVELOPE_TIMESTAMP_MAX];

	switch (message->serve_sign) {
	case SERVE_SIGN_NONE: out[0] = '\0'; return ERR_OK;
	case SERVE_SIGN_HMAC:
		return sign_make_action(message->did, message->secret, message->mid, timestamp,
		                        message->data, out);
	case SERVE_SIGN_MD5:
		/* md5(did:secret:mid:timestamp): the registration's form with a longer end. */
		(void)snprintf(tail, sizeof tail, "%.*s:%.*s", STR_ARG(message->mid),
		               STR_ARG(timestamp));
		return sign_make_md5(message->did, message->secret, str_of(tail), out);
	}
	return ERR_INTERNAL;
}

static enum err send_command(void *owner, const struct link_message *message)
{
	struct mqtt_session *session = owner;
	struct buf *text = &session->home->text;
	char sign[SIGN_HMAC_SIZE], stamp[24];

	(void)snprintf(stamp, sizeof stamp, "%" PRId64, message->timestamp_ms);
	enum err err = sign_message(message, str_of(stamp), sign);
	if (err != ERR_OK)
		return err;
	envelope_write_action(text, message->did, message->mid, message->token,
	                      message->timestamp_ms, message->data, str_of(sign));
	err = buf_err(text);
	if (err == ERR_OK)
		err = mqtt_session_publish(session, message->did, buf_str(text));
	buf_clear(text);
	return err;
}

static void on_link_ended(void *owner, struct link *link, const char *reason)
{
	struct mqtt_session *session = owner;

	if (session->link != link)
		return; /* a child's: its gateway's connection lives on */
	session->link = NULL;
	/* Children under way point to the link, which is freed after this; mqtt_session_close()
	 * does nothing for a session that is ending already. */
	mqtt_cancel_registrations(session);
	log_debug("device.ended", "did=%s reason=\"%s\"", session->did, reason);
	mqtt_session_close(session,
	                   str_equal(str_of(reason), STR(LINK_TAKEN_OVER))
	                           ? MQTT_REASON_TAKEN_OVER
	                           : MQTT_REASON_ADMINISTRATIVE,
	                   reason);
}

const struct link_ops mqtt_link_ops = { .send = send_command, .ended = on_link_ended };
