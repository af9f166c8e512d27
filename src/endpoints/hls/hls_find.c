/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to answer, under the lock; sent without it. */
#include <string.h>

#include "endpoints/hls/hls_private.h"

#define POLL_SLACK_MS 1000 /* a segment may be longer than its target by half a second */
#define ADVANCE_MS    3000 /* of parts that may be asked for ahead (second edition §6.2.5.2) */

static struct hls_answer problem(enum err err, const char *words)
{
	struct hls_answer answer = { .verdict = HLS_PROBLEM };

	(void)why_set(&answer.why, err, "%s", words);
	return answer;
}

static struct hls_answer give(struct hls_bytes *bytes, size_t offset, size_t size)
{
	if (!bytes)
		return problem(ERR_NOT_FOUND, "not there, or not any more");
	return (struct hls_answer){
		.verdict = HLS_ANSWER, .bytes = hls_bytes_ref(bytes), .offset = offset, .size = size
	};
}

static struct hls_answer give_playlist(const struct hls_packager *packager)
{
	struct hls_answer answer =
		give(packager->playlist, 0, packager->playlist ? packager->playlist->size : 0);

	memcpy(answer.video_codec, packager->video_codec, sizeof answer.video_codec);
	return answer;
}

/* A number too far ahead is refused, one to come is waited for (RFC 8216, second edition,
 * §6.2.5.2). */
static struct hls_answer find_numbered(const struct hls_packager *packager,
                                       const struct hls_want *want)
{
	const struct hls_window *window = &packager->window;
	const struct hls_segment *segment = hls_window_segment(window, want->number);
	uint64_t next = packager->next, part = packager->next_part;
	uint64_t target_ms = (uint64_t)window->part_target_ms;
	uint64_t number = want->number, wanted = want->part;

	if (want->has_part && segment && segment->whole && wanted >= segment->part_count) {
		number++;
		wanted = 0;
	}
	uint64_t ahead = (ADVANCE_MS + target_ms - 1) / target_ms;
	if (number > next + 1 || (want->has_part && number >= next && wanted > part + ahead))
		return problem(ERR_INVALID, "_HLS_msn or _HLS_part is too far ahead");
	if (number < next || (want->has_part && number == next && wanted < part))
		return give_playlist(packager);
	return (struct hls_answer){ .verdict = HLS_WAIT };
}

/* Who asks for no number is given what is there, but not twice the same: a player that polls would
 * find nothing new, and some give up over it. */
static struct hls_answer find_playlist(const struct hls_packager *packager,
                                       const struct hls_want *want)
{
	if (!packager->playlist)
		return (struct hls_answer){ .verdict = HLS_WAIT };
	if (want->has_number)
		return find_numbered(packager, want);
	if (packager->next > want->seen)
		return give_playlist(packager);
	return (struct hls_answer){ .verdict = HLS_WAIT };
}

static struct hls_answer find_part(const struct hls_packager *packager, const struct hls_want *want)
{
	const struct hls_part *part = hls_window_part(&packager->window, want->number, want->part);
	uint64_t next_part, next = hls_window_next(&packager->window, &next_part);

	if (part)
		return give(part->bytes, part->offset, part->size);
	if (want->number == next && want->part == next_part)
		return (struct hls_answer){ .verdict = HLS_WAIT };
	return give(NULL, 0, 0);
}

static struct hls_answer find_multivariant(const struct hls_packager *packager)
{
	struct hls_answer answer = { .verdict = packager->playlist ? HLS_ANSWER : HLS_WAIT,
		                     .facts = packager->facts };

	memcpy(answer.video_codec, packager->video_codec, sizeof answer.video_codec);
	return answer;
}

struct hls_answer hls_find(const struct hls_packager *packager, const struct hls_want *want)
{
	const struct hls_segment *segment;
	struct hls_bytes *init;
	struct hls_answer answer = { 0 };

	switch (want->kind) {
	case HLS_MULTIVARIANT: answer = find_multivariant(packager); break;
	case HLS_MEDIA: answer = find_playlist(packager, want); break;
	case HLS_PART: answer = find_part(packager, want); break;
	case HLS_INIT:
		init = hls_window_init(&packager->window, want->number);
		return give(init, 0, init ? init->size : 0);
	case HLS_SEGMENT:
		segment = hls_window_segment(&packager->window, want->number);
		return give(segment ? segment->whole : NULL, 0, segment ? segment->size : 0);
	}
	bool is_playlist = want->kind == HLS_MULTIVARIANT || want->kind == HLS_MEDIA;
	if (!packager->is_over || (!is_playlist && answer.verdict != HLS_WAIT))
		return answer;
	hls_bytes_unref(answer.bytes);
	return (struct hls_answer){ .verdict = HLS_PROBLEM, .why = packager->why };
}

int64_t hls_patience_ms(const struct hls_packager *packager, const struct hls_want *want)
{
	int64_t target_ms = packager->window.target_s * 1000;

	if (!target_ms)
		return HLS_OPEN_MS;
	return want->kind == HLS_MEDIA && !want->has_number ? target_ms + POLL_SLACK_MS
	                                                    : HLS_TARGETS_WAITED * target_ms;
}

struct hls_answer hls_find_late(const struct hls_packager *packager, const struct hls_want *want)
{
	if (want->kind == HLS_MEDIA && !want->has_number && packager->playlist)
		return give_playlist(packager);
	return problem(ERR_TIMEOUT, "the stream does not go on");
}

struct hls_answer hls_answer_busy(void)
{
	return problem(ERR_BUSY, "too many requests of this session wait already");
}
