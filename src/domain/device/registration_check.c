/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a registration may be: its sign, its time, its gateway. */
#include <string.h>

#include "base/buf.h"
#include "domain/device/registration_private.h"

enum err registration_check_policy(struct registration *registration)
{
	static const unsigned allowed[] = {
		[SIGN_POLICY_TIMESTAMP] = 1u << SIGN_TIMESTAMP | 1u << SIGN_HMAC,
		[SIGN_POLICY_ANY] = 1u << SIGN_STATIC | 1u << SIGN_TIMESTAMP | 1u << SIGN_HMAC,
		[SIGN_POLICY_HMAC] = 1u << SIGN_HMAC,
	};

	if (registration->sign_kind == SIGN_NONE)
		return ERR_OK; /* registration_check_gateway() decides */
	if (!(allowed[registration->facts->sign_policy] & 1u << registration->sign_kind))
		return registration_refuse(registration, ERR_DENIED, REASON_SIGN_POLICY);
	return ERR_OK;
}

enum err registration_check_sign(struct registration *registration)
{
	AUTO_BUF secret = { 0 };

	if (registration->sign_kind == SIGN_NONE)
		return ERR_OK;
	buf_init(&secret, DEVICE_SECRET_SIZE + DIGEST_SEAL_EXTRA);
	enum err err = device_secret(registration->devices, registration->facts, &secret);
	if (err != ERR_OK)
		return err;
	bool is_right = registration->matches(registration, buf_str(&secret));
	mem_wipe(secret.at, secret.size);
	return is_right ? ERR_OK : registration_refuse(registration, ERR_DENIED, REASON_BAD_SIGN);
}

/* Under the lock. A stamp counts once, but for a whole second repeated at once from one host. */
enum err registration_check_timestamp(struct registration *registration, struct device *device)
{
	int64_t stamp_ms = registration->timestamp_ms, skew_ms = stamp_ms - registration->now_ms;

	if (registration->sign_kind != SIGN_TIMESTAMP && registration->sign_kind != SIGN_HMAC)
		return ERR_OK;
	if (skew_ms > REGISTRATION_WINDOW_MS || skew_ms < -REGISTRATION_WINDOW_MS)
		return registration_refuse(registration, ERR_DENIED, REASON_CLOCK_SKEW);
	bool is_repeat =
		registration->is_whole_second && stamp_ms == device->last_timestamp_ms &&
		registration->now_ms - device->last_accepted_ms <= REGISTRATION_REPEAT_MS &&
		str_equal(str_before_last(str_of(registration->address), ':'),
	                  str_before_last(str_of(device->presence.address), ':'));
	if (stamp_ms <= device->last_timestamp_ms && !is_repeat)
		return registration_refuse(registration, ERR_DENIED, REASON_REPLAYED_SIGN);
	return ERR_OK;
}

/* Under the lock. */
enum err registration_check_gateway(struct registration *registration, const struct device *device)
{
	const struct link *gateway = registration->gateway;
	const char *bound = device->facts->gateway;

	if (!gateway)
		return registration->sign_kind == SIGN_NONE
		               ? registration_refuse(registration, ERR_DENIED, REASON_BAD_SIGN)
		               : ERR_OK;
	bool is_bound_here = strcmp(bound, gateway->did) == 0;
	if (gateway->facts->kind != DEVICE_GATEWAY ||
	    strcmp(gateway->facts->organization, device->facts->organization) != 0 ||
	    (bound[0] && !is_bound_here) ||
	    (registration->sign_kind == SIGN_NONE && !is_bound_here))
		return registration_refuse(registration, ERR_DENIED, REASON_NOT_CHILD);
	if (device->link && !device->link->is_child)
		return registration_refuse(registration, ERR_CONFLICT, REASON_LINK_HELD);
	if (!map_get(&gateway->children, str_of(device->did)) &&
	    gateway->children.count >= LINK_CHILDREN_MAX)
		return registration_refuse(registration, ERR_BUSY, REASON_TOO_MANY);
	return ERR_OK;
}
