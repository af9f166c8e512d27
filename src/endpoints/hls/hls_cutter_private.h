/* SPDX-License-Identifier: Apache-2.0 */
/* hls_cutter_private.h — what reading tags and cutting share. */
#ifndef VIGIL_ENDPOINTS_HLS_CUTTER_PRIVATE_H
#define VIGIL_ENDPOINTS_HLS_CUTTER_PRIVATE_H

#include "endpoints/hls/hls_cutter.h"

/* A sample of the track that leads: video if there is any, else sound. */
enum err hls_cutter_add_leading(struct hls_cutter *cutter, uint32_t stamp, struct bytes sample,
                                int32_t composition_ms, bool is_key, int64_t now_ms,
                                struct why *why);
/* A sample of sound beside video; kept until the part it belongs to is cut. */
void hls_cutter_add_sound(struct hls_cutter *cutter, uint32_t stamp, struct bytes sample);
/* The tracks are not what they were. */
void hls_cutter_reconfigure(struct hls_cutter *cutter);
/* The video stays away, or is there again. */
void hls_cutter_darken(struct hls_cutter *cutter, bool is_dark);

#endif
