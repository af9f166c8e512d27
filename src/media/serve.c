/* SPDX-License-Identifier: Apache-2.0 */
#include "media/serve.h"

#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "media/picture.h"
#include "media/sandbox.h"
#include "proto/media/decode.h"

#define READ_BYTES (64 * 1024)
#define KEEP_BYTES (256 * 1024) /* of memory between two requests */

static enum err read_some(int fd, struct buf *input)
{
	uint8_t *to = buf_reserve(input, READ_BYTES);

	if (!to)
		return buf_err(input);
	ssize_t got = read(fd, to, READ_BYTES);
	if (got < 0)
		return err_from_errno(errno);
	buf_grew(input, (size_t)got);
	return got ? ERR_OK : ERR_CLOSED;
}

static enum err write_all(int fd, const struct buf *bytes)
{
	for (size_t at = 0; at < bytes->size;) {
		ssize_t sent = write(fd, bytes->at + at, bytes->size - at);
		if (sent < 0)
			return err_from_errno(errno);
		at += (size_t)sent;
	}
	return ERR_OK;
}

static enum err answer_with(int fd, const struct decode_answer *answer)
{
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, DECODE_ANSWER_MAX);
	enum err err = decode_answer_write(answer, &bytes);
	return err == ERR_OK ? write_all(fd, &bytes) : err;
}

static enum err answer_next(int fd, struct buf *input)
{
	struct bytes rest = bytes_of(input->at, input->size);
	struct decode_request request;
	AUTO_BUF jpeg = { 0 };

	enum err err = decode_request_read(&rest, &request);
	if (err == ERR_OK)
		err = sandbox_begin_request();
	if (err != ERR_OK)
		return err;
	buf_init(&jpeg, DECODE_JPEG_MAX);
	struct decode_answer answer = picture_make(&request, &jpeg);
	buf_drop(input, input->size - rest.size, KEEP_BYTES);
	return answer_with(fd, &answer);
}

enum err serve(int input_fd, int output_fd)
{
	const struct decode_answer ready = { .status = DECODE_READY };
	AUTO_BUF input = { 0 };

	buf_init(&input, DECODE_REQUEST_MAX + READ_BYTES);
	enum err err = sandbox_enter();
	if (err == ERR_OK)
		err = answer_with(output_fd, &ready);
	while (err == ERR_OK) {
		err = answer_next(output_fd, &input);
		if (err == ERR_MORE)
			err = read_some(input_fd, &input);
	}
	return err;
}
