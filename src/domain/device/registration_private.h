/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registration_private.h — one registration over three files: asked and probed (registration.c),
 * checked (registration_check.c), written (registration_row.c).
 */
#ifndef VIGIL_DOMAIN_REGISTRATION_PRIVATE_H
#define VIGIL_DOMAIN_REGISTRATION_PRIVATE_H

#include "domain/device/device_private.h"

/* Fills `why` with the reason, its words and the code a device is told; gives `err` back. */
enum err registration_refuse(struct registration *registration, enum err err, enum reason reason);
/* Tells the owner; the registration is over. */
void registration_finish(struct registration *registration, enum err err);

/* ERR_OK, or refused. The last two under the lock. */
enum err registration_check_policy(struct registration *registration);
enum err registration_check_sign(struct registration *registration);
enum err registration_check_timestamp(struct registration *registration, struct device *device);
enum err registration_check_gateway(struct registration *registration, const struct device *device);

/* Under the lock: this connection registers what it holds already. */
bool registration_is_same_link(const struct registration *registration,
                               const struct device *device);

/* The job of a registration that may be: its work, and what follows the commit. */
enum err registration_write(struct db_tx *tx, struct db_job *job);
void registration_on_written(struct db_job *job, enum err err);

#endif
