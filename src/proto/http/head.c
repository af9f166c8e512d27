/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http/head.h"

#include "base/mem.h"

/* A request line is a method, a target and " HTTP/1.1": what it may take beside the target. */
#define REQUEST_LINE_EXTRA 64

enum byte_kind { BYTE_TOKEN = 1, BYTE_TARGET = 2, BYTE_VALUE = 4 };

#define T BYTE_TOKEN
#define R BYTE_TARGET
#define V BYTE_VALUE
/* clang-format off */
/* RFC 9110 §5.6.2 token, RFC 9112 §3.2 target (without '#', quotes, brackets and backslash, which
 * no URI has), RFC 9110 §5.5 field value. Bytes of 0x80 and above are values only. */
static const uint8_t byte_kinds[128] = {
	['\t'] = V, [' '] = V,
	['!'] = T|R|V, ['"'] = V, ['#'] = T|V, ['$'] = T|R|V, ['%'] = T|R|V, ['&'] = T|R|V,
	['\''] = T|R|V, ['('] = R|V, [')'] = R|V, ['*'] = T|R|V, ['+'] = T|R|V, [','] = R|V,
	['-'] = T|R|V, ['.'] = T|R|V, ['/'] = R|V,
	['0' ... '9'] = T|R|V, [':'] = R|V, [';'] = R|V, ['<'] = V, ['='] = R|V, ['>'] = V,
	['?'] = R|V, ['@'] = R|V, ['A' ... 'Z'] = T|R|V, ['['] = R|V, ['\\'] = V, [']'] = R|V,
	['^'] = T|R|V, ['_'] = T|R|V, ['`'] = T|R|V, ['a' ... 'z'] = T|R|V, ['{'] = R|V,
	['|'] = T|R|V, ['}'] = R|V, ['~'] = T|R|V,
};
/* clang-format on */
#undef T
#undef R
#undef V

static const char *const method_texts[HTTP_METHOD_COUNT] = {
	[HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
	[HTTP_OPTIONS] = "OPTIONS",
};

/* What the fields of one head have said so far. */
struct reading {
	struct http_head *head;
	unsigned host_count, length_count, coding_count;
	bool has_close, has_keep_alive, has_upgrade;
	struct str host, upgrade;
};

static bool is_all(struct str text, enum byte_kind kind)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = (uint8_t)text.at[i];
		if (c >= 128 ? kind != BYTE_VALUE : !(byte_kinds[c] & kind))
			return false;
	}
	return true;
}

static enum err refuse(int *status, int code)
{
	*status = code;
	if (code == 400)
		return ERR_MALFORMED;
	return code == 413 || code == 414 || code == 431 ? ERR_TOO_LARGE : ERR_UNSUPPORTED;
}

static size_t limit(size_t wanted, size_t most)
{
	return wanted ? wanted : most;
}

const char *http_method_text(enum http_method method)
{
	return method < HTTP_METHOD_COUNT ? method_texts[method] : "?";
}

enum err http_method_find(struct str text, enum http_method *out)
{
	for (size_t i = 0; i < HTTP_METHOD_COUNT; i++) {
		if (str_equal(text, str_of(method_texts[i]))) {
			*out = (enum http_method)i;
			return ERR_OK;
		}
	}
	return ERR_UNSUPPORTED;
}

bool http_is_token(struct str text)
{
	return text.size > 0 && is_all(text, BYTE_TOKEN);
}

bool http_list_has(struct str list, const char *token)
{
	struct str part;

	while (str_cut(&list, ',', &part)) {
		if (str_equal_nocase(str_trim(part), str_of(token)))
			return true;
	}
	return false;
}

struct str http_head_get(const struct http_head *head, const char *name)
{
	struct str wanted = str_of(name);

	for (size_t i = 0; i < head->header_count; i++) {
		if (head->headers[i].name.size == wanted.size &&
		    str_equal_nocase(head->headers[i].name, wanted))
			return head->headers[i].value;
	}
	return (struct str){ 0 };
}

enum err http_head_find(const uint8_t *bytes, size_t size, const struct http_limits *limits,
                        struct http_scan *scan, size_t *out_size, int *out_status)
{
	size_t head_bytes = limit(limits->head_bytes, HTTP_HEAD_BYTES_MAX);
	size_t target_bytes = limit(limits->target_bytes, HTTP_TARGET_BYTES_MAX);

	if (size > 0 && bytes[0] != '\r' &&
	    !is_all((struct str){ (const char *)bytes, 1 }, BYTE_TOKEN))
		return refuse(out_status, 400);
	while (scan->at < size) {
		const uint8_t *end = memchr(bytes + scan->at, '\n', size - scan->at);
		if (!end) {
			scan->at = size;
			break;
		}
		size_t at = (size_t)(end - bytes);
		if (at == scan->line || end[-1] != '\r')
			return refuse(out_status, 400);
		/* One empty line may stand in front (RFC 9112 §2.2). */
		if (at - scan->line == 1 && scan->line > 0) {
			if (at + 1 > head_bytes)
				return refuse(out_status, 431);
			*out_size = at + 1;
			return ERR_OK;
		}
		scan->line = scan->at = at + 1;
	}
	if (scan->line <= 2 && size - scan->line > target_bytes + REQUEST_LINE_EXTRA)
		return refuse(out_status, 414);
	if (size >= head_bytes)
		return refuse(out_status, scan->line <= 2 ? 414 : 431);
	return ERR_MORE;
}

static bool is_host(struct str host)
{
	struct str name = host, port = { 0 };

	if (str_starts(host, STR("["))) {
		size_t end = str_index(host, ']');
		name = (struct str){ host.at + 1, end > 0 ? end - 1 : 0 };
		if (end == host.size || !str_is_word(name, ":."))
			return false;
		port = str_from(host, end + 1);
	} else {
		size_t colon = str_index(host, ':');
		name.size = colon;
		port = str_from(host, colon);
		if (!str_is_word(name, "-._~"))
			return false;
	}
	uint64_t number;
	if (name.size == 0)
		return false;
	return port.size == 0 || (port.at[0] == ':' && port.size <= 6 &&
	                          str_to_u64(str_from(port, 1), UINT16_MAX, &number) == ERR_OK);
}

/* "http://host/path" (RFC 9112 §3.2.2): its authority wins over Host. */
static enum err read_absolute(struct http_head *head)
{
	size_t scheme = str_index(head->target, ':');
	struct str name = { head->target.at, scheme };
	struct str rest = str_from(head->target, scheme);

	if ((!str_equal_nocase(name, STR("http")) && !str_equal_nocase(name, STR("https"))) ||
	    !str_starts(rest, STR("://")))
		return ERR_MALFORMED;
	rest = str_from(rest, 3);
	size_t end = 0;
	while (end < rest.size && rest.at[end] != '/' && rest.at[end] != '?')
		end++;
	head->host = (struct str){ rest.at, end };
	head->path = str_from(rest, end);
	return is_host(head->host) ? ERR_OK : ERR_MALFORMED;
}

static enum err read_target(struct http_head *head)
{
	if (head->target.size == 0 || !is_all(head->target, BYTE_TARGET))
		return ERR_MALFORMED;
	if (str_equal(head->target, STR("*"))) {
		head->path = head->target;
		return head->method == HTTP_OPTIONS ? ERR_OK : ERR_MALFORMED;
	}
	head->path = head->target;
	if (head->target.at[0] != '/') {
		enum err err = read_absolute(head);
		if (err != ERR_OK)
			return err;
	}
	size_t mark = str_index(head->path, '?');
	if (mark < head->path.size) {
		head->query = (struct str){ head->path.at + mark + 1, head->path.size - mark - 1 };
		head->path.size = mark;
	}
	if (head->path.size == 0)
		head->path = STR("/");
	return ERR_OK;
}

static enum err read_request_line(struct str line, const struct http_limits *limits,
                                  struct http_head *head)
{
	size_t space = str_index(line, ' ');
	struct str method = { line.at, space };
	struct str rest = str_from(line, space + 1);
	size_t last = rest.size;

	while (last > 0 && rest.at[last - 1] != ' ')
		last--;
	struct str version = str_from(rest, last);
	if (!http_is_token(method) || last < 2 || version.size != 8 ||
	    !str_starts(version, STR("HTTP/")) || version.at[6] != '.' || version.at[5] < '0' ||
	    version.at[5] > '9' || version.at[7] < '0' || version.at[7] > '9')
		return refuse(&head->status, 400);
	if (version.at[5] != '1')
		return refuse(&head->status, 505);
	if (http_method_find(method, &head->method) != ERR_OK)
		return refuse(&head->status, 501);
	/* A later 1.x is answered as 1.1 (RFC 9110 §2.5). */
	head->minor = version.at[7] == '0' ? 0 : 1;
	head->target = (struct str){ rest.at, last - 1 };
	if (head->target.size > limit(limits->target_bytes, HTTP_TARGET_BYTES_MAX))
		return refuse(&head->status, 414);
	return read_target(head) == ERR_OK ? ERR_OK : refuse(&head->status, 400);
}

static int take_host(struct reading *reading, struct str value)
{
	reading->host = value;
	return ++reading->host_count == 1 && is_host(value) ? 0 : 400;
}

static int take_length(struct reading *reading, struct str value)
{
	uint64_t length;

	/* A list of equal lengths is one reading too many for somebody in the chain. */
	if (++reading->length_count > 1 || str_to_u64(value, INT64_MAX, &length) != ERR_OK)
		return 400;
	reading->head->content_length = (int64_t)length;
	return 0;
}

static int take_coding(struct reading *reading, struct str value)
{
	if (++reading->coding_count > 1)
		return 400;
	if (!str_equal_nocase(value, STR("chunked")))
		return http_list_has(value, "chunked") ? 400 : 501;
	reading->head->is_chunked = true;
	return 0;
}

static int take_connection(struct reading *reading, struct str value)
{
	reading->has_close |= http_list_has(value, "close");
	reading->has_keep_alive |= http_list_has(value, "keep-alive");
	reading->has_upgrade |= http_list_has(value, "upgrade");
	return 0;
}

static int take_expect(struct reading *reading, struct str value)
{
	if (!str_equal_nocase(value, STR("100-continue")))
		return 417;
	reading->head->is_continue_expected = true;
	return 0;
}

static int take_upgrade(struct reading *reading, struct str value)
{
	reading->upgrade = value;
	return 0;
}

static const struct {
	struct str name;
	int (*take)(struct reading *reading,
	            struct str value); /* the status to refuse with, or 0 */
} known_fields[] = {
	{ { "Host", 4 }, take_host },
	{ { "Content-Length", 14 }, take_length },
	{ { "Transfer-Encoding", 17 }, take_coding },
	{ { "Connection", 10 }, take_connection },
	{ { "Expect", 6 }, take_expect },
	{ { "Upgrade", 7 }, take_upgrade },
};

static int read_field(struct reading *reading, struct str line, size_t headers_max)
{
	struct http_head *head = reading->head;
	size_t colon = str_index(line, ':');
	struct str name = { line.at, colon };

	/* A name with a space in front or behind, and so a folded line, is no token. */
	if (colon == line.size || !http_is_token(name))
		return 400;
	struct str value = str_trim(str_from(line, colon + 1));
	if (!value.at)
		value = STR("");
	if (!is_all(value, BYTE_VALUE))
		return 400;
	if (head->header_count >= headers_max)
		return 431;
	head->headers[head->header_count++] = (struct http_header){ name, value };
	for (size_t i = 0; i < COUNT_OF(known_fields); i++) {
		if (name.size == known_fields[i].name.size &&
		    str_equal_nocase(name, known_fields[i].name))
			return known_fields[i].take(reading, value);
	}
	return 0;
}

static int finish(struct reading *reading)
{
	struct http_head *head = reading->head;

	if (head->minor > 0 ? reading->host_count != 1 : reading->host_count > 1)
		return 400;
	if (reading->coding_count > 0 && (reading->length_count > 0 || head->minor == 0))
		return 400;
	if (!head->host.at)
		head->host = reading->host;
	if (head->minor == 0)
		head->is_continue_expected = false;
	else if (reading->has_upgrade)
		head->upgrade = reading->upgrade;
	head->is_keep_alive = !reading->has_close && (head->minor > 0 || reading->has_keep_alive);
	return 0;
}

/* The next line without its CRLF; the bytes were found to be made of such lines. */
static bool cut_line(struct str *rest, struct str *line)
{
	const char *end = rest->size ? memchr(rest->at, '\n', rest->size) : NULL;

	if (!end || end == rest->at || end[-1] != '\r')
		return false;
	size_t size = (size_t)(end - rest->at);
	*line = (struct str){ rest->at, size - 1 };
	*rest = str_from(*rest, size + 1);
	return true;
}

enum err http_head_parse(const uint8_t *bytes, size_t size, const struct http_limits *limits,
                         struct http_head *head)
{
	struct str rest = { (const char *)bytes, size }, line;
	struct reading reading = { .head = head };
	size_t headers_max = limit(limits->headers, HTTP_HEADERS_MAX);

	memset(head, 0, offsetof(struct http_head, headers));
	head->content_length = -1;
	if (headers_max > HTTP_HEADERS_MAX)
		headers_max = HTTP_HEADERS_MAX;
	if (str_starts(rest, STR("\r\n")))
		rest = str_from(rest, 2);
	if (!cut_line(&rest, &line))
		return refuse(&head->status, 400);
	enum err err = read_request_line(line, limits, head);
	while (err == ERR_OK) {
		int status = cut_line(&rest, &line) ? 0 : 400;
		if (status == 0 && line.size == 0)
			break;
		if (status == 0)
			status = read_field(&reading, line, headers_max);
		if (status != 0)
			return refuse(&head->status, status);
	}
	if (err != ERR_OK)
		return err;
	int status = rest.size == 0 ? finish(&reading) : 400;
	return status == 0 ? ERR_OK : refuse(&head->status, status);
}

enum err http_head_read(const uint8_t *bytes, size_t size, const struct http_limits *limits,
                        struct http_head *head, size_t *out_size)
{
	struct http_scan scan = { 0 };
	size_t head_size;

	head->status = 0;
	enum err err = http_head_find(bytes, size, limits, &scan, &head_size, &head->status);
	if (err == ERR_OK)
		err = http_head_parse(bytes, head_size, limits, head);
	if (err == ERR_OK)
		*out_size = head_size;
	return err;
}
