/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/network/station.h"

#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"
#include "proto/envelope/envelope.h"
#include "proto/envelope/sign.h"

#define WILL_MAX   512
#define DIGITS_MIN 4

struct station {
	struct link link;
	struct map by_did;
	struct device **devices; /* the first is the link's own */
	size_t count;
	char will_topic[CAMERA_DID_MAX + 16];
	struct buf will;
};

enum err station_did(const char *first, unsigned index, unsigned count,
                     char out[CAMERA_DID_MAX + 1])
{
	char most[16];
	int digits = snprintf(most, sizeof most, "%u", count);
	int size = snprintf(out, CAMERA_DID_MAX + 1, "%s%0*u", first,
	                    digits > DIGITS_MIN ? digits : DIGITS_MIN, index);

	return size < 0 || size > CAMERA_DID_MAX ? ERR_TOO_LARGE : ERR_OK;
}

/* --- the link's events --------------------------------------------------------------------- */

static void on_up(void *owner)
{
	struct station *station = owner;

	device_begin(station->devices[0]);
}

static void on_gateway_registered(void *owner)
{
	struct station *station = owner;

	for (size_t i = 1; i < station->count; i++)
		if (!device_has_begun(station->devices[i]))
			device_begin(station->devices[i]);
}

static void on_message(void *owner, struct str topic, struct str payload)
{
	struct station *station = owner;
	struct device *device =
		map_get(&station->by_did, str_from(topic, str_index(topic, '/') + 1));

	if (device && str_starts(topic, STR("actions/")))
		device_on_message(device, payload);
}

static void on_subscribed(void *owner, uint16_t packet_id, bool is_accepted)
{
	struct station *station = owner;

	for (size_t i = 0; i < station->count; i++)
		device_on_subscribed(station->devices[i], packet_id, is_accepted);
}

static void on_down(void *owner, const char *reason)
{
	struct station *station = owner;

	log_info("link.down", "did=%s why=%s", device_did(station->devices[0]), reason);
	for (size_t i = 0; i < station->count; i++)
		device_end(station->devices[i]);
}

static const struct link_events link_events = {
	.on_up = on_up, .on_message = on_message, .on_subscribed = on_subscribed, .on_down = on_down
};

/* --- building ------------------------------------------------------------------------------ */

static enum err make_secret(const char *pattern, const char *did, struct buf *out)
{
	const char *mark = strstr(pattern, "%s");

	if (!mark) {
		buf_add_text(out, pattern);
	} else {
		buf_add(out, pattern, (size_t)(mark - pattern));
		buf_add_text(out, did);
		buf_add_text(out, mark + 2);
	}
	buf_add_u8(out, 0);
	return buf_err(out);
}

static enum err add_device(struct station *station, const struct station_setup *setup,
                           const char *did, bool is_child, struct why *why)
{
	struct device *device = NULL;
	AUTO_BUF secret = { 0 };

	buf_init(&secret, SIGN_SECRET_MAX + 1);
	if (make_secret(setup->secret, did, &secret) != ERR_OK)
		return why_set(why, ERR_TOO_LARGE, "a secret has at most %d bytes",
		               SIGN_SECRET_MAX);
	enum err err = device_new(setup->device, &station->link, did, (const char *)secret.at,
	                          is_child ? setup->did : NULL, setup->is_gateway && !is_child,
	                          &device, why);
	mem_wipe(secret.at, secret.size);
	if (err != ERR_OK)
		return err;
	station->devices[station->count++] = device;
	return map_add(&station->by_did, str_of(device_did(device)), device);
}

static enum err add_all(struct station *station, const struct station_setup *setup, struct why *why)
{
	enum err err = add_device(station, setup, setup->did, false, why);
	char did[CAMERA_DID_MAX + 1];

	for (unsigned i = 1; err == ERR_OK && i <= setup->children; i++) {
		if (station_did(setup->did, i, setup->children, did) != ERR_OK)
			return why_set(why, ERR_TOO_LARGE, "the children's dids are too long");
		err = add_device(station, setup, did, true, why);
	}
	return err;
}

enum err station_new(const struct station_setup *setup, struct station **out, struct why *why)
{
	AUTO(station) station = calloc(1, sizeof *station);
	uint8_t seed[16];

	if (!station)
		return ERR_NO_MEMORY;
	id_random(seed, sizeof seed);
	map_init(&station->by_did, seed);
	buf_init(&station->will, WILL_MAX);
	station->devices = calloc(1 + (size_t)setup->children, sizeof *station->devices);
	if (!station->devices)
		return ERR_NO_MEMORY;
	enum err err = add_all(station, setup, why);
	if (err != ERR_OK)
		return err;
	if (setup->is_gateway)
		device_watch(station->devices[0], on_gateway_registered, station);
	(void)snprintf(station->will_topic, sizeof station->will_topic, "messages/%s",
	               device_did(station->devices[0]));
	envelope_write_event(&station->will, str_of(device_did(station->devices[0])), 0,
	                     STR("{\"name\":\"offline\"}"));
	station->link = (struct link){ .loop = setup->device->loop,
		                       .policy = setup->device->policy,
		                       .tls = setup->tls,
		                       .server = setup->server,
		                       .client_id = device_did(station->devices[0]),
		                       .will_topic = str_of(station->will_topic),
		                       .will_payload = buf_str(&station->will),
		                       .events = &link_events,
		                       .owner = station };
	*out = TAKE(station);
	return ERR_OK;
}

void station_start(struct station *station, int64_t delay_ms)
{
	link_start(&station->link, delay_ms);
}

void station_stop(struct station *station)
{
	for (size_t i = 0; i < station->count; i++)
		device_stop(station->devices[i]);
	link_stop(&station->link);
}

void station_free(struct station *station)
{
	if (!station)
		return;
	for (size_t i = 0; i < station->count; i++)
		device_free(station->devices[i]);
	free(station->devices);
	map_done(&station->by_did);
	buf_done(&station->will);
	free(station);
}

unsigned station_registered_count(const struct station *station)
{
	unsigned registered = 0;

	for (size_t i = 0; i < station->count; i++)
		registered += device_is_registered(station->devices[i]);
	return registered;
}
