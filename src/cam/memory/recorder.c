/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/memory/recorder.h"

#include <errno.h>
#include <unistd.h>

void recorder_start(struct recorder *recorder, enum card_type type)
{
	if (!card_is_in(recorder->card))
		return;
	recorder->is_on = true;
	recorder->type = type;
}

static enum err close_file(struct recorder *recorder)
{
	FILE *file = TAKE(recorder->file);

	if (!file)
		return ERR_OK;
	enum err err = fflush(file) == 0 && fdatasync(fileno(file)) == 0 ? ERR_OK : ERR_IO;
	(void)fclose(file);
	return err == ERR_OK ? card_add(recorder->card, recorder->segment) : err;
}

enum err recorder_stop(struct recorder *recorder)
{
	recorder->is_on = false;
	return close_file(recorder);
}

static enum err write_out(struct recorder *recorder, struct buf *bytes)
{
	if (buf_err(bytes) != ERR_OK)
		return buf_err(bytes);
	if (fwrite(bytes->at, 1, bytes->size, recorder->file) != bytes->size)
		return ERR_NO_SPACE;
	recorder->segment.bytes += (int64_t)bytes->size;
	return ERR_OK;
}

static enum err open_file(struct recorder *recorder, const struct clip_frame *headers,
                          size_t header_count, int64_t at_ms, int64_t now_ms)
{
	char name[CARD_FILE_NAME_SIZE], path[STORE_PATH_MAX];
	bool has_audio = false;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, FLV_BODY_MAX);
	card_file_name(now_ms, name);
	enum err err = store_path(recorder->card->store, name, path);
	if (err != ERR_OK)
		return err;
	recorder->file = fopen(path, "wbe");
	if (!recorder->file)
		return err_from_errno(errno);
	recorder->segment = (struct card_segment){ .start_ms = now_ms,
		                                   .end_ms = now_ms,
		                                   .type = recorder->type };
	recorder->first_ms = at_ms;
	for (size_t i = 0; i < header_count; i++)
		has_audio = has_audio || headers[i].kind == FLV_AUDIO;
	clip_write_head(&bytes, has_audio);
	for (size_t i = 0; i < header_count; i++)
		clip_write_tag(&bytes, headers[i].kind, 0, headers[i].body);
	return write_out(recorder, &bytes);
}

static bool is_full(const struct recorder *recorder, int64_t at_ms)
{
	return at_ms - recorder->first_ms >= RECORDER_MS_MAX ||
	       recorder->segment.bytes >= RECORDER_BYTES_MAX;
}

static enum err add_frame(struct recorder *recorder, const struct clip_frame *frame)
{
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, FLV_BODY_MAX + 64);
	clip_write_tag(&bytes, frame->kind, frame->at_ms - recorder->first_ms, frame->body);
	/* Time of day may jump while a file is open; its length does not. */
	recorder->segment.end_ms = recorder->segment.start_ms + frame->at_ms - recorder->first_ms;
	return write_out(recorder, &bytes);
}

enum err recorder_frame(struct recorder *recorder, const struct clip_frame *headers,
                        size_t header_count, const struct clip_frame *frame, int64_t now_ms)
{
	bool is_key = frame->kind == FLV_VIDEO && frame->is_key;
	enum err err = ERR_OK;

	if (!recorder->is_on || (!recorder->file && !is_key))
		return ERR_OK;
	if (recorder->file && is_key && is_full(recorder, frame->at_ms))
		err = close_file(recorder);
	if (err == ERR_OK && !recorder->file)
		err = open_file(recorder, headers, header_count, frame->at_ms, now_ms);
	if (err == ERR_OK)
		err = add_frame(recorder, frame);
	if (err != ERR_OK)
		(void)recorder_stop(recorder);
	return err;
}
