/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many devices at once, from CSV. A line names a new device, or one that is there already with
 * the same secret and kind: then its name and sign policy are brought up to date, so that a file
 * may be sent again.
 */
#include "endpoints/api/api_import.h"

#include <stdlib.h>
#include <string.h>

#include "endpoints/api/api_private.h"
#include "io/loop.h"
#include "proto/csv/csv.h"

/* One line's change of a device that is there. */
struct update {
	struct device_change change;
	struct importing *importing;
	size_t line;
};

struct importing {
	struct device_import import;
	struct api *api;
	struct request *req;
	struct csv_reader reader;
	struct csv_record record;
	struct import_columns columns;
	struct device_spec specs[DEVICE_IMPORT_BATCH];
	struct import_row rows[DEVICE_IMPORT_BATCH];
	enum err results[DEVICE_IMPORT_BATCH];
	struct update *updates; /* of one batch */
	size_t update_count, updates_left;
	size_t created, updated, refused;
	struct buf refusals;
	struct timer turn;
};

static void step(struct importing *importing);

static void importing_free(struct importing *importing)
{
	mem_wipe(importing->specs, sizeof importing->specs);
	mem_wipe(importing->record.text, sizeof importing->record.text);
	free(importing->updates);
	buf_done(&importing->refusals);
	free(importing);
}

static void fail(struct importing *importing, enum err err)
{
	api_problem(importing->req, err, NULL);
	importing_free(importing);
}

static void refuse(struct importing *importing, size_t line, const char *did, enum err err,
                   const struct why *why)
{
	struct buf *out = &importing->refusals;

	if (importing->refused++ >= IMPORT_REFUSALS_MAX)
		return;
	buf_printf(out, "%s{\"line\":%zu,\"did\":", out->size ? "," : "", line);
	json_add_quoted(out, str_of(did));
	buf_printf(out, ",\"reason\":\"%s\",\"detail\":", api_problem_name(err, why->reason));
	json_add_quoted(out, str_of(why->text[0] ? why->text : err_text(err)));
	buf_add_text(out, "}");
}

static void finish(struct importing *importing)
{
	AUTO_BUF body = { 0 };

	buf_init(&body, API_ANSWER_MAX);
	buf_printf(&body, "{\"created\":%zu,\"updated\":%zu,\"refused_total\":%zu,\"refused\":[",
	           importing->created, importing->updated, importing->refused);
	buf_add_str(&body, buf_str(&importing->refusals));
	buf_add_text(&body, "]}");
	if (buf_err(&importing->refusals) != ERR_OK) {
		fail(importing, ERR_NO_MEMORY);
		return;
	}
	api_answer(importing->req, 200, &body);
	importing_free(importing);
}

static void on_updated(struct device_change *change, enum err err)
{
	struct update *update = CONTAINER_OF(change, struct update, change);
	struct importing *importing = update->importing;

	if (err == ERR_OK)
		importing->updated++;
	else
		refuse(importing, update->line, change->spec.did, err, &change->why);
	if (--importing->updates_left == 0)
		step(importing);
}

/* A secret or kind is not changed by the way. */
static enum err compare(struct importing *importing, const struct device_spec *spec,
                        const struct import_row *row, const struct device_facts *facts,
                        struct why *why)
{
	AUTO_BUF secret = { 0 };

	buf_init(&secret, DEVICE_SECRET_SIZE);
	enum err err = device_secret(importing->api->setup.devices, facts, &secret);
	bool is_other = err == ERR_OK && row->has_secret &&
	                !str_equal_secret(buf_str(&secret), str_of(spec->secret));
	mem_wipe(secret.at, secret.size);
	if (err != ERR_OK)
		return err;
	if (is_other)
		return why_set_reason(why, ERR_EXISTS, REASON_DID_TAKEN, "secret",
		                      "secret: the device is there with another one");
	if (row->has_kind && spec->kind != facts->kind)
		return why_set_reason(why, ERR_EXISTS, REASON_DID_TAKEN, "kind",
		                      "kind: the device is there as %s",
		                      device_kind_text(facts->kind));
	return ERR_OK;
}

static void add_update(struct importing *importing, const struct device_spec *spec,
                       const struct import_row *row, const struct device_facts *facts)
{
	bool is_same = (!row->has_name || strcmp(spec->name, facts->name) == 0) &&
	               (!row->has_policy || spec->sign_policy == facts->sign_policy);

	if (is_same) {
		importing->updated++;
		return;
	}
	struct update *update = &importing->updates[importing->update_count++];
	*update = (struct update){ .importing = importing, .line = row->line };
	struct device_change *change = &update->change;
	change->kind = DEVICE_UPDATE;
	change->spec = *spec;
	mem_wipe(change->spec.secret, sizeof change->spec.secret);
	change->done = on_updated;
	change->sets = (row->has_name ? DEVICE_SETS_NAME : 0u) |
	               (row->has_policy ? DEVICE_SETS_SIGN_POLICY : 0u);
}

static void take_existing(struct importing *importing, size_t place)
{
	const struct device_spec *spec = &importing->specs[place];
	const struct import_row *row = &importing->rows[place];
	struct device_view view;
	struct why why = { 0 };
	enum err err = device_view(importing->api->setup.devices, str_of(spec->organization),
	                           str_of(spec->did), &view);

	if (err != ERR_OK) {
		err = why_set_reason(&why, ERR_EXISTS, REASON_DID_TAKEN, "did", "%s",
		                     reason_words(REASON_DID_TAKEN));
		refuse(importing, row->line, spec->did, err, &why);
		return;
	}
	err = compare(importing, spec, row, view.facts, &why);
	if (err == ERR_OK)
		add_update(importing, spec, row, view.facts);
	else
		refuse(importing, row->line, spec->did, err, &why);
	device_view_done(&view);
}

/* All of a batch's updates go to the database together; `step` follows the last. */
static void start_updates(struct importing *importing)
{
	size_t count = importing->update_count;

	importing->updates_left = count + 1;
	for (size_t i = 0; i < count; i++) {
		struct update *update = &importing->updates[i];
		enum err err = device_change(importing->api->setup.devices, &update->change);
		if (err == ERR_OK)
			continue;
		refuse(importing, update->line, update->change.spec.did, err, &update->change.why);
		importing->updates_left--;
	}
	if (--importing->updates_left == 0)
		step(importing);
}

static void on_imported(struct device_import *import, enum err err)
{
	struct importing *importing = CONTAINER_OF(import, struct importing, import);
	struct why why = { 0 };

	if (err != ERR_OK) {
		fail(importing, err);
		return;
	}
	importing->update_count = 0;
	for (size_t i = 0; i < import->count; i++) {
		if (importing->results[i] == ERR_OK)
			importing->created++;
		else if (importing->results[i] == ERR_EXISTS)
			take_existing(importing, i);
		else
			refuse(importing, importing->rows[i].line, importing->specs[i].did,
			       importing->results[i], &why);
	}
	start_updates(importing);
}

/* Fills the next batch with the good ones of as many lines; false at the end. */
static bool read_batch(struct importing *importing)
{
	struct device_import *import = &importing->import;

	import->count = 0;
	for (size_t lines = 0; lines < DEVICE_IMPORT_BATCH; lines++) {
		struct device_spec *spec = &importing->specs[import->count];
		struct import_row *row = &importing->rows[import->count];
		struct why why = { 0 };
		*spec = (struct device_spec){ 0 };
		*row = (struct import_row){ 0 };
		enum err err = csv_read(&importing->reader, &importing->record);
		if (err == ERR_NOT_FOUND)
			return false;
		if (err == ERR_OK)
			err = import_read_row(&importing->columns, &importing->record, spec, row,
			                      &why);
		else
			err = why_set(&why, ERR_INVALID, "the line is no record of CSV: %s",
			              err_text(err));
		if (err != ERR_OK) {
			refuse(importing, importing->record.line,
			       spec->did[0] ? spec->did : row->told, err, &why);
			continue;
		}
		api_copy(str_of(api_actor(importing->req)->organization), spec->organization,
		         ORGANIZATION_SIZE);
		import->count++;
	}
	return true;
}

static void on_turn(struct timer *timer)
{
	step(CONTAINER_OF(timer, struct importing, turn));
}

static void step(struct importing *importing)
{
	bool has_more = read_batch(importing);

	if (importing->import.count == 0 && has_more) {
		/* Nothing but bad lines: others want the loop too. */
		loop_timer_start(request_loop(importing->req), &importing->turn, 0, on_turn);
		return;
	}
	if (importing->import.count == 0) {
		finish(importing);
		return;
	}
	enum err err = device_import(importing->api->setup.devices, &importing->import);
	if (err != ERR_OK)
		fail(importing, err);
}

void device_import_post(void *owner, struct request *req)
{
	struct importing *importing = calloc(1, sizeof *importing);
	struct why why = { 0 };

	if (importing)
		importing->updates = calloc(DEVICE_IMPORT_BATCH, sizeof(struct update));
	if (!importing || !importing->updates) {
		free(importing);
		api_problem(req, ERR_NO_MEMORY, NULL);
		return;
	}
	importing->api = owner;
	importing->req = req;
	importing->import.specs = importing->specs;
	importing->import.results = importing->results;
	importing->import.done = on_imported;
	buf_init(&importing->refusals, API_ANSWER_MAX - API_BODY_MAX);
	csv_reader_init(&importing->reader, request_body(req));
	enum err err = import_read_columns(&importing->columns, &importing->reader,
	                                   &importing->record, &why);
	if (err != ERR_OK) {
		api_problem(req, err, &why);
		importing_free(importing);
		return;
	}
	step(importing);
}
