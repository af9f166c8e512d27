/* SPDX-License-Identifier: Apache-2.0 */
/*
 * save.h — an answer's bytes into a file, which appears whole or not at all.
 */
#ifndef VIGIL_CTL_SAVE_H
#define VIGIL_CTL_SAVE_H

#include "ctl/ctl.h"

/* Makes the call and keeps what comes. `path` NULL or "-": standard output. */
enum exit_code ctl_save(struct ctl *ctl, const struct api_request *request, const char *path);

#endif
