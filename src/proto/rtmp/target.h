/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h — what a peer wants to publish or play: application, name and token.
 *
 * Encoders put the query (`?token=...`) behind the stream name, the application or both `app` and
 * `tcUrl`. It is cut off wherever it stands; the token nearest to the stream wins (name, then
 * tcUrl, then app). Everything is percent-decoded once.
 *
 * Errors   ERR_TOO_LARGE (a part longer than its maximum), ERR_MALFORMED (a broken escape, a
 * control character).
 */
#ifndef VIGIL_PROTO_RTMP_TARGET_H
#define VIGIL_PROTO_RTMP_TARGET_H

#include "base/err.h"
#include "base/str.h"

#define RTMP_APP_MAX   255
#define RTMP_NAME_MAX  255
#define RTMP_TOKEN_MAX 255

struct rtmp_target {
	char app[RTMP_APP_MAX + 1];
	char name[RTMP_NAME_MAX + 1];
	char path[RTMP_APP_MAX + RTMP_NAME_MAX + 2]; /* app/name, as peers cut it differently */
	char token[RTMP_TOKEN_MAX + 1];
	char connect_token[RTMP_TOKEN_MAX + 1]; /* of tcUrl or app, for names without one */
};

/* From the connect command; forgets everything earlier. */
enum err rtmp_target_set_app(struct rtmp_target *target, struct str app, struct str tc_url);

/* From the publish or play command; may be called again for another one. */
enum err rtmp_target_set_name(struct rtmp_target *target, struct str name);

#endif
