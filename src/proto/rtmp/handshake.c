/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rtmp/handshake.h"

#include <string.h>

/* Time and version 0 (so that nobody tries the digest handshake), then a pattern; the specification
 * wants it random, but nothing rests on that. */
static void begin(struct buf *out)
{
	buf_add_u8(out, RTMP_VERSION);
	uint8_t *to = buf_reserve(out, RTMP_HANDSHAKE_SIZE);

	if (!to)
		return;
	memset(to, 0, 8);
	for (size_t i = 8; i < RTMP_HANDSHAKE_SIZE; i++)
		to[i] = (uint8_t)(i * 167 + (i >> 8));
	buf_grew(out, RTMP_HANDSHAKE_SIZE);
}

void rtmp_handshake_init(struct rtmp_handshake *handshake, bool is_server, struct buf *out)
{
	*handshake =
		(struct rtmp_handshake){ .is_server = is_server, .left = 2 * RTMP_HANDSHAKE_SIZE };
	if (!is_server)
		begin(out);
}

enum err rtmp_handshake_read(struct rtmp_handshake *handshake, struct bytes *input, struct buf *out)
{
	if (!handshake->has_version) {
		if (bytes_u8(input) != RTMP_VERSION)
			return ERR_MALFORMED;
		handshake->has_version = true;
		if (handshake->is_server)
			begin(out);
	}
	/* The peer's first part is given back, so it gathers right behind ours; its second, which
	 * gives back ours, is of no interest. */
	bool is_first = !rtmp_handshake_is_answered(handshake);
	size_t left = handshake->left - (is_first ? RTMP_HANDSHAKE_SIZE : 0U);
	size_t taken = left < input->size ? left : input->size;
	const uint8_t *at = bytes_take(input, taken);

	handshake->left = (uint16_t)(handshake->left - taken);
	if (is_first && taken)
		buf_add(out, at, taken);
	return buf_err(out);
}
