/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codecs.h — what a player says it can show: `?codecs=avc1,mp4a`, the beginnings of codec texts.
 *
 * Pure.
 * Errors   ERR_INVALID with why.
 */
#ifndef VIGIL_ENDPOINTS_CODECS_H
#define VIGIL_ENDPOINTS_CODECS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

#define CODECS_TEXT_MAX 255

/* At most CODECS_TEXT_MAX characters. */
enum err codecs_check(struct str list, struct why *why);

/* An empty list says nothing, so everything is in it. */
bool codecs_include(struct str list, struct str codec);

#endif
