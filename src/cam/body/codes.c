/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/body/codes.h"

const char *code_text(enum code code)
{
	switch (code) {
	case CODE_OK: return "success";
#define X(name, number, text) \
	case CODE_##name:     \
		return text;
#include "cam/body/codes.def"
#undef X
	}
	return "unknown";
}
