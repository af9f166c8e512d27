/* SPDX-License-Identifier: Apache-2.0 */
/* What a device's answer means: the codes, and the words for them. */
#include <stdint.h>

#include "domain/action/action_private.h"
#include "domain/reason.h"

#define OWN_WORDS_MAX (WHY_TEXT_MAX - 1)

/* clang-format off */
static const struct {
	int code;
	const char *words;
	const char *printed;
} codes[] = {
	{ 60000, "The device has no PTZ",                            "该设备不支持云台控制" },
	{ 60001, "No permission to control this device's PTZ",       "没有云台控制权限" },
	{ 60002, "The device has reached its upper limit",           "设备云台旋转达到上限位" },
	{ 60003, "The device has reached its lower limit",           "设备云台旋转达到下限位" },
	{ 60004, "The device has reached its left limit",            "设备云台旋转达到左限位" },
	{ 60005, "The device has reached its right limit",           "设备云台旋转达到右限位" },
	{ 60006, "The operation failed, try again later",            "云台当前操作失败,请稍后再试" },
	{ 60007, "The device holds as many presets as it can",       "预置点个数超过最大值" },
	{ 60009, "The device is on its way to a preset",             "正在调用预置点" },
	{ 60010, "The device is at this preset already",             "该预置点已经是当前位置" },
	{ 60011, "There is no such preset",                          "预置点不存在" },
	{ 60020, "The device does not support this command",         "不支持该命令" },
};
/* clang-format on */

const char *action_code_words(int code)
{
	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (codes[i].code == code)
			return codes[i].words;
	return NULL;
}

void action_codes_write(bool is_printed, struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		buf_printf(out, "%s\"%d\":", i ? "," : "{", codes[i].code);
		json_add_quoted(out, str_of(is_printed ? codes[i].printed : codes[i].words));
	}
	buf_add_text(out, "}");
}

/* A number, or such a number as text; an absent one is success (the answer of preset.list). */
static enum err read_code(const json_t *json, int *out)
{
	int64_t code = 0;

	if (json_is_integer(json))
		code = json_integer_value(json);
	else if (json_is_string(json) &&
	         str_to_i64((struct str){ json_string_value(json), json_string_length(json) },
	                    INT32_MIN, INT32_MAX, &code) != ERR_OK)
		return ERR_MALFORMED;
	else if (json && !json_is_string(json))
		return ERR_MALFORMED;
	if (code < INT32_MIN || code > INT32_MAX)
		return ERR_MALFORMED;
	*out = code == ACTION_CODE_PRESETS_FULL_ALSO ? ACTION_CODE_PRESETS_FULL : (int)code;
	return ERR_OK;
}

/* The device's own words; what is no printable text becomes blank. */
static void own_words(struct str words, int code, char out[WHY_TEXT_MAX])
{
	words = str_trim(words);
	if (words.size == 0 || !str_is_utf8(words)) {
		(void)snprintf(out, WHY_TEXT_MAX, "The device refused with code %d", code);
		return;
	}
	words = field_cut(words, OWN_WORDS_MAX);
	memcpy(out, words.at, words.size);
	out[words.size] = 0;
	for (size_t i = 0; i < words.size; i++)
		if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
			out[i] = ' ';
}

/* The member with the action's name, or the only one there is; below it the method's level, where
 * that one holds the code. */
static const json_t *find_answer(const struct action *action, const json_t *result)
{
	const json_t *answer = json_object_get(result, action->top);
	void *first = json_object_iter((json_t *)(uintptr_t)result);

	if (!answer && json_object_size(result) == 1)
		answer = json_object_iter_value(first);
	if (!action->method || json_object_get(answer, "code"))
		return answer;
	const json_t *inner = json_object_get(answer, action->method);
	return json_object_get(inner, "code") ? inner : answer;
}

enum err action_check_answer(const struct action *action, const json_t *result, struct why *why)
{
	const json_t *answer = find_answer(action, result);
	char words[WHY_TEXT_MAX];
	int code = 0;

	if (why)
		*why = (struct why){ 0 };
	if (!json_is_object(answer))
		return why_set_reason(why, ERR_MALFORMED, REASON_NONE, action->top,
		                      "%s: the device's answer is no object", action->top);
	if (read_code(json_object_get(answer, "code"), &code) != ERR_OK)
		return why_set_reason(why, ERR_MALFORMED, REASON_NONE, "code",
		                      "code: the device's answer holds no number here");
	if (code == 0)
		return ERR_OK;
	if (action_code_words(code))
		(void)snprintf(words, sizeof words, "%s", action_code_words(code));
	else
		own_words(json_member_str(answer, "error"), code, words);
	enum err err = why_set_reason(why, ERR_CONFLICT, REASON_DEVICE_REFUSED, NULL, "%s", words);
	if (why)
		why->code = code;
	if (code != ACTION_CODE_ALREADY_THERE)
		return err;
	if (why)
		*why = (struct why){ .code = code };
	return ERR_OK;
}
