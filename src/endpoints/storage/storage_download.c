/* SPDX-License-Identifier: Apache-2.0 */
/* A file goes out: found by its name, read block by block as the client takes it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "endpoints/storage/storage_private.h"
#include "proto/http/date.h"
#include "proto/http/fields.h"
#include "proto/http/url.h"

#define TAG_SIZE 40

struct sending {
	struct file_find find;
	struct file_reader reader;
	struct storage_endpoint *endpoint;
	struct request *req;
	struct http_range range; /* what is left to be read */
	bool is_part, is_begun, is_waiting, is_gone;
	size_t held; /* bytes of the block that were read and not sent */
	uint8_t block[DOWNLOAD_BLOCK_BYTES];
};

static void sending_free(struct sending *sending)
{
	(void)atomic_fetch_sub(&sending->endpoint->downloads, 1);
	file_reader_close(&sending->reader);
	free(sending);
}

/* However far it is: the request gets its end, and nobody may be there to see it. */
static void end(struct sending *sending, enum err err)
{
	struct request *req = sending->req;

	if (!sending->is_begun)
		api_problem(req, err == ERR_OK ? ERR_CLOSED : err, NULL);
	else if (err == ERR_OK)
		response_end(req);
	else
		response_abort(req);
	sending_free(sending);
}

static const struct {
	const char *ending, *type;
} types[] = {
	{ ".jpeg", "image/jpeg" },     { ".jpg", "image/jpeg" },
	{ ".mp4", "video/mp4" },       { ".flv", "video/x-flv" },
	{ ".ts", "video/mp2t" },       { ".mkv", "video/x-matroska" },
	{ ".avi", "video/x-msvideo" }, { ".mov", "video/quicktime" },
};

/* Nothing a device stored is ever a page, a script or a drawing of ours. */
static const char *type_of(const struct file_facts *facts)
{
	struct str name = str_of(facts->name);

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		struct str ending = str_of(types[i].ending);
		if (name.size > ending.size &&
		    str_equal_nocase(str_from(name, name.size - ending.size), ending))
			return types[i].type;
	}
	return "application/octet-stream";
}

static void add_disposition(struct request *req, const struct file_facts *facts)
{
	AUTO_BUF text = { 0 };

	buf_init(&text, 1024);
	buf_add_text(&text, facts->kind == FILE_STILL ? "inline" : "attachment");
	buf_add_text(&text, "; filename*=UTF-8''");
	http_url_encode(str_of(facts->name), "", &text);
	response_header(req, "Content-Disposition", buf_str(&text));
}

static void add_headers(struct sending *sending, const char *tag)
{
	const struct file_facts *facts = &sending->find.facts;
	struct request *req = sending->req;
	char date[HTTP_DATE_SIZE];

	http_date_write(facts->time / 1000, date);
	response_header(req, "ETag", str_of(tag));
	response_header(req, "Last-Modified", str_of(date));
	response_header(req, "Accept-Ranges", STR("bytes"));
	/* The right to see it may end, so every look asks again; unchanged, it costs nothing. */
	response_header(req, "Cache-Control", STR("private, no-cache"));
	response_header(req, "Content-Security-Policy", STR("sandbox; default-src 'none'"));
	response_header(req, "Cross-Origin-Resource-Policy", STR("same-origin"));
	add_disposition(req, facts);
}

/* The field lists this tag, weak or not, or is "*" (RFC 9110 §13.1.2). */
static bool lists_tag(struct str field, const char *tag)
{
	struct str one;

	while (str_cut(&field, ',', &one)) {
		one = str_trim(one);
		if (str_starts(one, STR("W/")))
			one = str_from(one, 2);
		if (str_equal(one, STR("*")) || str_equal(one, str_of(tag)))
			return true;
	}
	return false;
}

/* One part of the file, or all of it; several parts at once are not worth their form. */
static enum err read_range(struct sending *sending, const char *tag)
{
	struct http_range ranges[HTTP_RANGES_MAX];
	struct request *req = sending->req;
	uint64_t size = (uint64_t)sending->find.facts.bytes;
	struct str only_if = request_header(req, "If-Range");
	size_t count = 0;

	sending->range = (struct http_range){ 0, size - 1 };
	if (request_method(req) != HTTP_GET || (only_if.size && !str_equal(only_if, str_of(tag))))
		return ERR_OK;
	enum err err = http_range_read(request_header(req, "Range"), size, ranges, &count);
	if (err == ERR_INVALID)
		return err;
	sending->is_part = err == ERR_OK && count == 1;
	if (sending->is_part)
		sending->range = ranges[0];
	return ERR_OK;
}

static void on_room(void *owner, struct request *req);

static void begin(struct sending *sending)
{
	uint64_t length = sending->range.last - sending->range.first + 1;
	char text[80];

	if (sending->is_part) {
		(void)snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRId64,
		               sending->range.first, sending->range.last,
		               sending->find.facts.bytes);
		response_header(sending->req, "Content-Range", str_of(text));
	}
	sending->is_begun = true;
	response_begin_length(sending->req, sending->is_part ? 206 : 200,
	                      type_of(&sending->find.facts), length, on_room, sending);
}

static void read_on(struct sending *sending)
{
	uint64_t left = sending->range.last - sending->range.first + 1;

	sending->held = left < sizeof sending->block ? (size_t)left : sizeof sending->block;
	sending->is_waiting = true;
	enum err err = file_reader_read(&sending->reader, sending->range.first, sending->block,
	                                sending->held);
	if (err != ERR_OK)
		end(sending, err);
}

/* Gives the block away and asks for the next one. */
static void push(struct sending *sending)
{
	enum err err =
		response_write(sending->req, (struct str){ (char *)sending->block, sending->held });

	if (err == ERR_BUSY)
		return; /* on_room() */
	sending->range.first += sending->held;
	if (err != ERR_OK || sending->range.first > sending->range.last)
		end(sending, err);
	else
		read_on(sending);
}

static void on_room(void *owner, struct request *req)
{
	(void)req;
	push(owner);
}

static void on_read(struct file_reader *reader, enum err err)
{
	struct sending *sending = CONTAINER_OF(reader, struct sending, reader);

	sending->is_waiting = false;
	if (err == ERR_OK && sending->is_gone)
		err = ERR_CLOSED;
	if (err != ERR_OK) {
		end(sending, err);
		return;
	}
	/* Only now: what cannot be read gets a problem, not half an answer. */
	if (!sending->is_begun)
		begin(sending);
	push(sending);
}

static void answer_unsatisfiable(struct sending *sending)
{
	char text[48];

	(void)snprintf(text, sizeof text, "bytes */%" PRId64, sending->find.facts.bytes);
	response_header(sending->req, "Content-Range", str_of(text));
	response_problem(sending->req, &(struct problem){ .status = 416,
	                                                  .name = "range",
	                                                  .title = "The file has no such part" });
	sending_free(sending);
}

static void on_found(struct file_find *find, enum err err)
{
	struct sending *sending = CONTAINER_OF(find, struct sending, find);
	struct request *req = sending->req;
	char tag[TAG_SIZE];

	sending->is_waiting = false;
	if (err == ERR_OK && sending->is_gone)
		err = ERR_CLOSED;
	if (err == ERR_OK)
		err = file_reader_open(sending->endpoint->storage, &find->facts, &sending->reader);
	if (err != ERR_OK) {
		end(sending, err);
		return;
	}
	(void)snprintf(tag, sizeof tag, "\"%s\"", find->facts.id);
	/* The order is RFC 9110's (§13.2.2): of what did not change no part is looked for. */
	bool is_known = lists_tag(request_header(req, "If-None-Match"), tag);
	if (!is_known && read_range(sending, tag) != ERR_OK) {
		answer_unsatisfiable(sending);
		return;
	}
	add_headers(sending, tag);
	if (is_known) {
		response_empty(req, 304);
		sending_free(sending);
	} else if (request_method(req) == HTTP_HEAD) {
		begin(sending);
		end(sending, ERR_OK);
	} else {
		read_on(sending);
	}
}

static void on_gone(void *owner, struct request *req)
{
	struct sending *sending = owner;

	(void)req;
	sending->is_gone = true;
	if (!sending->is_waiting)
		end(sending, ERR_CLOSED);
}

static struct sending *sending_new(struct storage_endpoint *endpoint, struct request *req,
                                   enum file_kind kind)
{
	struct sending *sending = NULL;

	if (atomic_fetch_add(&endpoint->downloads, 1) < DOWNLOADS_MAX)
		sending = calloc(1, sizeof *sending);
	if (!sending) {
		(void)atomic_fetch_sub(&endpoint->downloads, 1);
		api_problem(req, ERR_BUSY, NULL);
		return NULL;
	}
	sending->endpoint = endpoint;
	sending->req = req;
	sending->reader.done = on_read;
	sending->find.kind = kind;
	sending->find.done = on_found;
	(void)!str_copy(str_of(api_actor(req)->organization), sending->find.organization,
	                ORGANIZATION_SIZE);
	return sending;
}

typedef enum err find_fn(struct storage *storage, struct file_find *find);

/* A name that is too long to be one is that of no file. */
static void find(struct sending *sending, struct str did, struct str name, find_fn *how)
{
	struct file_find *wanted = &sending->find;
	enum err err = str_copy(did, wanted->did, sizeof wanted->did);

	if (err == ERR_OK)
		err = str_copy(name, wanted->name, sizeof wanted->name);
	if (err != ERR_OK)
		err = ERR_NOT_FOUND;
	if (err == ERR_OK) {
		request_on_gone(sending->req, on_gone, sending);
		sending->is_waiting = true;
		err = how(sending->endpoint->storage, wanted);
	}
	if (err != ERR_OK)
		end(sending, err);
}

void still_get(void *owner, struct request *req)
{
	struct sending *sending = sending_new(owner, req, FILE_STILL);

	if (sending)
		find(sending, request_param(req, "did"), request_param(req, "name"), file_find);
}

/* The protocol's printed form names neither device nor picture, only a second. */
void still_of_second_get(void *owner, struct request *req)
{
	struct sending *sending = sending_new(owner, req, FILE_STILL);

	if (sending)
		find(sending, str_of(api_actor(req)->did), request_param(req, "name"),
		     file_find_second);
}

void upload_get(void *owner, struct request *req)
{
	struct sending *sending = sending_new(owner, req, FILE_UPLOAD);

	if (sending)
		find(sending, request_param(req, "did"), request_param(req, "file"), file_find);
}
