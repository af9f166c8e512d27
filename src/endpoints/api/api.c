/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes: who may do what, and who does it. */
#include "endpoints/api/api.h"

#include <stdlib.h>

#include "endpoints/api/api_private.h"

#define IMPORT_BODY_MAX (8 * 1024 * 1024)

#define DEVICES "/v2/devices"
#define DEVICE  "/v2/devices/{did}"

/* clang-format off */
const struct route api_routes[] = {
	{ "GET",    DEVICES,                      RIGHT_READ,     0, device_list_get, 0 },
	{ "POST",   DEVICES,                      RIGHT_MANAGE,   API_BODY_MAX, device_post, 0 },
	{ "POST",   DEVICES ":import",            RIGHT_MANAGE,   IMPORT_BODY_MAX, device_import_post, 0 },
	{ "GET",    DEVICES ":export",            RIGHT_READ,     0, device_export_get, 0 },
	{ "GET",    DEVICE,                       RIGHT_READ,     0, device_get, 0 },
	{ "PATCH",  DEVICE,                       RIGHT_MANAGE,   API_BODY_MAX, device_patch, 0 },
	{ "DELETE", DEVICE,                       RIGHT_MANAGE,   0, device_delete, 0 },
	{ "POST",   DEVICE "/secret",             RIGHT_MANAGE,   API_BODY_MAX, device_secret_post, 0 },
	{ "POST",   DEVICE "/children",           RIGHT_MANAGE,   API_BODY_MAX, device_child_post, 0 },
	{ "DELETE", DEVICE "/children/{child}",   RIGHT_MANAGE,   0, device_child_delete, 0 },
	{ "POST",   DEVICE "/actions",            RIGHT_OPERATE,  API_BODY_MAX, action_post, 0 },
	{ "POST",   DEVICE "/view-tokens",        RIGHT_OPERATE,  API_BODY_MAX, view_token_post, 0 },
	{ "POST",   DEVICE "/push-tokens",        RIGHT_MANAGE,   API_BODY_MAX, push_token_post, 0 },
	{ "GET",    "/v2/actions",                RIGHT_READ,     0, action_table_get, 0 },
	{ "POST",   "/v2/session",                RIGHT_OPEN,     API_BODY_MAX, session_post, 0 },
	{ "GET",    "/v2/session",                RIGHT_VIEW,     0, session_get, 0 },
	{ "DELETE", "/v2/session",                RIGHT_OPEN,     0, session_delete, 0 },
	{ "POST",   "/v2/sign-in-links",          RIGHT_PLATFORM, API_BODY_MAX, sign_in_link_post, 0 },
	{ "GET",    "/v2/events",                 RIGHT_READ,     0, event_get, 0 },
	{ "POST",   "/v2/events",                 RIGHT_OPERATE,  API_BODY_MAX, event_post_one, 0 },
	{ "GET",    "/healthz",                   RIGHT_OPEN,     0, health_get, 0 },
	{ "GET",    "/readyz",                    RIGHT_OPEN,     0, ready_get, 0 },
	{ "GET",    "/metrics",                   RIGHT_OPEN,     0, metrics_get, 0 },
};
/* clang-format on */
const size_t api_route_count = COUNT_OF(api_routes);

enum err api_new(const struct api_setup *setup, struct api **out)
{
	AUTO(api) api = calloc(1, sizeof *api);

	if (!api)
		return ERR_NO_MEMORY;
	api->setup = *setup;
	enum err err = once_new(&api->once);
	if (err == ERR_OK)
		*out = TAKE(api);
	return err;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	once_free(api->once);
	free(api);
}
