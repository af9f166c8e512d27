/* SPDX-License-Identifier: Apache-2.0 */
/* A device brings a file: the token, then the bytes as the disk takes them, then its address. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "domain/reason.h"
#include "domain/storage/file_put.h"
#include "endpoints/storage/storage_private.h"
#include "proto/http/fields.h"
#include "proto/http/multipart.h"
#include "proto/jpeg/jpeg.h"

#define FORM "multipart/form-data"

struct bringing {
	struct file_put put;
	struct request *req;
	struct jpeg_check jpeg;           /* a still's */
	struct http_multipart *multipart; /* NULL: the body is the file */
	enum err err;                     /* what a part's bytes came to */
	int64_t began_ms;
	bool is_reading, is_part, is_part_whole;
};

static void bringing_free(struct bringing *bringing)
{
	free(bringing->multipart);
	free(bringing);
}

static void answer_stored(struct bringing *bringing)
{
	const struct file_facts *facts = &bringing->put.facts;
	struct request *req = bringing->req;
	AUTO_BUF body = { 0 }, path = { 0 };

	buf_init(&path, 1024);
	buf_init(&body, 4096);
	storage_write_path(&path, facts->kind, facts->did, facts->name);
	buf_add_text(&body, "{\"url\":");
	json_add_quoted(&body, buf_str(&path));
	buf_add_text(&body, ",\"name\":");
	json_add_quoted(&body, str_of(facts->name));
	buf_printf(&body, ",\"bytes\":%" PRId64, facts->bytes);
	if (facts->kind == FILE_STILL)
		buf_printf(&body, ",\"width\":%u,\"height\":%u", facts->width, facts->height);
	buf_add_text(&body, ",\"time\":");
	storage_write_time(&body, facts->time);
	if (facts->expires_at) {
		buf_add_text(&body, ",\"expires_at\":");
		storage_write_time(&body, facts->expires_at);
	}
	buf_add_text(&body, "}");
	response_header(req, "Location", buf_str(&path));
	response_header(req, "Cache-Control", STR("no-store"));
	response_send(req, 201, "application/json", buf_str(&body));
}

static void on_done(struct file_put *put, enum err err)
{
	struct bringing *bringing = CONTAINER_OF(put, struct bringing, put);
	struct request *req = bringing->req;

	if (err == ERR_OK)
		answer_stored(bringing);
	else if (err == ERR_TIMEOUT)
		response_problem(req, &(struct problem){ .status = 408,
		                                         .name = "timeout",
		                                         .title = "The file did not arrive in time",
		                                         .detail = put->why.text });
	else
		api_problem(req, err, &put->why);
	bringing_free(bringing);
}

static void on_gone(void *owner, struct request *req)
{
	struct bringing *bringing = owner;

	(void)req;
	file_put_cancel(&bringing->put, ERR_CLOSED);
}

static enum err take(struct bringing *bringing, const uint8_t *bytes, size_t size)
{
	struct file_put *put = &bringing->put;
	enum err err = file_put_add(put, bytes, size);

	if (err == ERR_OK && put->kind == FILE_STILL &&
	    jpeg_check_feed(&bringing->jpeg, bytes, size) != ERR_OK)
		err = why_set_reason(&put->why, ERR_MALFORMED, REASON_STILL_MALFORMED, NULL,
		                     "send the picture's bytes as they are, as the body or as "
		                     "the form's field \"file\"");
	return err;
}

static void take_name(struct file_put *put, struct str name)
{
	if (!put->name[0])
		file_name_clean(name, put->name);
}

static void on_part(void *owner, const char *file_name, struct str content_type)
{
	struct bringing *bringing = owner;

	(void)content_type;
	bringing->is_part = true;
	take_name(&bringing->put, str_of(file_name));
}

static void on_part_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	struct bringing *bringing = owner;

	if (bringing->err == ERR_OK)
		bringing->err = take(bringing, bytes, size);
}

static void on_part_end(void *owner)
{
	struct bringing *bringing = owner;

	bringing->is_part_whole = true;
}

static const struct http_multipart_events part_events = { on_part, on_part_bytes, on_part_end };

static enum err take_form(struct bringing *bringing, const uint8_t *bytes, size_t size)
{
	enum err err =
		http_multipart_feed(bringing->multipart, bytes, size, &part_events, bringing);

	if (bringing->err != ERR_OK)
		return bringing->err;
	if (err == ERR_OK || err == ERR_MORE)
		return ERR_OK;
	return why_set(&bringing->put.why, err, "the form is not well-formed");
}

/* A body that trickles holds a place among the few: it has to come at a pace. */
static enum err check_pace(struct bringing *bringing)
{
	int64_t over_ms = clock_steady_ms() - bringing->began_ms - UPLOAD_GRACE_MS;

	if (over_ms <= 0 || (int64_t)bringing->put.bytes >= over_ms / 1000 * UPLOAD_BYTES_PER_S)
		return ERR_OK;
	return why_set(&bringing->put.why, ERR_TIMEOUT, "it comes slower than %d bytes a second",
	               UPLOAD_BYTES_PER_S);
}

static void on_body(void *owner, struct request *req, const uint8_t *bytes, size_t size)
{
	struct bringing *bringing = owner;
	enum err err = bringing->multipart ? take_form(bringing, bytes, size)
	                                   : take(bringing, bytes, size);

	if (err == ERR_OK)
		err = check_pace(bringing);
	if (err == ERR_OK)
		err = file_put_pace(&bringing->put);
	if (err == ERR_MORE)
		request_pause_body(req);
	else if (err != ERR_OK)
		file_put_cancel(&bringing->put, err);
}

/* All has come: is it what it should be? */
static enum err check_whole(struct bringing *bringing)
{
	struct file_put *put = &bringing->put;

	if (bringing->multipart && !bringing->is_part)
		return why_set_reason(&put->why, ERR_INVALID, REASON_NONE, "file",
		                      "file: the form has no such field");
	if (bringing->multipart && !bringing->is_part_whole)
		return why_set(&put->why, ERR_MALFORMED, "the form is cut off");
	if (put->kind != FILE_STILL || put->bytes == 0)
		return ERR_OK;
	if (jpeg_check_end(&bringing->jpeg) != ERR_OK)
		return why_set_reason(&put->why, ERR_MALFORMED, REASON_STILL_MALFORMED, NULL,
		                      "the picture is cut off");
	put->width = bringing->jpeg.width;
	put->height = bringing->jpeg.height;
	return ERR_OK;
}

static void on_body_end(void *owner, struct request *req, enum err err)
{
	struct bringing *bringing = owner;

	(void)req;
	if (err == ERR_TOO_LARGE)
		(void)!why_set(&bringing->put.why, err,
		               "the body is larger than this address takes");
	if (err == ERR_OK)
		err = check_whole(bringing);
	if (err == ERR_OK)
		file_put_end(&bringing->put);
	else
		file_put_cancel(&bringing->put, err);
}

static const struct request_body_events body_events = { on_body, on_body_end };

static void on_ready(struct file_put *put)
{
	struct bringing *bringing = CONTAINER_OF(put, struct bringing, put);

	if (bringing->is_reading) {
		request_resume_body(bringing->req);
		return;
	}
	bringing->is_reading = true;
	bringing->began_ms = clock_steady_ms();
	request_read_body(bringing->req, &body_events, bringing);
}

/* Who brings what, and how long it will be. */
static enum err prepare(struct storage_endpoint *endpoint, struct bringing *bringing,
                        struct str did, struct str token)
{
	struct file_put *put = &bringing->put;
	struct str type = request_header(bringing->req, "Content-Type");
	int64_t length = request_body_length(bringing->req);
	bool is_single = false;

	if (token.size == 0)
		return why_set(&put->why, ERR_UNAUTHENTICATED,
		               "give the token as ?token= or Bearer");
	enum err err = did_is_valid(did) ? ERR_OK : ERR_DENIED;
	if (err == ERR_OK)
		err = storage_check_token(endpoint->storage, put->kind, did, token,
		                          put->organization, &is_single, &put->why);
	if (err == ERR_OK)
		err = str_copy(did, put->did, sizeof put->did);
	if (err == ERR_OK && is_single)
		err = str_copy(token, put->grant, sizeof put->grant);
	if (err != ERR_OK)
		return err;
	put->expected_bytes = length > 0 ? (uint64_t)length : 0;
	if (type.size < strlen(FORM) ||
	    !str_equal_nocase((struct str){ type.at, strlen(FORM) }, STR(FORM)))
		return ERR_OK;
	bringing->multipart = calloc(1, sizeof *bringing->multipart);
	if (!bringing->multipart)
		return ERR_NO_MEMORY;
	put->expected_bytes = 0; /* the form's own words count too */
	return http_multipart_init(bringing->multipart, type, "file");
}

static void begin(struct storage_endpoint *endpoint, struct bringing *bringing, struct str did,
                  struct str token)
{
	struct request *req = bringing->req;
	struct file_put *put = &bringing->put;

	put->ready = on_ready;
	put->done = on_done;
	enum err err = prepare(endpoint, bringing, did, token);
	if (err == ERR_OK) {
		request_on_gone(req, on_gone, bringing);
		err = file_put_begin(endpoint->storage, put);
	}
	if (err != ERR_OK) {
		api_problem(req, err, &put->why);
		bringing_free(bringing);
	}
}

static struct str find_token(struct request *req)
{
	struct str token = request_query(req, "token");

	return token.size ? token : request_bearer(req);
}

static struct bringing *bringing_new(struct request *req, enum file_kind kind)
{
	struct bringing *bringing = calloc(1, sizeof *bringing);

	if (!bringing) {
		api_problem(req, ERR_NO_MEMORY, NULL);
		return NULL;
	}
	bringing->req = req;
	bringing->put.kind = kind;
	return bringing;
}

/* The protocol's address names no device. An action's token does (command.h), unless the did is a
 * long one; a device that comes with its access token says who it is by ?did=. */
void still_post(void *owner, struct request *req)
{
	char room[GRANT_DID_MAX + 1];
	struct bringing *bringing = bringing_new(req, FILE_STILL);
	struct str token = find_token(req), did = request_query(req, "did");
	struct str grant = token, named = grant_cut_did(&grant, room);

	if (!bringing)
		return;
	if (named.size && (!did.size || str_equal(did, named)))
		begin(owner, bringing, named, grant);
	else
		begin(owner, bringing, did, token);
}

void upload_post(void *owner, struct request *req)
{
	struct bringing *bringing = bringing_new(req, FILE_UPLOAD);
	char said[HTTP_FILE_NAME_MAX + 1];

	if (!bringing)
		return;
	take_name(&bringing->put, request_param(req, "file"));
	take_name(&bringing->put, request_query(req, "file"));
	if (http_param_get(request_header(req, "Content-Disposition"), "filename", said,
	                   sizeof said) == ERR_OK)
		take_name(&bringing->put, str_of(said));
	begin(owner, bringing, request_param(req, "did"), find_token(req));
}
