/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codes.h — the protocol's answer codes; the list is codes.def.
 */
#ifndef VIGIL_CAM_CODES_H
#define VIGIL_CAM_CODES_H

enum code {
	CODE_OK = 0,
#define X(name, number, text) CODE_##name = number,
#include "cam/body/codes.def"
#undef X
};

/* English words for a code of the list; never NULL. */
const char *code_text(enum code code);

#endif
