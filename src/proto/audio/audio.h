/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audio.h — what the configurations of AAC and Opus say of the sound.
 *
 * Memory   nothing is kept.
 * Errors   ERR_MALFORMED.
 */
#ifndef VIGIL_PROTO_AUDIO_AUDIO_H
#define VIGIL_PROTO_AUDIO_AUDIO_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct audio_config {
	uint8_t object_type; /* AAC: of "mp4a.40.2"; Opus: 0 */
	uint8_t channels;    /* 0: told in the stream itself */
	uint32_t rate_hz;    /* as heard: with spectral band replication twice the core's */
};

/* An AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1). */
enum err audio_read_aac(struct bytes config, struct audio_config *out);

/* An identification header (RFC 7845 §5.1); its sound is always heard at 48 kHz. */
enum err audio_read_opus(struct bytes head, struct audio_config *out);

#endif
