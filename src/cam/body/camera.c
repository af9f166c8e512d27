/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/body/camera.h"

#include "base/clock.h"

bool camera_is_did(struct str did)
{
	return did.size >= 1 && did.size <= CAMERA_DID_MAX && str_is_word(did, ":.-");
}

enum err camera_new(const char *did, const char *state, struct camera **out, struct why *why)
{
	if (!camera_is_did(str_of(did)))
		return why_set(why, ERR_INVALID, "a did is 1 to %d letters, digits, ':', '.', '-'",
		               CAMERA_DID_MAX);
	AUTO(camera) camera = calloc(1, sizeof *camera);
	if (!camera)
		return ERR_NO_MEMORY;
	ptz_init(&camera->ptz);
	enum err err = str_copy(str_of(did), camera->did, sizeof camera->did);
	if (err == ERR_OK)
		err = store_open(&camera->store, state, did, why);
	if (err == ERR_OK)
		err = presets_init(&camera->presets, &camera->store, why);
	if (err == ERR_OK)
		err = config_init(&camera->config, &camera->store, why);
	if (err == ERR_OK)
		err = card_init(&camera->card, &camera->store, why);
	if (err != ERR_OK)
		return err;
	camera_apply_cruise(camera, clock_now_ms());
	*out = TAKE(camera);
	return ERR_OK;
}

void camera_free(struct camera *camera)
{
	if (!camera)
		return;
	config_done(&camera->config);
	free(camera);
}

void camera_apply_cruise(struct camera *camera, int64_t now_ms)
{
	const json_t *cruise = config_get(&camera->config, "ptz.cruise");
	struct ptz_position stops[PTZ_CRUISE_MAX];
	size_t count = 0, i;
	json_t *index;

	json_array_foreach(json_object_get(cruise, "presets"), i,
	                   index) if (count < PTZ_CRUISE_MAX &&
	                              presets_find(&camera->presets, json_integer_value(index),
	                                           &stops[count]) == CODE_OK) count++;
	ptz_cruise(&camera->ptz, stops, count, json_member_i64(cruise, "dwell_s", 10) * 1000,
	           (int)json_member_i64(cruise, "speed", 1), now_ms);
}
