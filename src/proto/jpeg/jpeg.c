/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/jpeg/jpeg.h"

#include <string.h>

#define CODE_TEM    0x01
#define CODE_SOF0   0xC0
#define CODE_DHT    0xC4
#define CODE_JPG    0xC8
#define CODE_DAC    0xCC
#define CODE_SOF15  0xCF
#define CODE_RST0   0xD0
#define CODE_RST7   0xD7
#define CODE_SOI    0xD8
#define CODE_EOI    0xD9
#define CODE_SOS    0xDA
#define COMPONENTS  4 /* of a frame, and of a scan, at most */
#define FIRST_KNOWN 0xC0

static bool is_frame(uint8_t code)
{
	return code >= CODE_SOF0 && code <= CODE_SOF15 && code != CODE_DHT && code != CODE_JPG &&
	       code != CODE_DAC;
}

/* T.81 B.2.2: precision, lines, samples a line, components, then three bytes for each. */
static bool take_frame(struct jpeg_check *check)
{
	const uint8_t *head = check->head;
	unsigned components = head[5];

	if (check->has_frame || check->head_size < JPEG_HEAD_SIZE || components < 1 ||
	    components > COMPONENTS || check->length != 8 + 3 * components)
		return false;
	check->height = (unsigned)head[1] << 8 | head[2];
	check->width = (unsigned)head[3] << 8 | head[4];
	check->has_frame = true;
	return check->width > 0 && check->height > 0;
}

/* T.81 B.2.3: a count, two bytes for each component, three more. */
static bool take_scan(const struct jpeg_check *check)
{
	unsigned components = check->head_size ? check->head[0] : 0;

	return check->has_frame && components >= 1 && components <= COMPONENTS &&
	       check->length == 6 + 2 * components;
}

static enum jpeg_state end_segment(struct jpeg_check *check)
{
	if (is_frame(check->code))
		return take_frame(check) ? JPEG_MARKER : JPEG_BROKEN;
	if (check->code != CODE_SOS)
		return JPEG_MARKER;
	check->is_coded = false;
	return take_scan(check) ? JPEG_SCAN : JPEG_BROKEN;
}

static enum jpeg_state begin_marker(struct jpeg_check *check, uint8_t code)
{
	check->code = code;
	if (code == 0xFF)
		return JPEG_CODE; /* any number of them may stand before a marker */
	if (code == CODE_TEM)
		return JPEG_MARKER;
	if (code == CODE_EOI)
		return check->has_scan ? JPEG_TRAILER : JPEG_BROKEN;
	if (code < FIRST_KNOWN || (code >= CODE_RST0 && code <= CODE_SOI))
		return JPEG_BROKEN;
	check->head_size = 0;
	check->length = 0;
	check->left = 2; /* of the length's own bytes */
	return JPEG_LENGTH;
}

/* Behind an FF in coded data: a stuffed zero and restarts belong to it. */
static enum jpeg_state take_scan_code(struct jpeg_check *check, uint8_t code)
{
	if (code == 0xFF)
		return JPEG_SCAN_CODE;
	if (code == 0 || (code >= CODE_RST0 && code <= CODE_RST7)) {
		check->is_coded |= code == 0;
		return JPEG_SCAN;
	}
	check->has_scan |= check->is_coded;
	return begin_marker(check, code);
}

static enum jpeg_state take_length(struct jpeg_check *check, uint8_t byte)
{
	check->length = check->length << 8 | byte;
	if (--check->left)
		return JPEG_LENGTH;
	if (check->length < 2)
		return JPEG_BROKEN;
	check->left = check->length - 2;
	return check->left ? JPEG_SEGMENT : end_segment(check);
}

static size_t skip_segment(struct jpeg_check *check, const uint8_t *bytes, size_t size)
{
	size_t taken = size < check->left ? size : check->left;
	size_t room = JPEG_HEAD_SIZE - check->head_size;
	size_t kept = taken < room ? taken : room;

	memcpy(check->head + check->head_size, bytes, kept);
	check->head_size += kept;
	check->left -= (uint32_t)taken;
	if (check->left == 0)
		check->state = end_segment(check);
	return taken;
}

static size_t skip_scan(struct jpeg_check *check, const uint8_t *bytes, size_t size)
{
	const uint8_t *mark = memchr(bytes, 0xFF, size);
	size_t coded = mark ? (size_t)(mark - bytes) : size;

	check->is_coded |= coded > 0;
	if (!mark)
		return size;
	check->state = JPEG_SCAN_CODE;
	return coded + 1;
}

static size_t skip_trailer(struct jpeg_check *check, size_t size)
{
	if (size > JPEG_TRAILER_MAX - check->trailer)
		check->state = JPEG_BROKEN;
	else
		check->trailer += (uint32_t)size;
	return size;
}

static enum jpeg_state take_start(struct jpeg_check *check, uint8_t byte)
{
	static const uint8_t start[] = { 0xFF, CODE_SOI };

	if (byte != start[check->head_size++])
		return JPEG_BROKEN;
	return check->head_size < sizeof start ? JPEG_START : JPEG_MARKER;
}

/* Takes some of the bytes; how many. */
static size_t step(struct jpeg_check *check, const uint8_t *bytes, size_t size)
{
	switch (check->state) {
	case JPEG_START: check->state = take_start(check, bytes[0]); return 1;
	case JPEG_MARKER: check->state = bytes[0] == 0xFF ? JPEG_CODE : JPEG_BROKEN; return 1;
	case JPEG_CODE: check->state = begin_marker(check, bytes[0]); return 1;
	case JPEG_LENGTH: check->state = take_length(check, bytes[0]); return 1;
	case JPEG_SEGMENT: return skip_segment(check, bytes, size);
	case JPEG_SCAN: return skip_scan(check, bytes, size);
	case JPEG_SCAN_CODE: check->state = take_scan_code(check, bytes[0]); return 1;
	case JPEG_TRAILER: return skip_trailer(check, size);
	case JPEG_BROKEN: break;
	}
	return size;
}

enum err jpeg_check_feed(struct jpeg_check *check, const uint8_t *bytes, size_t size)
{
	while (size && check->state != JPEG_BROKEN) {
		size_t used = step(check, bytes, size);
		bytes += used;
		size -= used;
	}
	return check->state == JPEG_BROKEN ? ERR_MALFORMED : ERR_OK;
}

enum err jpeg_check_end(const struct jpeg_check *check)
{
	return check->state == JPEG_TRAILER ? ERR_OK : ERR_MALFORMED;
}
