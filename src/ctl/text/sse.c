/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/text/sse.h"

#define SSE_RETRY_MS_MAX 3600000

void sse_init(struct sse *sse)
{
	*sse = (struct sse){ 0 };
	buf_init(&sse->line, SSE_LINE_MAX);
	buf_init(&sse->text, SSE_TEXT_MAX);
}

void sse_done(struct sse *sse)
{
	buf_done(&sse->line);
	buf_done(&sse->text);
}

static void forget_event(struct sse *sse)
{
	buf_clear(&sse->text);
	sse->type[0] = '\0';
	sse->has_text = false;
}

void sse_restart(struct sse *sse)
{
	buf_clear(&sse->line);
	forget_event(sse);
	memcpy(sse->id, sse->cursor, sizeof sse->id);
	sse->is_started = sse->is_after_cr = false;
	sse->err = ERR_OK;
}

static void set_text(struct sse *sse, struct str value)
{
	if (sse->has_text)
		buf_add_u8(&sse->text, '\n');
	sse->has_text = true;
	buf_add_str(&sse->text, value);
}

static void set_type(struct sse *sse, struct str value)
{
	value.size = value.size > SSE_TYPE_MAX ? SSE_TYPE_MAX : value.size;
	(void)str_copy(value, sse->type, sizeof sse->type);
}

static void set_id(struct sse *sse, struct str value)
{
	if (value.size <= SSE_CURSOR_MAX && str_index(value, '\0') == value.size)
		(void)str_copy(value, sse->id, sizeof sse->id);
}

static void set_retry(struct sse *sse, struct str value)
{
	int64_t ms = 0;

	if (str_to_i64(value, 0, SSE_RETRY_MS_MAX, &ms) == ERR_OK)
		sse->retry_ms = ms;
}

/* clang-format off */
static const struct {
	const char *name;
	void (*set)(struct sse *sse, struct str value);
} fields[] = {
	{ "data",  set_text },
	{ "event", set_type },
	{ "id",    set_id },
	{ "retry", set_retry },
};
/* clang-format on */

static void dispatch(struct sse *sse, sse_event_fn on_event, void *owner)
{
	memcpy(sse->cursor, sse->id, sizeof sse->cursor);
	struct sse_event event = {
		.type = sse->type[0] ? str_of(sse->type) : STR("message"),
		.cursor = str_of(sse->cursor),
		.text = buf_str(&sse->text),
	};

	if (sse->has_text && buf_err(&sse->text) == ERR_OK)
		on_event(owner, &event);
}

static void take_line(struct sse *sse, sse_event_fn on_event, void *owner)
{
	struct str line = buf_str(&sse->line);

	if (!sse->is_started && str_starts(line, STR("\xef\xbb\xbf")))
		line = str_from(line, 3);
	sse->is_started = true;
	if (line.size == 0) {
		dispatch(sse, on_event, owner);
		forget_event(sse);
		return;
	}
	size_t colon = str_index(line, ':');
	struct str name = { line.at, colon };
	struct str value = str_from(line, colon + 1);
	if (str_starts(value, STR(" ")))
		value = str_from(value, 1);
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (str_equal(name, str_of(fields[i].name)))
			fields[i].set(sse, value);
}

enum err sse_feed(struct sse *sse, struct str bytes, sse_event_fn on_event, void *owner)
{
	for (size_t i = 0; i < bytes.size && sse->err == ERR_OK; i++) {
		char c = bytes.at[i];
		bool is_second = c == '\n' && sse->is_after_cr;

		sse->is_after_cr = c == '\r';
		if (is_second)
			continue;
		if (c == '\n' || c == '\r') {
			take_line(sse, on_event, owner);
			buf_clear(&sse->line);
		} else {
			buf_add_u8(&sse->line, (uint8_t)c);
		}
		sse->err =
			buf_err(&sse->line) != ERR_OK ? buf_err(&sse->line) : buf_err(&sse->text);
	}
	return sse->err;
}
