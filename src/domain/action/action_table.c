/* SPDX-License-Identifier: Apache-2.0 */
/* The actions of the device protocol; a row says everything about its case. */
#include "domain/action/action_private.h"

#define PRESET_MOST     128
#define NAME_MOST       64
#define CHANNEL_MOST    65535
#define PLAYERS_MOST    1000000
#define CRUISE_MOST     32
#define DWELL_S_MOST    3600
#define S3_TEXT_MOST    512
#define FILE_MOST       255
#define REASON_MOST     200
#define REPLAY_ID_MOST  128
#define SPEED_LEAST     0.25
#define SPEED_MOST      16
#define RECORDING_KINDS 255

#define REQUIRED    .is_required = true
#define RANGE(a, b) .least = (a), .most = (b)
#define OF(array)   .fields = (array), .count = COUNT_OF(array)
#define RTMP_URL    .most = ACTION_URL_MAX, .choices = { "rtmp://", "rtmps://" }
#define HTTP_URL    .most = ACTION_URL_MAX, .choices = { "http://", "https://" }

/* clang-format off */
static const struct field play_fields[] = {
	{ "url",     FIELD_URL, RTMP_URL },
	{ "players", FIELD_INT, RANGE(0, PLAYERS_MOST), .fallback = "1" },
};

static const struct field stop_fields[] = {
	{ "reason", FIELD_TEXT, RANGE(0, REASON_MOST) },
};

/* 0 up, 1 down, 2 left, 3 right, 4 left up, 5 left down, 6 right up, 7 right down, 8 closer,
 * 9 wider; 0 slow, 1 medium, 2 fast. */
static const struct field ptz_start_fields[] = {
	{ "direction", FIELD_INT, REQUIRED, RANGE(0, 9) },
	{ "speed",     FIELD_INT, RANGE(0, 2), .fallback = "1" },
};

static const struct field preset_set_fields[] = {
	{ "index", FIELD_INT,  REQUIRED, RANGE(1, PRESET_MOST) },
	{ "name",  FIELD_TEXT, RANGE(0, NAME_MOST) },
};

static const struct field preset_fields[] = {
	{ "index", FIELD_INT, REQUIRED, RANGE(1, PRESET_MOST) },
};

static const struct field capture_fields[] = {
	{ "url", FIELD_URL, HTTP_URL },
};

static const struct field read_item[] = {
	{ "item", FIELD_CHOICE, REQUIRED, .choices = { "config" } },
};

static const struct field day_item[] = {
	{ "day", FIELD_CHOICE, REQUIRED,
	  .choices = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
	               "sunday" } },
};

static const struct field period_fields[] = {
	{ "all_day", FIELD_BOOL, REQUIRED },
	{ "start",   FIELD_TIME },
	{ "end",     FIELD_TIME },
	{ "days",    FIELD_LIST, RANGE(0, 7), .rule = RULE_DISTINCT, OF(day_item) },
};

static const struct field cruise_fields[] = {
	{ "presets", FIELD_LIST, REQUIRED, RANGE(0, CRUISE_MOST), OF(preset_fields) },
	{ "dwell_s", FIELD_INT,  RANGE(1, DWELL_S_MOST) },
	{ "speed",   FIELD_INT,  RANGE(0, 2) },
};

static const struct field s3_fields[] = {
	{ "access_key",     FIELD_TEXT, REQUIRED, RANGE(1, S3_TEXT_MOST) },
	{ "secret_key",     FIELD_TEXT, REQUIRED, RANGE(1, S3_TEXT_MOST) },
	{ "url",            FIELD_TEXT, REQUIRED, RANGE(1, S3_TEXT_MOST) },
	{ "record_bucket",  FIELD_TEXT, REQUIRED, RANGE(1, S3_TEXT_MOST) },
	{ "picture_bucket", FIELD_TEXT, REQUIRED, RANGE(1, S3_TEXT_MOST) },
};

static const struct field config_fields[] = {
	{ "image.flip",        FIELD_BOOL },
	{ "image.day_night",   FIELD_CHOICE, .choices = { "day", "night", "auto" } },
	{ "image.watermark",   FIELD_BOOL },
	{ "alarm.motion",      FIELD_BOOL },
	{ "alarm.sensitivity", FIELD_CHOICE, .choices = { "high", "medium", "low" } },
	{ "alarm.period",      FIELD_OBJECT, .rule = RULE_PERIOD, OF(period_fields) },
	{ "alarm.interval_s",  FIELD_INT,    RANGE(3, 60), .choices = { "3", "5", "10", "30", "60" } },
	{ "alarm.person",      FIELD_BOOL },
	{ "ptz.cruise",        FIELD_OBJECT, OF(cruise_fields) },
	{ "storage.mode",      FIELD_CHOICE, .choices = { "continuous", "triggered" } },
	{ "storage.s3",        FIELD_OBJECT, OF(s3_fields) },
	{ "storage.activate",  FIELD_INT,    RANGE(0, 1) },
};

static const struct field write_fields[] = {
	{ "config", FIELD_OBJECT, REQUIRED, .rule = RULE_SOME, OF(config_fields) },
};

/* No type: recordings of every type. */
static const struct field segment_fields[] = {
	{ "start",   FIELD_DATE, REQUIRED },
	{ "end",     FIELD_DATE, REQUIRED },
	{ "channel", FIELD_INT,  RANGE(1, CHANNEL_MOST), .fallback = "1" },
	{ "stream",  FIELD_INT,  RANGE(0, 1), .fallback = "0" },
	{ "type",    FIELD_INT,  RANGE(1, RECORDING_KINDS) },
};

static const struct field replay_fields[] = {
	{ "id",     FIELD_TEXT,   REQUIRED, RANGE(1, REPLAY_ID_MOST) },
	{ "speed",  FIELD_NUMBER, RANGE(SPEED_LEAST, SPEED_MOST) },
	{ "seek",   FIELD_DATE },
	{ "pause",  FIELD_MARK },
	{ "resume", FIELD_MARK },
	{ "stop",   FIELD_MARK },
};

static const struct field upload_fields[] = {
	{ "url",  FIELD_URL,  HTTP_URL },
	{ "file", FIELD_TEXT, REQUIRED, RANGE(1, FILE_MOST) },
};

const struct action action_rows[] = {
	{ "play",          "play",    NULL,     NULL,   "play",    true, false,
	  { "play",    FIELD_OBJECT, OF(play_fields) } },
	{ "stop",          "stop",    NULL,     NULL,   "play",    true, false,
	  { "stop",    FIELD_OBJECT, OF(stop_fields) } },
	{ "ptz.start",     "ptz",     "start",  NULL,   "ptz",     true, false,
	  { "start",   FIELD_OBJECT, OF(ptz_start_fields) } },
	{ "ptz.stop",      "ptz",     "stop",   NULL,   "ptz",     true, false,
	  { "stop",    FIELD_OBJECT } },
	{ "preset.set",    "preset",  "set",    NULL,   "preset",  true, false,
	  { "set",     FIELD_OBJECT, OF(preset_set_fields) } },
	{ "preset.list",   "preset",  "list",   "read", "preset",  true, false,
	  { "list",    FIELD_OBJECT } },
	{ "preset.goto",   "preset",  "goto",   NULL,   "preset",  true, false,
	  { "goto",    FIELD_OBJECT, OF(preset_fields) } },
	{ "preset.remove", "preset",  "remove", NULL,   "preset",  true, false,
	  { "remove",  FIELD_OBJECT, OF(preset_fields) } },
	{ "capture",       "capture", NULL,     NULL,   "capture", true, false,
	  { "capture", FIELD_OBJECT, OF(capture_fields) } },
	{ "read",          "read",    NULL,     NULL,   "config",  true, false,
	  { "read",    FIELD_LIST, RANGE(1, 1), OF(read_item) } },
	{ "write",         "write",   NULL,     NULL,   "config",  true, false,
	  { "write",   FIELD_OBJECT, OF(write_fields) } },
	{ "segment.find",  "segment", "find",   NULL,   "replay",  true, true,
	  { "find",    FIELD_OBJECT, .rule = RULE_SPAN, OF(segment_fields) } },
	{ "replay",        "replay",  NULL,     NULL,   "replay",  true, false,
	  { "replay",  FIELD_OBJECT, .rule = RULE_ONE, OF(replay_fields) } },
	{ "upload",        "upload",  NULL,     NULL,   "upload",  true, false,
	  { "upload",  FIELD_OBJECT, OF(upload_fields) } },
};
/* clang-format on */
const size_t action_row_count = COUNT_OF(action_rows);
