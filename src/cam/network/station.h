/* SPDX-License-Identifier: Apache-2.0 */
/*
 * station.h — one link and the devices behind it: a camera alone, or a gateway and its children.
 *
 * The gateway registers first; its children follow when the server has taken it.
 *
 * Threads  the loop's own.
 */
#ifndef VIGIL_CAM_STATION_H
#define VIGIL_CAM_STATION_H

#include "base/map.h"
#include "base/mem.h"
#include "cam/network/device.h"

struct station;

/* `server` and `tls` are borrowed; `children` 0 makes a camera, or a gateway without any. Names of
 * children are the did with four or more digits behind it. */
struct station_setup {
	const struct device_setup *device;
	const char *server;
	struct tls *tls;
	const char *did;
	const char *secret; /* with "%s" for the did */
	bool is_gateway;
	unsigned children;
};
enum err station_new(const struct station_setup *setup, struct station **out, struct why *why);
void station_start(struct station *station, int64_t delay_ms);
void station_stop(struct station *station);
void station_free(struct station *station);
AUTO_DEFINE(station)

unsigned station_registered_count(const struct station *station);

/* The did number `index` (from 1) of `count` that share a first part; ERR_TOO_LARGE. */
enum err station_did(const char *first, unsigned index, unsigned count,
                     char out[CAMERA_DID_MAX + 1]);

#endif
