/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http/answer.h"

#include "base/mem.h"
#include "proto/http/head.h"

static const struct {
	int status;
	const char *text;
} statuses[] = {
	{ 200, "OK" },
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Content" },
	{ 426, "Upgrade Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

const char *http_status_text(int status)
{
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		if (statuses[i].status == status)
			return statuses[i].text;
	}
	return "Unknown";
}

void http_answer_status(struct buf *out, int status)
{
	char line[] = "HTTP/1.1 000 ";

	line[9] = (char)('0' + status / 100 % 10);
	line[10] = (char)('0' + status / 10 % 10);
	line[11] = (char)('0' + status % 10);
	buf_add(out, line, sizeof line - 1);
	buf_add_text(out, http_status_text(status));
	buf_add(out, "\r\n", 2);
}

enum err http_answer_field(struct buf *out, const char *name, struct str value)
{
	struct str field = str_of(name);

	if (!http_is_token(field))
		return ERR_INVALID;
	for (size_t i = 0; i < value.size; i++) {
		uint8_t c = (uint8_t)value.at[i];
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return ERR_INVALID;
	}
	buf_add_str(out, field);
	buf_add(out, ": ", 2);
	buf_add_str(out, value);
	buf_add(out, "\r\n", 2);
	return buf_err(out);
}

void http_answer_length(struct buf *out, uint64_t length)
{
	char digits[20];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + length % 10);
	while ((length /= 10) > 0);
	buf_add(out, "Content-Length: ", 16);
	buf_add(out, digits + at, sizeof digits - at);
	buf_add(out, "\r\n", 2);
}
