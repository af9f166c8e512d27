/* SPDX-License-Identifier: Apache-2.0 */
/* action_private.h — the rows of the action table, shared by the files that read them. */
#ifndef VIGIL_DOMAIN_ACTION_PRIVATE_H
#define VIGIL_DOMAIN_ACTION_PRIVATE_H

#include "domain/action/action.h"
#include "domain/action/action_field.h"

struct action {
	const char *name;     /* "ptz.start" */
	const char *top;      /* "ptz": the one member of data */
	const char *method;   /* "start": the level below; NULL where there is none */
	const char *alias;    /* another name of the method, or NULL */
	const char *resource; /* the token's kind */
	bool is_for_callers;
	bool may_be_flat; /* the level of the method may be left out */
	struct field body;
};

extern const struct action action_rows[];
extern const size_t action_row_count;

/* Appends {"60000":"...",...}, in English or as printed. */
void action_codes_write(bool is_printed, struct buf *out);

#endif
