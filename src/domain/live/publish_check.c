/* SPDX-License-Identifier: Apache-2.0 */
/* Who may push what. */
#include "base/clock.h"
#include "domain/device/registration.h"
#include "domain/identity/grant.h"
#include "domain/live/live_private.h"

enum err publish_check(struct live *live, struct tokens *tokens, struct str key, struct str token)
{
	struct actor actor;
	struct device_view view;
	struct stream_key what;

	if (!token.size || token.size > TOKEN_TEXT_MAX || stream_key_read(key, &what) != ERR_OK)
		return ERR_DENIED;
	struct str did = str_of(what.did);
	if (device_view(live->setup.devices, (struct str){ 0 }, did, &view) != ERR_OK)
		return ERR_DENIED;
	bool is_disabled = view.facts->is_disabled;
	device_view_done(&view);
	if (is_disabled)
		return ERR_DENIED;
	struct str resource = what.is_replay ? key : STR("play");
	if (grant_check(live->setup.keys, did, resource, token, clock_now_ms()) == ERR_OK ||
	    registration_token_check(live->setup.devices, did, token) == ERR_OK)
		return ERR_OK;
	if (token_find(tokens, token, &actor) == ERR_OK && (actor.rights & RIGHT_PUSH) &&
	    str_equal(str_of(actor.did), did))
		return ERR_OK;
	return ERR_DENIED;
}
