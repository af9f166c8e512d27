/* SPDX-License-Identifier: Apache-2.0 */
/*
 * action_field.h — one value of an action: its type, its limits, and the engine that checks it.
 *
 * Errors   ERR_INVALID with REASON_INVALID_ACTION, why->field the path of the value at fault and
 *          why->text beginning with it.
 */
#ifndef VIGIL_DOMAIN_ACTION_FIELD_H
#define VIGIL_DOMAIN_ACTION_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#define FIELD_CHOICES_MAX 8

enum field_type {
	FIELD_OBJECT, /* of `fields` */
	FIELD_LIST,   /* of least..most values, each as fields[0] says */
	FIELD_INT,    /* least..most, or one of the choices */
	FIELD_NUMBER, /* least..most */
	FIELD_BOOL,
	FIELD_MARK, /* its presence says it: true or {} */
	FIELD_TEXT, /* least..most characters, none of them a control character */
	FIELD_CHOICE,
	FIELD_DATE, /* milliseconds since 1970 as a number or text, or RFC 3339; becomes the number
	             */
	FIELD_TIME, /* "HH:MM", 00:00 to 24:00 */
	FIELD_URL,  /* at most `most` bytes; the choices are the schemes */
};

/* What holds between the members of an object or a list. */
enum field_rule {
	RULE_NONE,
	RULE_ONE,      /* exactly one of the members that are not required */
	RULE_SOME,     /* at least one member */
	RULE_SPAN,     /* `start` is before `end` */
	RULE_PERIOD,   /* `start` and `end` unless `all_day` */
	RULE_DISTINCT, /* no item of the list twice */
};

struct field {
	const char *name;
	enum field_type type;
	bool is_required;
	enum field_rule rule;
	double least, most;
	const char *fallback; /* JSON written when the member is absent; NULL: nothing is */
	const char *choices[FIELD_CHOICES_MAX];
	const struct field *fields;
	size_t count;
};

/* Where in the request we are: "write.config.image.flip". */
struct field_path {
	char text[WHY_FIELD_MAX];
	size_t size;
};

/* Adds a name behind a dot, cut between characters where it does not fit; gives the size to go
 * back to. */
size_t field_path_push(struct field_path *path, const char *name);
void field_path_pop(struct field_path *path, size_t size);

/* The refusal of the value at `path`: "path: words". */
__attribute__((format(printf, 3, 4))) enum err
field_refuse(const struct field_path *path, struct why *why, const char *format, ...);

/* Checks `value` and appends it in canonical form. */
enum err field_read(const struct field *field, const json_t *value, struct field_path *path,
                    struct buf *out, struct why *why);

/* Appends the JSON description of a field, its members within it. */
void field_describe(const struct field *field, struct buf *out);

/* The first `most` bytes of `text`, or a few less so that no character is cut. */
struct str field_cut(struct str text, size_t most);

#endif
