/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#define LOG_TEXT_MAX 1024

/* The log's sink: one of the few mutable globals, set once before threads start. */
static struct {
	const char *label;
	enum log_level least;
	bool is_json;
} sink = { "vigil", LOG_INFO, false };

static const char *const level_names[] = { "debug", "info", "warn", "error" };

void log_start(const char *label, enum log_level least, bool is_json)
{
	sink.label = label;
	sink.least = least;
	sink.is_json = is_json;
}

bool log_is_on(enum log_level level)
{
	return level >= sink.least;
}

/* Bytes of the well-formed character at `text`, or 0. */
static size_t character_size(const char *text)
{
	unsigned char lead = (unsigned char)*text;
	size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	return str_is_utf8((struct str){ text, size }) ? size : 0;
}

/* One line stays one line, whatever a peer put into a name. */
static size_t add_escaped(char *to, size_t room, const char *text, bool is_json)
{
	size_t size = 0;

	while (*text && size + 7 < room) {
		unsigned char c = (unsigned char)*text;
		size_t taken = character_size(text);
		if (is_json && (c == '"' || c == '\\')) {
			to[size++] = '\\';
			to[size++] = (char)c;
		} else if (c < 0x20 || c == 0x7f || !taken) {
			size += (size_t)snprintf(to + size, room - size, "\\u%04x", c);
		} else {
			memcpy(to + size, text, taken);
			size += taken;
		}
		text += taken ? taken : 1;
	}
	to[size] = '\0';
	return size;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
	char text[LOG_TEXT_MAX], clean[LOG_TEXT_MAX * 2], line[LOG_TEXT_MAX * 2 + 256];
	char when[CLOCK_TEXT_SIZE];
	va_list args;

	if (!log_is_on(level))
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	(void)add_escaped(clean, sizeof clean, text, sink.is_json);
	clock_format(clock_now_ms(), when);

	int size = snprintf(line, sizeof line,
	                    sink.is_json ? "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\","
	                                   "\"event\":\"%s\",\"detail\":\"%s\"}\n"
	                                 : "%s %-5s %s %s %s\n",
	                    when, level_names[level], sink.label, event, clean);
	if (size < 0)
		return;
	size_t length = (size_t)size < sizeof line ? (size_t)size : sizeof line - 1;
	ssize_t written = write(STDERR_FILENO, line, length);
	(void)written; /* there is nowhere to complain */
}
