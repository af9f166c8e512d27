/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alarm.h — whether the settings let an alarm through at a time. Pure.
 *
 * The camera's zone is UTC. A period whose start is after its end goes past midnight, and belongs
 * to the day it began on.
 */
#ifndef VIGIL_CAM_ALARM_H
#define VIGIL_CAM_ALARM_H

#include <stdbool.h>

#include "cam/memory/config.h"

bool alarm_is_on(const struct config *config, int64_t now_ms);

#endif
