/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitter.h — waits that differ from device to device, so that many do not act at once.
 */
#ifndef VIGIL_CAM_JITTER_H
#define VIGIL_CAM_JITTER_H

#include <stdint.h>

/* Between half of `ms` and all of it. */
int64_t jitter_ms(int64_t ms);

#endif
