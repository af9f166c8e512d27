/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/media/decode.h"

#include <stdbool.h>

#define LENGTH_SIZE 4

static bool is_good_request(const struct decode_request *request)
{
	return request->codec < DECODE_CODEC_COUNT && request->width >= DECODE_WIDTH_LEAST &&
	       request->width <= DECODE_WIDTH_MAX && request->frame.size > 0;
}

/* A JPEG begins with its own mark (ITU-T T.81 B.1.1.3) and is there exactly when it is said. */
static bool is_good_answer(const struct decode_answer *answer)
{
	struct bytes jpeg = answer->jpeg;

	if (answer->status != DECODE_DONE)
		return answer->status < DECODE_STATUS_COUNT && jpeg.size == 0;
	return bytes_u16(&jpeg) == 0xFFD8 && answer->width > 0 &&
	       answer->width <= DECODE_WIDTH_MAX && answer->height > 0 &&
	       answer->height <= DECODE_HEIGHT_MAX;
}

/* The content of the next frame of bytes, without its length. */
static enum err read_frame(struct bytes *input, size_t least, size_t most, struct bytes *out)
{
	struct bytes rest = *input;
	size_t size = bytes_u32(&rest);

	if (rest.is_short)
		return ERR_MORE;
	if (size + LENGTH_SIZE > most)
		return ERR_TOO_LARGE;
	if (size + LENGTH_SIZE < least)
		return ERR_MALFORMED;
	const uint8_t *at = bytes_take(&rest, size);
	if (!at)
		return ERR_MORE;
	*out = bytes_of(at, size);
	*input = rest;
	return ERR_OK;
}

enum err decode_request_read(struct bytes *input, struct decode_request *out)
{
	struct bytes rest, after = *input;
	enum err err = read_frame(&after, DECODE_REQUEST_HEAD, DECODE_REQUEST_MAX, &rest);

	if (err != ERR_OK)
		return err;
	uint8_t version = bytes_u8(&rest);
	struct decode_request request = { .codec = (enum decode_codec)bytes_u8(&rest) };
	request.width = bytes_u16(&rest);
	request.number = bytes_u32(&rest);
	size_t config_size = bytes_u32(&rest);
	if (config_size > DECODE_CONFIG_MAX)
		return ERR_TOO_LARGE;
	request.config = bytes_of(bytes_take(&rest, config_size), config_size);
	request.frame = rest;
	if (version != DECODE_VERSION || rest.is_short || !is_good_request(&request))
		return ERR_MALFORMED;
	if (rest.size > DECODE_FRAME_MAX)
		return ERR_TOO_LARGE;
	request.frame = bytes_of(rest.at, rest.size);
	*out = request;
	*input = after;
	return ERR_OK;
}

enum err decode_request_write(const struct decode_request *request, struct buf *out)
{
	if (request->config.size > DECODE_CONFIG_MAX || request->frame.size > DECODE_FRAME_MAX)
		return ERR_TOO_LARGE;
	if (!is_good_request(request))
		return ERR_INVALID;
	buf_add_u32(out, (uint32_t)(DECODE_REQUEST_HEAD - LENGTH_SIZE + request->config.size +
	                            request->frame.size));
	buf_add_u8(out, DECODE_VERSION);
	buf_add_u8(out, (uint8_t)request->codec);
	buf_add_u16(out, request->width);
	buf_add_u32(out, request->number);
	buf_add_u32(out, (uint32_t)request->config.size);
	buf_add(out, request->config.at, request->config.size);
	buf_add(out, request->frame.at, request->frame.size);
	return buf_err(out);
}

enum err decode_answer_read(struct bytes *input, struct decode_answer *out)
{
	struct bytes rest, after = *input;
	enum err err = read_frame(&after, DECODE_ANSWER_HEAD, DECODE_ANSWER_MAX, &rest);

	if (err != ERR_OK)
		return err;
	uint8_t version = bytes_u8(&rest);
	struct decode_answer answer = { .status = (enum decode_status)bytes_u8(&rest) };
	answer.width = bytes_u16(&rest);
	answer.height = bytes_u16(&rest);
	answer.number = bytes_u32(&rest);
	answer.jpeg = rest;
	if (version != DECODE_VERSION || !is_good_answer(&answer))
		return ERR_MALFORMED;
	*out = answer;
	*input = after;
	return ERR_OK;
}

enum err decode_answer_write(const struct decode_answer *answer, struct buf *out)
{
	if (answer->jpeg.size > DECODE_JPEG_MAX)
		return ERR_TOO_LARGE;
	if (!is_good_answer(answer))
		return ERR_INVALID;
	buf_add_u32(out, (uint32_t)(DECODE_ANSWER_HEAD - LENGTH_SIZE + answer->jpeg.size));
	buf_add_u8(out, DECODE_VERSION);
	buf_add_u8(out, (uint8_t)answer->status);
	buf_add_u16(out, answer->width);
	buf_add_u16(out, answer->height);
	buf_add_u32(out, answer->number);
	buf_add(out, answer->jpeg.at, answer->jpeg.size);
	return buf_err(out);
}
