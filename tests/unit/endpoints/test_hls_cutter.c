/* SPDX-License-Identifier: Apache-2.0 */
/* What tags of which times become: parts, segments, breaks. */
#include <string.h>

#include "base/mem.h"
#include "endpoints/hls/hls_cutter.h"
#include "tests/unit/unit.h"

#define RECORDED_MAX 4096
#define NOW_MS       1577934245678

struct record {
	struct {
		char kind; /* 'i'nit, 'p'art, 'k'ey part, 'c'ut, 'b'reak */
		int64_t duration_ms, began_ms;
	} items[RECORDED_MAX];
	size_t count;
	size_t full_at; /* parts until a segment is full; 0: never */
};

static void note(struct record *record, char kind, int64_t duration_ms, int64_t began_ms)
{
	assert_true(record->count < RECORDED_MAX);
	record->items[record->count].kind = kind;
	record->items[record->count].duration_ms = duration_ms;
	record->items[record->count++].began_ms = began_ms;
}

static void on_init(void *owner, struct hls_bytes *init)
{
	note(owner, 'i', 0, 0);
	hls_bytes_unref(init);
}

static size_t count_of(const struct record *record, char kind)
{
	size_t count = 0;

	for (size_t i = 0; i < record->count; i++)
		count += record->items[i].kind == kind;
	return count;
}

static bool on_part(void *owner, const struct hls_part *part, int64_t began_ms)
{
	struct record *record = owner;

	assert_int_equal(part->size, part->bytes->size);
	note(record, part->is_independent ? 'k' : 'p', part->duration_ms, began_ms);
	hls_bytes_unref(part->bytes);
	size_t parts = count_of(record, 'k') + count_of(record, 'p');
	return record->full_at && parts % record->full_at == 0;
}

static void on_cut(void *owner)
{
	note(owner, 'c', 0, 0);
}

static void on_break(void *owner)
{
	note(owner, 'b', 0, 0);
}

static const struct hls_cutter_ops ops = {
	.on_init = on_init, .on_part = on_part, .on_cut = on_cut, .on_break = on_break
};

/* The record of x264's picture of 320 x 180, as a sequence header. */
static const char video_head[] = "\x17\x00\x00\x00\x00"
				 "\x01\x42\xc0\x0c\xff\xe1\x00\x19\x67\x42\xc0\x0c\xd9\x01\x41\x9f"
				 "\x9f\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xf1\x42\xa4"
				 "\x80\x01\x00\x05\x68\xcb\x83\xcb\x20";
static const char sound_head[] = "\xaf\x00\x12\x10";

struct stage {
	struct hls_cutter cutter;
	struct record record;
};

static enum err take(struct stage *stage, enum flv_kind kind, uint32_t stamp, const char *body,
                     size_t size)
{
	const struct flv_tag tag = { (uint8_t)kind, stamp, (const uint8_t *)body, size };

	return hls_cutter_take(&stage->cutter, &tag, NOW_MS + stamp, NULL);
}

static void take_frame(struct stage *stage, uint32_t stamp, bool is_key)
{
	assert_ok(take(stage, FLV_VIDEO, stamp,
	               is_key ? "\x17\x01\0\0\0picture" : "\x27\x01\0\0\0x", is_key ? 12 : 6));
}

static void take_sound(struct stage *stage, uint32_t stamp)
{
	assert_ok(take(stage, FLV_AUDIO, stamp, "\xaf\x01sound", 7));
}

/* Frames each 40 ms from `stamp` on, a key frame each `group_ms`. */
static void take_video(struct stage *stage, uint32_t stamp, uint32_t ms, uint32_t group_ms)
{
	for (uint32_t at = 0; at < ms; at += 40)
		take_frame(stage, stamp + at, at % group_ms == 0);
}

static int set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);

	assert_non_null(stage);
	hls_cutter_init(&stage->cutter, &ops, &stage->record);
	*state = stage;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	hls_cutter_done(&stage->cutter);
	free(stage);
	return 0;
}

static void begin(struct stage *stage)
{
	assert_ok(take(stage, FLV_VIDEO, 0, video_head, sizeof video_head - 1));
}

/* Durations between two cuts. */
static int64_t segment_ms(const struct record *record, size_t number)
{
	int64_t duration_ms = 0;

	for (size_t i = 0, cuts = 0; i < record->count; i++) {
		cuts += record->items[i].kind == 'c';
		if (cuts == number)
			duration_ms += record->items[i].duration_ms;
	}
	return duration_ms;
}

static void segments_begin_at_key_frames_and_parts_are_short(void **state)
{
	struct stage *stage = *state;

	begin(stage);
	take_video(stage, 1000, 9200, 1000);
	assert_int_equal(segment_ms(&stage->record, 0), 1000); /* soon something to play */
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(segment_ms(&stage->record, i), 2000);
	for (size_t i = 0; i < stage->record.count; i++) {
		assert_true(stage->record.items[i].duration_ms <= HLS_PART_MS);
		if (i && stage->record.items[i].kind != 'i' &&
		    stage->record.items[i - 1].kind == 'c')
			assert_int_equal(stage->record.items[i].kind, 'k');
	}
	assert_int_equal(stage->cutter.target_s, 2);
	assert_int_equal(stage->cutter.part_target_ms, HLS_PART_MS);
	assert_int_equal(count_of(&stage->record, 'b'), 0);
	assert_int_equal(count_of(&stage->record, 'i'), 1);
	assert_int_equal(stage->record.items[1].began_ms, NOW_MS + 1000);
}

static void a_long_group_makes_long_segments(void **state)
{
	struct stage *stage = *state;

	begin(stage);
	take_video(stage, 0, 26000, 5000);
	assert_int_equal(segment_ms(&stage->record, 0), 5000);
	assert_int_equal(segment_ms(&stage->record, 1), 5000);
	assert_int_equal(stage->cutter.target_s, 5);
}

static void a_group_without_end_is_cut_between_frames(void **state)
{
	struct stage *stage = *state;

	begin(stage);
	take_video(stage, 0, 40000, 3600000);
	assert_int_equal(segment_ms(&stage->record, 0), HLS_FIRST_MOST_MS);
	assert_int_equal(stage->cutter.target_s, HLS_TARGET_MOST_S);
	assert_in_range(segment_ms(&stage->record, 1), 12000, 12499);
}

static void a_group_longer_than_the_first_ones_keeps_the_target(void **state)
{
	struct stage *stage = *state;

	begin(stage);
	take_video(stage, 0, 4000, 1000);
	take_video(stage, 4000, 10000, 10000);
	assert_int_equal(stage->cutter.target_s, 2);
	for (size_t i = 0; i < count_of(&stage->record, 'c'); i++)
		assert_true(segment_ms(&stage->record, i) < 2500);
}

static void times_that_jump_break_and_wait_for_a_key_frame(void **state)
{
	static const uint32_t jumps[] = { 10000 + HLS_JUMP_MS + 40, 9000, 3600000, 4294960000 };
	struct stage *stage = *state;

	begin(stage);
	take_video(stage, 0, 10000, 1000);
	for (size_t i = 0; i < COUNT_OF(jumps); i++) {
		size_t before = count_of(&stage->record, 'k') + count_of(&stage->record, 'p');
		take_frame(stage, jumps[i] - 40, false); /* nothing to start from */
		size_t after = count_of(&stage->record, 'k') + count_of(&stage->record, 'p');
		assert_int_equal(count_of(&stage->record, 'b'), i + 1);
		assert_true(after <= before + 1);
		take_video(stage, jumps[i], 10000, 1000);
		assert_int_equal(count_of(&stage->record, 'b'), i + 1);
	}
	assert_int_equal(count_of(&stage->record, 'i'), 1); /* the same configuration */
}

static void small_steps_back_and_gaps_are_no_break(void **state)
{
	struct stage *stage = *state;

	begin(stage);
	take_video(stage, 0, 4000, 1000);
	take_video(stage, 4000 - HLS_BACK_MS, 4000, 1000);
	take_video(stage, 7000 + HLS_JUMP_MS - 80, 4000, 1000);
	take_frame(stage, 11000 + HLS_JUMP_MS - 120, false);
	assert_int_equal(count_of(&stage->record, 'b'), 0);
}

static void the_clock_of_flv_may_wrap(void **state)
{
	struct stage *stage = *state;

	begin(stage);
	take_video(stage, 0U - 4000, 12000, 1000);
	assert_int_equal(count_of(&stage->record, 'b'), 0);
	assert_int_equal(segment_ms(&stage->record, 2), 2000);
}

static void another_configuration_breaks(void **state)
{
	struct stage *stage = *state;
	char other[sizeof video_head];

	begin(stage);
	take_video(stage, 0, 4000, 1000);
	begin(stage); /* the same again */
	assert_int_equal(count_of(&stage->record, 'b'), 0);
	memcpy(other, video_head, sizeof other);
	other[sizeof other - 2] ^= 1;
	assert_ok(take(stage, FLV_VIDEO, 4000, other, sizeof other - 1));
	take_video(stage, 4000, 4000, 1000);
	assert_int_equal(count_of(&stage->record, 'b'), 1);
	assert_int_equal(count_of(&stage->record, 'i'), 2);
}

static void sound_that_ends_is_left_out_and_comes_back(void **state)
{
	struct stage *stage = *state;

	begin(stage);
	assert_ok(take(stage, FLV_AUDIO, 0, sound_head, sizeof sound_head - 1));
	for (uint32_t at = 0; at < 4000; at += 40) {
		take_frame(stage, at, at % 1000 == 0);
		take_sound(stage, at);
	}
	assert_true(stage->cutter.has_sound);
	take_video(stage, 4000, 6000, 1000);
	assert_false(stage->cutter.has_sound);
	assert_int_equal(count_of(&stage->record, 'b'), 1);
	for (uint32_t at = 10000; at < 14000; at += 40) {
		take_frame(stage, at, at % 1000 == 0);
		take_sound(stage, at);
	}
	assert_true(stage->cutter.has_sound);
	assert_int_equal(count_of(&stage->record, 'b'), 2);
}

static void sound_alone_leads_after_a_second(void **state)
{
	struct stage *stage = *state;

	assert_ok(take(stage, FLV_AUDIO, 0, sound_head, sizeof sound_head - 1));
	for (uint32_t at = 0; at < HLS_SOUND_ALONE_MS; at += 20)
		take_sound(stage, at);
	assert_int_equal(stage->record.count, 0);
	for (uint32_t at = HLS_SOUND_ALONE_MS; at < 8000; at += 20)
		take_sound(stage, at);
	assert_in_range(segment_ms(&stage->record, 1), 1880, 2100);
	assert_int_equal(count_of(&stage->record, 'p'), 0);
}

static void sound_goes_on_alone_when_video_ends(void **state)
{
	struct stage *stage = *state;

	begin(stage);
	assert_ok(take(stage, FLV_AUDIO, 0, sound_head, sizeof sound_head - 1));
	for (uint32_t at = 0; at < 4000; at += 40) {
		take_frame(stage, at, at % 1000 == 0);
		take_sound(stage, at);
	}
	for (uint32_t at = 4000; at < 3920 + HLS_DARKNESS_MS; at += 40)
		take_sound(stage, at);
	assert_int_equal(count_of(&stage->record, 'b'), 0);
	size_t parts = stage->record.count;
	for (uint32_t at = 3920 + HLS_DARKNESS_MS; at < 20000; at += 40)
		take_sound(stage, at);
	assert_false(hls_cutter_has_video(&stage->cutter));
	assert_int_equal(count_of(&stage->record, 'b'), 1);
	assert_true(stage->record.count > parts + 10);
	take_frame(stage, 20000, false); /* nothing to begin with */
	assert_false(hls_cutter_has_video(&stage->cutter));
	take_video(stage, 20040, 4000, 1000);
	assert_true(hls_cutter_has_video(&stage->cutter));
	assert_int_equal(count_of(&stage->record, 'b'), 2);
	assert_int_equal(count_of(&stage->record, 'i'), 3);
}

static void video_that_ends_beside_other_sound_is_waited_for(void **state)
{
	struct stage *stage = *state;

	begin(stage);
	take_video(stage, 0, 4000, 1000);
	for (uint32_t at = 4000; at < 2 * HLS_DARKNESS_MS; at += 40)
		assert_ok(take(stage, FLV_AUDIO, at, "\x7eg711", 5));
	assert_true(hls_cutter_has_video(&stage->cutter));
}

static void what_cannot_be_carried_is_told(void **state)
{
	struct stage *stage = *state;

	assert_err(take(stage, FLV_VIDEO, 0, "\x91vp08x", 6), ERR_UNSUPPORTED);
	assert_ok(take(stage, FLV_AUDIO, 0, "\x7eg711", 5)); /* video may follow */
	assert_err(take(stage, FLV_AUDIO, HLS_SOUND_ALONE_MS, "\x7eg711", 5), ERR_UNSUPPORTED);
	assert_ok(take(stage, FLV_VIDEO, 0, "", 0));
	assert_ok(take(stage, FLV_AUDIO, 0, "", 0));
}

static void the_owner_may_end_a_segment_at_a_part(void **state)
{
	struct stage *stage = *state;

	stage->record.full_at = 2;
	begin(stage);
	take_video(stage, 0, 4000, 4000);
	assert_int_equal(segment_ms(&stage->record, 0), 640);
	assert_int_equal(segment_ms(&stage->record, 1), 640);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(segments_begin_at_key_frames_and_parts_are_short),
		TEST(a_long_group_makes_long_segments),
		TEST(a_group_without_end_is_cut_between_frames),
		TEST(a_group_longer_than_the_first_ones_keeps_the_target),
		TEST(times_that_jump_break_and_wait_for_a_key_frame),
		TEST(small_steps_back_and_gaps_are_no_break),
		TEST(the_clock_of_flv_may_wrap),
		TEST(another_configuration_breaks),
		TEST(sound_that_ends_is_left_out_and_comes_back),
		TEST(sound_alone_leads_after_a_second),
		TEST(sound_goes_on_alone_when_video_ends),
		TEST(video_that_ends_beside_other_sound_is_waited_for),
		TEST(what_cannot_be_carried_is_told),
		TEST(the_owner_may_end_a_segment_at_a_part),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
