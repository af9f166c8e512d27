/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/reason.h"

static const struct {
	const char *name;
	const char *words;
} rows[] = {
#define X(name, slug, words) { slug, words },
#include "domain/reasons.def"
#undef X
};

static int in_range(int reason)
{
	return reason >= 0 && reason < REASON_COUNT_ ? reason : REASON_NONE;
}

const char *reason_name(int reason)
{
	return rows[in_range(reason)].name;
}

const char *reason_words(int reason)
{
	return rows[in_range(reason)].words;
}
