/* SPDX-License-Identifier: Apache-2.0 */
/* From RTMP media to what a viewer of FLV reads, and the addresses of pushes. */
#include <stdio.h>

#include "endpoints/rtmp/rtmp_endpoint.h"
#include "endpoints/rtmp/rtmp_intake.h"
#include "proto/flv/flv.h"
#include "tests/unit/domain/house.h"

static void a_push_address_names_its_device(void **state)
{
	static const struct {
		const char *path, *did;
	} cases[] = {
		{ "live/CAM1", "CAM1" },
		{ "/live/CAM1", "CAM1" },
		{ "//live/a:b.c-d", "a:b.c-d" },
		{ "v2/media/live/CAM1", "CAM1" },
		{ "/v2/meida/live/CAM1", "CAM1" },
		{ "live/CAM1_replay_1_0_20200725112233_20200725113344",
		  "CAM1_replay_1_0_20200725112233_20200725113344" },
		{ "v2/meida/live/CAM1_replay_1_0_20200725112233_20200725113344",
		  "CAM1_replay_1_0_20200725112233_20200725113344" },
		{ "live/CAM1_replay_1_0", "" },
		{ "live/", "" },
		{ "live", "" },
		{ "", "" },
		{ "/", "" },
		{ "live/CAM1/x", "" },
		{ "live/CAM 1", "" },
		{ "live/CAM1?token=x", "" },
		{ "Live/CAM1", "" },
		{ "vod/CAM1", "" },
		{ "v2/live/CAM1", "" },
		{ "live//CAM1", "" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_str(rtmp_path_key(str_of(cases[i].path)), cases[i].did);
}

static void a_device_is_told_an_address_it_can_reach(void **state)
{
	static const struct {
		struct rtmp_public address;
		const char *reached_at, *url;
	} cases[] = {
		{ { .url = "rtmp://cloud.example:1" }, "192.0.2.1", "rtmp://cloud.example:1" },
		{ { .host = "cloud.example", .port = 7 }, "192.0.2.1", "rtmp://cloud.example:7" },
		{ { .port = 1935 }, "192.0.2.1", "rtmp://192.0.2.1:1935" },
		{ { .port = 1935 }, "[2001:db8::1]", "rtmp://[2001:db8::1]:1935" },
		{ { .port = 1935 }, "", "rtmp://127.0.0.1:1935" },
		{ { .port = 443, .is_tls_only = true }, "192.0.2.1", "rtmps://192.0.2.1:443" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rtmp_public address = cases[i].address;
		AUTO_BUF out = { 0 };
		buf_init(&out, 1000);
		rtmp_push_url(&address, STR("CAM1"), STR("tok"), str_of(cases[i].reached_at), &out);
		assert_true(str_starts(buf_str(&out), str_of(cases[i].url)));
		assert_str(str_from(buf_str(&out), strlen(cases[i].url)), "/live/CAM1?token=tok");
	}
	AUTO_BUF replay = { 0 };
	struct rtmp_public address = { .port = 1935 };
	buf_init(&replay, 1000);
	rtmp_push_url(&address, STR("CAM1_replay_1_0_20200725112233_20200725113344"), STR("tok"),
	              STR("192.0.2.1"), &replay);
	assert_str(buf_str(&replay), "rtmp://192.0.2.1:1935/v2/meida/live/"
	                             "CAM1_replay_1_0_20200725112233_20200725113344?token=tok");
}

struct scene {
	struct house *house;
	struct publisher *publisher;
	struct rtmp_intake intake;
	struct viewer viewer;
	struct buf received;
	struct rtmp_media media;
};

static void on_more(struct viewer *viewer)
{
	struct scene *scene = CONTAINER_OF(viewer, struct scene, viewer);
	struct iovec parts[LIVE_PARTS_MAX];

	for (size_t count; (count = viewer_peek(viewer, parts, LIVE_PARTS_MAX)) != 0;) {
		size_t taken = 0;
		for (size_t i = 0; i < count; i++) {
			buf_add(&scene->received, parts[i].iov_base, parts[i].iov_len);
			taken += parts[i].iov_len;
		}
		viewer_advance(viewer, taken);
	}
}

static void on_start(struct viewer *viewer)
{
	(void)viewer;
}

static void on_end(struct viewer *viewer, const struct why *why)
{
	(void)viewer;
	fail_msg("the viewer was sent away: %s", why->text);
}

static const struct viewer_ops viewer_ops = { .on_start = on_start,
	                                      .on_more = on_more,
	                                      .on_end = on_end };

static void on_replaced(void *owner, const char *reason)
{
	fail_msg("replaced: %s", reason);
}

static const struct publisher_ops publisher_ops = { .ended = on_replaced };

static void begin(void *arg)
{
	struct scene *scene = arg;
	struct live *live = scene->house->domain->live;

	assert_ok(publisher_open(live, STR("CAM"), "192.0.2.1:1", &publisher_ops, scene,
	                         &scene->publisher));
	rtmp_intake_init(&scene->intake, scene->publisher);
	assert_ok(viewer_join(live, STR("CAM"), &viewer_ops, &scene->viewer, NULL));
}

static void end(void *arg)
{
	struct scene *scene = arg;

	viewer_leave(&scene->viewer);
	publisher_close(scene->publisher);
	rtmp_intake_done(&scene->intake);
}

static void take(void *arg)
{
	struct scene *scene = arg;

	rtmp_intake_take(&scene->intake, &scene->media);
}

static void push(struct scene *scene, enum rtmp_media_kind kind, uint32_t timestamp_ms,
                 const void *body, size_t size)
{
	scene->media = (struct rtmp_media){ kind, timestamp_ms, body, size };
	house_run(scene->house, scene->house->loop, take, scene);
	house_turn(scene->house, 3);
}
#define push_bytes(scene, kind, timestamp_ms, bytes) \
	push((scene), (kind), (timestamp_ms), (bytes), sizeof(bytes) - 1)

static void scene_start(struct scene *scene, struct house *house)
{
	struct device_change change = { .kind = DEVICE_CREATE };

	*scene = (struct scene){ .house = house };
	buf_init(&scene->received, 10 * 1024 * 1024);
	(void)str_copy(STR("CAM"), change.spec.did, DID_SIZE);
	change.spec.push = PUSH_SELF;
	assert_ok(house_change(house, &change));
	house_run(house, house->loop, begin, scene);
}

static void scene_stop(struct scene *scene)
{
	house_run(scene->house, scene->house->loop, end, scene);
	house_turn(scene->house, 10);
	buf_done(&scene->received);
}

/* "9@0+7": a tag's kind, time and body size; the head of the file first. */
static const char *tags(const struct scene *scene, char out[512])
{
	const uint8_t *at = scene->received.at;
	size_t left = scene->received.size, length = 0;

	out[0] = '\0';
	if (!left)
		return out;
	assert_true(left >= FLV_HEADER_SIZE);
	length = (size_t)snprintf(out, 512, "flags%u", at[4]);
	at += FLV_HEADER_SIZE;
	left -= FLV_HEADER_SIZE;
	while (left) {
		assert_true(left >= FLV_TAG_HEAD_SIZE);
		size_t size = (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
		unsigned time_ms = (unsigned)at[7] << 24 | (unsigned)at[4] << 16 |
		                   (unsigned)at[5] << 8 | at[6];
		size_t whole = FLV_TAG_HEAD_SIZE + size + FLV_TAG_TAIL_SIZE;
		assert_true(left >= whole);
		size_t back = (size_t)at[whole - 4] << 24 | (size_t)at[whole - 3] << 16 |
		              (size_t)at[whole - 2] << 8 | at[whole - 1];
		assert_int_equal(back, FLV_TAG_HEAD_SIZE + size);
		length += (size_t)snprintf(out + length, 512 - length, " %u@%u+%zu", at[0], time_ms,
		                           size);
		at += whole;
		left -= whole;
	}
	return out;
}

/* An AVC configuration of 320x240 would be read; one that cannot be is kept as bytes. */
static const char avc_head[] = "\x17\x00\x00\x00\x00\x01\x42\xc0\x1e\xff\xe0\x00";
static const char avc_head2[] = "\x17\x00\x00\x00\x00\x01\x42\xc0\x1f\xff\xe0\x00";
static const char avc_key[] = "\x17\x01\x00\x00\x00\x00\x00\x00\x01\x65";
static const char avc_frame[] = "\x27\x01\x00\x00\x00\x00\x00\x00\x01\x41\x01";
static const char aac_head[] = "\xaf\x00\x12\x10";
static const char aac_frame[] = "\xaf\x01\x21\x00\x03";

static void viewers_get_head_configurations_and_frames_as_tags(void **state)
{
	struct scene scene;
	char text[512];

	scene_start(&scene, *state);
	push_bytes(&scene, RTMP_MEDIA_METADATA, 0, "\x02\x00\x0aonMetaData\x05");
	push_bytes(&scene, RTMP_MEDIA_AUDIO, 0, aac_head);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 0, avc_head);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 0x1000028, avc_frame);
	assert_string_equal(tags(&scene, text), "");
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 0x1000050, avc_key);
	push_bytes(&scene, RTMP_MEDIA_AUDIO, 0x100005A, aac_frame);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 0x1000064, avc_frame);
	assert_string_equal(tags(&scene, text), "flags5 18@0+14 9@0+12 8@0+4 9@16777296+10 "
	                                        "8@16777306+5 9@16777316+11");
	scene_stop(&scene);
}

static void times_that_jump_become_steady(void **state)
{
	struct scene scene;
	char text[512];

	scene_start(&scene, *state);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 0, avc_head);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 5000, avc_key);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 5040, avc_frame);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 3600000, avc_frame);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 0, avc_head2); /* counted from nowhere */
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 3600040, avc_frame);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 40, avc_frame);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 80, avc_frame);
	assert_string_equal(tags(&scene, text),
	                    "flags1 9@0+12 9@5000+10 9@5040+11 9@5040+11 9@5040+12 9@5080+11 "
	                    "9@5080+11 9@5120+11");
	scene_stop(&scene);
}

static void a_changed_configuration_goes_to_those_who_watch(void **state)
{
	struct scene scene;
	char text[512];

	scene_start(&scene, *state);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 0, avc_head);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 40, avc_key);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 50, avc_head); /* the same again: not sent */
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 60, avc_head2);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 80, avc_key);
	assert_string_equal(tags(&scene, text), "flags1 9@0+12 9@40+10 9@60+12 9@80+10");
	scene_stop(&scene);
}

static void join_anew(void *arg)
{
	struct scene *scene = arg;

	viewer_leave(&scene->viewer);
	buf_clear(&scene->received);
	assert_ok(viewer_join(scene->house->domain->live, STR("CAM"), &viewer_ops, &scene->viewer,
	                      NULL));
}

static void sound_or_facts_behind_a_key_frame_leave_it_to_those_who_come(void **state)
{
	struct scene scene;
	char text[512];

	scene_start(&scene, *state);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 0, avc_head);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 40, avc_key);
	push_bytes(&scene, RTMP_MEDIA_AUDIO, 50, aac_head);
	push_bytes(&scene, RTMP_MEDIA_AUDIO, 60, aac_frame);
	push_bytes(&scene, RTMP_MEDIA_METADATA, 70, "\x02\x00\x0aonMetaData\x05");
	house_run(scene.house, scene.house->loop, join_anew, &scene);
	house_turn(scene.house, 3);
	assert_string_equal(tags(&scene, text),
	                    "flags5 18@0+14 9@0+12 8@0+4 9@40+10 8@50+4 8@60+5");
	scene_stop(&scene);
}

static void sound_alone_starts_at_any_frame_a_second_later(void **state)
{
	struct scene scene;
	char text[512];

	NEEDS_TEST_CLOCK();
	scene_start(&scene, *state);
	push_bytes(&scene, RTMP_MEDIA_AUDIO, 0, aac_head);
	push_bytes(&scene, RTMP_MEDIA_AUDIO, 20, aac_frame);
	tags(&scene, text);
	assert_string_equal(text, "");
	house_move_clock(*state, LIVE_AUDIO_ONLY_MS);
	push_bytes(&scene, RTMP_MEDIA_AUDIO, 40, aac_frame);
	tags(&scene, text);
	assert_true(str_starts(str_of(text), STR("flags4 8@0+4 ")));
	assert_true(str_ends(str_of(text), STR(" 8@40+5")));
	scene_stop(&scene);
}

static void what_is_no_media_is_dropped_and_a_large_configuration_not_kept(void **state)
{
	struct scene scene;
	char text[512];
	char *large = calloc(1, RTMP_INTRO_MAX + 1);

	scene_start(&scene, *state);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 0, avc_head);
	push(&scene, RTMP_MEDIA_VIDEO, 0, "\x17", 1);
	push(&scene, RTMP_MEDIA_AUDIO, 0, "\xaf", 1);
	memcpy(large, avc_head, sizeof avc_head);
	push(&scene, RTMP_MEDIA_VIDEO, 0, large, RTMP_INTRO_MAX + 1);
	push_bytes(&scene, RTMP_MEDIA_VIDEO, 40, avc_key);
	tags(&scene, text);
	assert_true(str_starts(str_of(text), STR("flags1 9@40+10")));
	scene_stop(&scene);
	free(large);
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_push_address_names_its_device),
		cmocka_unit_test(a_device_is_told_an_address_it_can_reach),
		cmocka_unit_test_in_house(viewers_get_head_configurations_and_frames_as_tags),
		cmocka_unit_test_in_house(times_that_jump_become_steady),
		cmocka_unit_test_in_house(a_changed_configuration_goes_to_those_who_watch),
		cmocka_unit_test_in_house(
			sound_or_facts_behind_a_key_frame_leave_it_to_those_who_come),
		cmocka_unit_test_in_house(sound_alone_starts_at_any_frame_a_second_later),
		cmocka_unit_test_in_house(
			what_is_no_media_is_dropped_and_a_large_configuration_not_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
