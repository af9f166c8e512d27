/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/vigild_settings.h"

#include "programs/version.h"

#define SETTINGS_DEF    "programs/vigild_settings.def"
#define SETTINGS_STRUCT struct vigild_settings

static const struct setting rows[] = {
#include "programs/settings_rows.def"
};

const struct settings_table vigild_settings_table = {
	.program = "vigild",
	.summary = "the cloud for cameras: devices, live, storage, API and console",
	.version = VIGIL_VERSION,
	.prefix = "VIGIL_",
	.rows = rows,
	.row_count = COUNT_OF(rows),
};

enum err vigild_settings_read(int argc, char *const *argv, char *const *environment,
                              struct vigild_settings *out, struct why *why)
{
	enum err err = settings_read(&vigild_settings_table, argc, argv, environment, out, why);

	if (err != ERR_OK)
		return err;
	if (out->data[0] == '\0')
		return why_set(why, ERR_INVALID,
		               "--data: is missing; name the folder that holds everything");
	if ((out->tls_cert[0] == '\0') != (out->tls_key[0] == '\0'))
		return why_set(why, ERR_INVALID,
		               "--tls-cert and --tls-key: one is missing; they come together");
	return ERR_OK;
}

void vigild_settings_done(struct vigild_settings *settings)
{
	if (settings)
		settings_done(&vigild_settings_table, settings);
}
