/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amf.h — AMF0, the values inside RTMP commands and FLV script tags.
 *
 * Reading is a walk: amf_read() gives one item after the other, containers as an opening item,
 * their members, and AMF_END. Nothing is allocated.
 *
 * Memory   names and texts are borrowed from the bytes that are read.
 * Errors   ERR_NOT_FOUND behind the last value, ERR_MALFORMED, ERR_UNSUPPORTED (AMF3 inside AMF0),
 *          ERR_TOO_LARGE (deeper than AMF_DEPTH_MAX, more than AMF_ITEMS_MAX items).
 */
#ifndef VIGIL_PROTO_RTMP_AMF_H
#define VIGIL_PROTO_RTMP_AMF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/str.h"

#define AMF_DEPTH_MAX 8
#define AMF_ITEMS_MAX 4096

enum amf_kind {
	AMF_NUMBER,
	AMF_BOOLEAN,
	AMF_STRING,
	AMF_NULL, /* null, undefined and "unsupported" */
	AMF_DATE, /* number: milliseconds since 1970 UTC */
	AMF_OBJECT,
	AMF_ARRAY, /* with names ("ECMA array") */
	AMF_LIST,  /* without names ("strict array") */
	AMF_END,   /* of the innermost container */
};

struct amf_item {
	enum amf_kind kind;
	size_t depth;    /* containers around it */
	struct str name; /* of a member; empty outside and in a list */
	struct str text; /* of a string */
	double number;
	bool is_true;
};

struct amf_level {
	enum amf_kind kind;
	uint32_t left; /* items still to come in a list */
};

struct amf_reader {
	struct bytes rest;
	size_t items;
	size_t depth;
	struct amf_level levels[AMF_DEPTH_MAX];
};

void amf_reader_init(struct amf_reader *reader, const void *at, size_t size);
enum err amf_read(struct amf_reader *reader, struct amf_item *out);

/* Reads on behind the end of `item` if it opened a container; otherwise does nothing. */
enum err amf_skip(struct amf_reader *reader, const struct amf_item *item);

/* The next item must be of this kind, else ERR_MALFORMED. A null is taken as an empty text. */
enum err amf_read_text(struct amf_reader *reader, struct str *out);
enum err amf_read_number(struct amf_reader *reader, double *out);

void amf_add_number(struct buf *out, double number);
void amf_add_boolean(struct buf *out, bool is_true);
void amf_add_text(struct buf *out, struct str text);
void amf_add_null(struct buf *out);

/* Members follow: amf_add_name() and a value each; then amf_end(). */
void amf_begin_object(struct buf *out);
void amf_begin_array(struct buf *out, uint32_t count);
void amf_add_name(struct buf *out, struct str name);
void amf_end(struct buf *out);

/* `count` values follow, without names and without an end. */
void amf_begin_list(struct buf *out, uint32_t count);

#endif
