/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/commands/commands.h"
#include "ctl/save.h"

enum exit_code export_file(struct ctl *ctl)
{
	const struct api_request request = { .method = "GET",
		                             .path = STR("/v2/devices:export"),
		                             .accept = "text/csv" };

	return ctl_save(ctl, &request, ctl_word(ctl, 0));
}
