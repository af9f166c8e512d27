/* SPDX-License-Identifier: Apache-2.0 */
/* Where the picture is in what the ring holds. */
#include "endpoints/live/thumbnail_endpoint.h"
#include "proto/flv/flv.h"
#include "tests/unit/unit.h"

static void add_tag(struct buf *out, enum flv_kind kind, const char *body, size_t size)
{
	uint8_t head[FLV_TAG_HEAD_SIZE], tail[FLV_TAG_TAIL_SIZE];

	flv_write_tag_head(head, kind, 40, size);
	flv_write_tag_tail(tail, size);
	buf_add(out, head, sizeof head);
	buf_add(out, body, size);
	buf_add(out, tail, sizeof tail);
}

static void add_file_head(struct buf *out)
{
	uint8_t head[FLV_HEADER_SIZE];

	flv_write_header(head, true, true);
	buf_add(out, head, sizeof head);
}

#define ADD(out, kind, body) add_tag(out, kind, body, sizeof(body) - 1)

static void each_codec_is_found_with_its_configuration(void **state)
{
	static const struct {
		const char *config, *frame; /* bodies of 9 bytes: 5 before the payload */
		enum media_codec codec;
	} cases[] = {
		{ "\x17\x00\x00\x00\x00"
		  "conf",
		  "\x17\x01\x00\x00\x00"
		  "pict",
		  MEDIA_H264 },
		{ "\x1C\x00\x00\x00\x00"
		  "conf",
		  "\x1C\x01\x00\x00\x00"
		  "pict",
		  MEDIA_H265 },
		{ "\x90"
		  "hvc1"
		  "conf",
		  "\x93"
		  "hvc1"
		  "pict",
		  MEDIA_H265 },
		{ "\x90"
		  "av01"
		  "conf",
		  "\x91"
		  "av01"
		  "pict",
		  MEDIA_AV1 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		AUTO_BUF intro = { 0 };
		AUTO_BUF unit = { 0 };
		struct media_picture picture;
		buf_init(&intro, 1024);
		buf_init(&unit, 1024);
		add_file_head(&intro);
		ADD(&intro, FLV_SCRIPT, "\x02script");
		add_tag(&intro, FLV_VIDEO, cases[i].config, 9);
		ADD(&intro, FLV_AUDIO, "\xAF\x00\x12\x10");
		add_tag(&unit, FLV_VIDEO, cases[i].frame, 9);
		ADD(&unit, FLV_VIDEO, "\x27\x01\x00\x00\x00next");
		assert_ok(thumbnail_read_flv(buf_str(&intro), buf_str(&unit), &picture, NULL));
		assert_int_equal(picture.codec, cases[i].codec);
		assert_str(picture.config, "conf");
		assert_str(picture.frame, "pict");
	}
}

static void what_is_no_picture_is_told(void **state)
{
	static const struct {
		enum flv_kind kind;
		const char *body;
		enum err err;
		const char *words;
	} cases[] = {
		{ FLV_AUDIO, "\xAF\x01sound", ERR_UNSUPPORTED, "the stream has sound only" },
		{ FLV_VIDEO, "\x91vp09frm", ERR_UNSUPPORTED,
		  "vigil-media has no decoder for vp09" },
		{ FLV_VIDEO,
		  "\x27\x01"
		  "aaano",
		  ERR_MALFORMED, "no picture comes out of the key frame" },
		{ FLV_VIDEO, "\x17", ERR_MALFORMED, "no picture comes out of the key frame" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		AUTO_BUF unit = { 0 };
		struct media_picture picture;
		struct why why = { 0 };
		buf_init(&unit, 1024);
		add_tag(&unit, cases[i].kind, cases[i].body, strlen(cases[i].body));
		assert_err(thumbnail_read_flv(STR(""), buf_str(&unit), &picture, &why),
		           cases[i].err);
		assert_string_equal(why.text, cases[i].words);
	}
}

static void what_is_cut_anywhere_is_told(void **state)
{
	AUTO_BUF intro = { 0 };
	AUTO_BUF unit = { 0 };
	struct media_picture picture;

	buf_init(&intro, 1024);
	buf_init(&unit, 1024);
	add_file_head(&intro);
	ADD(&intro, FLV_VIDEO,
	    "\x17\x00\x00\x00\x00"
	    "conf");
	ADD(&unit, FLV_VIDEO,
	    "\x17\x01\x00\x00\x00"
	    "pict");
	for (size_t size = 0; size < unit.size; size++)
		assert_err(thumbnail_read_flv(buf_str(&intro),
		                              (struct str){ (char *)unit.at, size }, &picture,
		                              NULL),
		           ERR_MALFORMED);
	for (size_t size = 0; size < intro.size; size++) {
		assert_ok(thumbnail_read_flv((struct str){ (char *)intro.at, size }, buf_str(&unit),
		                             &picture, NULL));
		assert_int_equal(picture.config.size, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_codec_is_found_with_its_configuration),
		cmocka_unit_test(what_is_no_picture_is_told),
		cmocka_unit_test(what_is_cut_anywhere_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
