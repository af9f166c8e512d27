/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rtmp/amf.h"

#include <string.h>

/* AMF 0 specification, section 2.1. */
enum marker {
	MARKER_NUMBER = 0,
	MARKER_BOOLEAN = 1,
	MARKER_STRING = 2,
	MARKER_OBJECT = 3,
	MARKER_NULL = 5,
	MARKER_UNDEFINED = 6,
	MARKER_ARRAY = 8,
	MARKER_OBJECT_END = 9,
	MARKER_LIST = 10,
	MARKER_DATE = 11,
	MARKER_LONG_STRING = 12,
	MARKER_UNSUPPORTED = 13,
	MARKER_XML = 15,
	MARKER_TYPED_OBJECT = 16,
	MARKER_AMF3 = 17,
};

static double number_of(uint64_t bits)
{
	double number;

	memcpy(&number, &bits, sizeof number);
	return number;
}

void amf_reader_init(struct amf_reader *reader, const void *at, size_t size)
{
	*reader = (struct amf_reader){ .rest = bytes_of(at, size) };
}

static enum err open_level(struct amf_reader *reader, struct amf_item *item, enum amf_kind kind)
{
	struct bytes *rest = &reader->rest;
	struct amf_level level = { .kind = kind };

	if (reader->depth == AMF_DEPTH_MAX)
		return ERR_TOO_LARGE;
	item->kind = kind;
	/* The count of an array with names is a hint that encoders get wrong: its end decides. */
	if (kind == AMF_ARRAY)
		(void)bytes_u32(rest);
	if (kind == AMF_LIST)
		level.left = bytes_u32(rest);
	reader->levels[reader->depth++] = level;
	return ERR_OK;
}

static enum err read_value(struct amf_reader *reader, struct amf_item *item)
{
	struct bytes *rest = &reader->rest;

	/* A number on the wire, not an enum in hand: any byte may stand here. */
	switch ((int)bytes_u8(rest)) {
	case MARKER_NUMBER:
		item->kind = AMF_NUMBER;
		item->number = number_of(bytes_u64(rest));
		return ERR_OK;
	case MARKER_BOOLEAN:
		item->kind = AMF_BOOLEAN;
		item->is_true = bytes_u8(rest) != 0;
		return ERR_OK;
	case MARKER_STRING:
		item->kind = AMF_STRING;
		item->text = bytes_str(rest, bytes_u16(rest));
		return ERR_OK;
	case MARKER_LONG_STRING:
	case MARKER_XML:
		item->kind = AMF_STRING;
		item->text = bytes_str(rest, bytes_u32(rest));
		return ERR_OK;
	case MARKER_NULL:
	case MARKER_UNDEFINED:
	case MARKER_UNSUPPORTED: item->kind = AMF_NULL; return ERR_OK;
	case MARKER_DATE:
		item->kind = AMF_DATE;
		item->number = number_of(bytes_u64(rest));
		(void)bytes_u16(rest);
		return ERR_OK;
	case MARKER_TYPED_OBJECT:
		(void)bytes_take(rest, bytes_u16(rest));
		return open_level(reader, item, AMF_OBJECT);
	case MARKER_OBJECT: return open_level(reader, item, AMF_OBJECT);
	case MARKER_ARRAY: return open_level(reader, item, AMF_ARRAY);
	case MARKER_LIST: return open_level(reader, item, AMF_LIST);
	case MARKER_AMF3: return ERR_UNSUPPORTED;
	default: return ERR_MALFORMED;
	}
}

static void close_level(struct amf_reader *reader, struct amf_item *item)
{
	reader->depth--;
	item->kind = AMF_END;
	item->depth = reader->depth;
}

/* Gives true when the innermost container ended here, otherwise reads the member's name. */
static bool read_name_or_end(struct amf_reader *reader, struct amf_item *item)
{
	struct amf_level *level = &reader->levels[reader->depth - 1];
	struct bytes *rest = &reader->rest;

	if (level->kind == AMF_LIST)
		return level->left-- == 0;
	item->name = bytes_str(rest, bytes_u16(rest));
	if (item->name.size || !rest->size || rest->at[0] != MARKER_OBJECT_END)
		return false;
	(void)bytes_u8(rest);
	return true;
}

enum err amf_read(struct amf_reader *reader, struct amf_item *out)
{
	struct amf_item item = { .depth = reader->depth };

	if (!reader->depth && !reader->rest.size)
		return reader->rest.is_short ? ERR_MALFORMED : ERR_NOT_FOUND;
	if (reader->items++ == AMF_ITEMS_MAX)
		return ERR_TOO_LARGE;
	if (reader->depth && read_name_or_end(reader, &item)) {
		close_level(reader, &item);
	} else {
		enum err err = read_value(reader, &item);
		if (err != ERR_OK)
			return reader->rest.is_short ? ERR_MALFORMED : err;
	}
	if (reader->rest.is_short)
		return ERR_MALFORMED;
	*out = item;
	return ERR_OK;
}

enum err amf_skip(struct amf_reader *reader, const struct amf_item *item)
{
	struct amf_item skipped;

	while (reader->depth > item->depth) {
		enum err err = amf_read(reader, &skipped);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err amf_read_text(struct amf_reader *reader, struct str *out)
{
	struct amf_item item;
	enum err err = amf_read(reader, &item);

	if (err == ERR_OK && item.kind != AMF_STRING && item.kind != AMF_NULL)
		err = ERR_MALFORMED;
	if (err == ERR_OK)
		*out = item.text;
	return err == ERR_NOT_FOUND ? ERR_MALFORMED : err;
}

enum err amf_read_number(struct amf_reader *reader, double *out)
{
	struct amf_item item;
	enum err err = amf_read(reader, &item);

	if (err == ERR_OK && item.kind != AMF_NUMBER)
		err = ERR_MALFORMED;
	if (err == ERR_OK)
		*out = item.number;
	return err == ERR_NOT_FOUND ? ERR_MALFORMED : err;
}

void amf_add_number(struct buf *out, double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof bits);
	buf_add_u8(out, MARKER_NUMBER);
	buf_add_u64(out, bits);
}

void amf_add_boolean(struct buf *out, bool is_true)
{
	buf_add_u8(out, MARKER_BOOLEAN);
	buf_add_u8(out, is_true);
}

void amf_add_text(struct buf *out, struct str text)
{
	if (text.size > UINT16_MAX) {
		buf_add_u8(out, MARKER_LONG_STRING);
		buf_add_u32(out, (uint32_t)text.size);
	} else {
		buf_add_u8(out, MARKER_STRING);
		buf_add_u16(out, (uint16_t)text.size);
	}
	buf_add_str(out, text);
}

void amf_add_null(struct buf *out)
{
	buf_add_u8(out, MARKER_NULL);
}

void amf_begin_object(struct buf *out)
{
	buf_add_u8(out, MARKER_OBJECT);
}

void amf_begin_array(struct buf *out, uint32_t count)
{
	buf_add_u8(out, MARKER_ARRAY);
	buf_add_u32(out, count);
}

void amf_add_name(struct buf *out, struct str name)
{
	buf_add_u16(out, (uint16_t)name.size);
	buf_add_str(out, name);
}

void amf_end(struct buf *out)
{
	buf_add_u24(out, MARKER_OBJECT_END);
}

void amf_begin_list(struct buf *out, uint32_t count)
{
	buf_add_u8(out, MARKER_LIST);
	buf_add_u32(out, count);
}
