/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/network/device.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cam/network/device_private.h"
#include "cam/network/fault.h"
#include "cam/network/jitter.h"

#define EXPIRES_S_MIN 10
#define EXPIRES_S_MAX (30 * 24 * 3600)

struct late_answer {
	struct list_node node;
	struct timer timer;
	struct device *device;
	struct buf payload;
};

enum err device_new(const struct device_setup *setup, struct link *link, const char *did,
                    const char *secret, const char *gateway, bool is_gateway, struct device **out,
                    struct why *why)
{
	AUTO(device) device = calloc(1, sizeof *device);

	if (!device)
		return ERR_NO_MEMORY;
	list_init(&device->late);
	device->setup = setup;
	device->link = link;
	device->is_gateway = is_gateway;
	if (str_copy(str_of(secret), device->secret, sizeof device->secret) != ERR_OK)
		return why_set(why, ERR_TOO_LARGE, "a secret has at most %d bytes",
		               SIGN_SECRET_MAX);
	enum err err = camera_new(did, setup->state, &device->camera, why);
	if (err == ERR_OK && gateway)
		err = str_copy(str_of(gateway), device->gateway, sizeof device->gateway);
	if (err != ERR_OK)
		return err;
	(void)snprintf(device->topic_in, sizeof device->topic_in, "actions/%s", did);
	(void)snprintf(device->topic_out, sizeof device->topic_out, "messages/%s", did);
	device_media_init(device);
	*out = TAKE(device);
	return ERR_OK;
}

void device_free(struct device *device)
{
	if (!device)
		return;
	camera_free(device->camera);
	mem_wipe(device->secret, sizeof device->secret);
	mem_wipe(device->token, sizeof device->token);
	free(device);
}

const char *device_did(const struct device *device)
{
	return device->camera->did;
}

bool device_is_registered(const struct device *device)
{
	return device->state == DEVICE_REGISTERED;
}

bool device_has_begun(const struct device *device)
{
	return device->state != DEVICE_OFF;
}

void device_watch(struct device *device, void (*fn)(void *owner), void *owner)
{
	device->on_registered = fn;
	device->watcher = owner;
}

static enum err publish(struct device *device, const struct buf *payload)
{
	if (buf_err(payload) != ERR_OK)
		return buf_err(payload);
	return link_publish(device->link, str_of(device->topic_out), buf_str(payload));
}

/* --- registration -------------------------------------------------------------------------- */

static enum err make_sign(struct device *device, int64_t stamp_ms, char *out, size_t room)
{
	struct str did = str_of(device->camera->did), secret = str_of(device->secret);
	char stamp[24], digest[SIGN_HMAC_SIZE];
	enum err err = ERR_OK;

	(void)snprintf(stamp, sizeof stamp, "%" PRId64, stamp_ms);
	switch (device->setup->sign) {
	case DEVICE_SIGN_STATIC: err = sign_make_md5(did, secret, STR(""), digest); break;
	case DEVICE_SIGN_MD5: err = sign_make_md5(did, secret, str_of(stamp), digest); break;
	case DEVICE_SIGN_HMAC: err = sign_make_hmac(did, secret, str_of(stamp), digest); break;
	}
	(void)snprintf(out, room, "%s%s", digest,
	               device->setup->sign == DEVICE_SIGN_HMAC ? SIGN_SUFFIX_HMAC
	                                                       : SIGN_SUFFIX_MD5);
	return err;
}

static enum err add_description(const struct device *device, struct buf *out)
{
	AUTO_JSON description =
		json_pack("{s:s, s:s, s:s, s:b}", "model", "vigil-cam", "firmware", "0.1.0", "kind",
	                  device->is_gateway ? "gateway" : "camera", "ptz", !device->is_gateway);

	if (!description)
		return ERR_NO_MEMORY;
	if (device->gateway[0])
		(void)json_object_set_new(description, "gateway", json_string(device->gateway));
	return json_write(description, out);
}

static void on_register_due(struct timer *timer);

static void on_register_late(struct timer *timer)
{
	struct device *device = CONTAINER_OF(timer, struct device, register_timer);

	link_restart(device->link, "no answer to a registration");
}

static void send_register(struct device *device)
{
	bool is_static = device->setup->sign == DEVICE_SIGN_STATIC;
	int64_t stamp_ms = clock_now_ms();
	char sign[SIGN_HMAC_SIZE + sizeof SIGN_SUFFIX_HMAC];
	AUTO_BUF description = { 0 }, payload = { 0 };

	buf_init(&description, 1024);
	buf_init(&payload, 4096);
	if (stamp_ms <= device->last_stamp_ms)
		stamp_ms = device->last_stamp_ms + 1;
	device->last_stamp_ms = stamp_ms;
	enum err err = make_sign(device, stamp_ms, sign, sizeof sign);
	if (err == ERR_OK)
		err = add_description(device, &description);
	if (err == ERR_OK) {
		envelope_write_register(&payload, str_of(device->camera->did), str_of(sign),
		                        is_static ? 0 : stamp_ms, buf_str(&description));
		err = publish(device, &payload);
	}
	if (err != ERR_OK)
		log_warn("device.register_unsent", "did=%s err=%s", device->camera->did,
		         err_text(err));
	loop_timer_start(device->setup->loop, &device->register_timer, DEVICE_REGISTER_MS,
	                 on_register_late);
}

static void on_register_due(struct timer *timer)
{
	send_register(CONTAINER_OF(timer, struct device, register_timer));
}

void device_begin(struct device *device)
{
	device->state = DEVICE_SUBSCRIBING;
	device->subscribe_id = link_subscribe(device->link, str_of(device->topic_in));
	loop_timer_start(device->setup->loop, &device->register_timer, DEVICE_REGISTER_MS,
	                 on_register_late);
}

void device_on_subscribed(struct device *device, uint16_t packet_id, bool is_accepted)
{
	if (device->state != DEVICE_SUBSCRIBING || packet_id != device->subscribe_id)
		return;
	/* A server may take the subscription only with the registration: that decides. */
	if (!is_accepted)
		log_warn("device.subscription_refused", "did=%s", device->camera->did);
	device->state = DEVICE_REGISTERING;
	send_register(device);
}

void device_end(struct device *device)
{
	loop_timer_stop(device->setup->loop, &device->register_timer);
	device->state = DEVICE_OFF;
}

static void on_refused(struct device *device, const json_t *result)
{
	int64_t wait_ms = device->refused_ms * 2;

	if (wait_ms < DEVICE_REFUSED_MS_MIN)
		wait_ms = DEVICE_REFUSED_MS_MIN;
	device->refused_ms = wait_ms < DEVICE_REFUSED_MS_MAX ? wait_ms : DEVICE_REFUSED_MS_MAX;
	log_warn("device.refused", "did=%s code=%" PRId64 " error=%.100s", device->camera->did,
	         json_member_i64(result, "code", 0), json_member_str(result, "error").at);
	loop_timer_start(device->setup->loop, &device->register_timer,
	                 jitter_ms(device->refused_ms), on_register_due);
}

static void on_register_answer(struct device *device, const json_t *result)
{
	struct str token = json_member_str(result, "token");
	int64_t expires_s = json_member_i64(result, "expires", 0);
	bool is_renewal = device->state == DEVICE_REGISTERED;

	if (device->state != DEVICE_REGISTERING && !is_renewal)
		return;
	if (token.size == 0 || str_copy(token, device->token, sizeof device->token) != ERR_OK) {
		on_refused(device, result);
		return;
	}
	if (expires_s < EXPIRES_S_MIN)
		expires_s = EXPIRES_S_MIN;
	if (expires_s > EXPIRES_S_MAX)
		expires_s = EXPIRES_S_MAX;
	device->state = DEVICE_REGISTERED;
	device->refused_ms = 0;
	/* Between 40 and 80 % of its time: no two devices together, and time for a second try. */
	loop_timer_start(device->setup->loop, &device->register_timer, jitter_ms(expires_s * 800),
	                 on_register_due);
	log_info(is_renewal ? "device.renewed" : "device.registered", "did=%s expires_s=%" PRId64,
	         device->camera->did, expires_s);
	if (!is_renewal)
		device_expect_motion(device);
	if (device->on_registered)
		device->on_registered(device->watcher);
}

/* --- answers ------------------------------------------------------------------------------- */

static void late_free(struct late_answer *late)
{
	list_remove(&late->node);
	late->device->late_count--;
	buf_done(&late->payload);
	free(late);
}

static void on_late_due(struct timer *timer)
{
	struct late_answer *late = CONTAINER_OF(timer, struct late_answer, timer);

	(void)publish(late->device, &late->payload); /* the link may be down meanwhile */
	late_free(late);
}

/* Takes what *payload holds. */
static void send_late(struct device *device, struct buf *payload)
{
	struct late_answer *late = NULL;

	if (device->late_count < DEVICE_LATE_MAX)
		late = calloc(1, sizeof *late);
	if (!late)
		return;
	late->device = device;
	late->payload = *payload;
	buf_init(payload, 0);
	list_add(&device->late, &late->node);
	device->late_count++;
	loop_timer_start(device->setup->loop, &late->timer, FAULT_LATE_MS, on_late_due);
}

void device_answer(struct device *device, struct str mid, const json_t *answer)
{
	unsigned faults = device->setup->faults;
	char did[CAMERA_DID_MAX + 2];
	AUTO_BUF result = { 0 }, payload = { 0 };

	buf_init(&result, ENVELOPE_SIZE_MAX);
	buf_init(&payload, ENVELOPE_SIZE_MAX);
	(void)snprintf(did, sizeof did, "%s%s", device->camera->did,
	               faults & FAULT_WRONG_DID ? "x" : "");
	enum err err = answer ? json_write(answer, &result) : ERR_NO_MEMORY;
	if (err == ERR_OK) {
		envelope_write_result(&payload, str_of(did), mid, buf_str(&result));
		err = buf_err(&payload);
	}
	if (faults & FAULT_NO_ANSWER)
		return;
	if (err == ERR_OK && faults & FAULT_LATE_ANSWER)
		send_late(device, &payload);
	else if (err == ERR_OK)
		err = publish(device, &payload);
	if (err != ERR_OK)
		log_warn("device.answer_unsent", "did=%s err=%s", device->camera->did,
		         err_text(err));
}

void device_publish_event(struct device *device, const json_t *details)
{
	AUTO_BUF text = { 0 }, payload = { 0 };

	buf_init(&text, 4096);
	buf_init(&payload, 8192);
	if (!device_is_registered(device) || !details || json_write(details, &text) != ERR_OK)
		return;
	envelope_write_event(&payload, str_of(device->camera->did), clock_now_ms(), buf_str(&text));
	(void)publish(device, &payload); /* an event that cannot be sent now is old later */
}

/* --- messages ------------------------------------------------------------------------------ */

/* A delivery may be repeated (QoS 1); the answer to it was sent already. */
static bool is_repeated(struct device *device, struct str mid)
{
	for (size_t i = 0; i < DEVICE_MIDS; i++)
		if (str_equal(str_of(device->mids[i]), mid))
			return true;
	(void)!str_copy(mid, device->mids[device->next_mid], sizeof device->mids[0]);
	device->next_mid = (device->next_mid + 1) % DEVICE_MIDS;
	return false;
}

static bool is_from_server(const struct device *device, const struct envelope *envelope)
{
	char expected[SIGN_HMAC_SIZE];

	if (envelope->sign.size == 0)
		return !device->setup->is_sign_required;
	return sign_make_action(str_of(device->camera->did), str_of(device->secret), envelope->mid,
	                        envelope->timestamp_text, envelope->data_text,
	                        expected) == ERR_OK &&
	       sign_digest_equal(envelope->sign, str_of(expected));
}

void device_on_message(struct device *device, struct str payload)
{
	AUTO_ENVELOPE envelope = { 0 };
	struct why why = { 0 };

	if (envelope_read(payload, &envelope, &why) != ERR_OK) {
		log_warn("device.message_unread", "did=%s why=%s", device->camera->did, why.text);
		return;
	}
	if (!str_equal(envelope.did, str_of(device->camera->did)))
		return;
	if (envelope.type == ENVELOPE_REGISTER && envelope.result) {
		on_register_answer(device, envelope.result);
		return;
	}
	if (envelope.type != ENVELOPE_ACTION || !envelope.data || envelope.mid.size == 0)
		return;
	if (!is_from_server(device, &envelope)) {
		log_warn("device.sign_wrong", "did=%s", device->camera->did);
		return;
	}
	if (!is_repeated(device, envelope.mid))
		device_obey(device, &envelope);
}

void device_stop(struct device *device)
{
	device_end(device);
	device_media_stop(device);
	list_each (node, &device->late) {
		struct late_answer *late = CONTAINER_OF(node, struct late_answer, node);
		loop_timer_stop(device->setup->loop, &late->timer);
		late_free(late);
	}
}
