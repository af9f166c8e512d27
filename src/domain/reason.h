/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason.h — stable reasons for a refusal, with words for people. Goes into why.reason.
 */
#ifndef VIGIL_DOMAIN_REASON_H
#define VIGIL_DOMAIN_REASON_H

enum reason {
#define X(name, slug, words) REASON_##name,
#include "domain/reasons.def"
#undef X
	REASON_COUNT_
};

/* The name clients rely on ("device-offline"), and its words; never NULL. */
const char *reason_name(int reason);
const char *reason_words(int reason);

#endif
