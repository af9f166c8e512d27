/* SPDX-License-Identifier: Apache-2.0 */
/* A page of dids in order, from the database: the registry in memory has no order. */
#include "base/buf.h"
#include "domain/device/device_private.h"

/* "%text%" with LIKE's own characters escaped. */
static void add_pattern(struct buf *pattern, const char *text)
{
	buf_add_text(pattern, "%");
	for (; *text; text++) {
		if (*text == '%' || *text == '_' || *text == '\\')
			buf_add_text(pattern, "\\");
		buf_add(pattern, text, 1);
	}
	buf_add_text(pattern, "%");
}

static enum err read_page(struct db_tx *tx, struct db_job *job)
{
	struct device_page *page = CONTAINER_OF(job, struct device_page, job);
	struct db_statement *find;
	bool has_row = true;
	AUTO_BUF pattern = { 0 };
	enum err err = db_prepare(tx,
	                          "SELECT did FROM devices WHERE organization = $1 AND did > $2 "
	                          "AND ($3 = '' OR did LIKE $4 ESCAPE '\\' "
	                          "OR name LIKE $4 ESCAPE '\\') "
	                          "AND ($5 < 0 OR (presence_state = 'online') = ($5 = 1)) "
	                          "ORDER BY did LIMIT $6",
	                          &find);
	if (err != ERR_OK)
		return err;
	buf_init(&pattern, 2 * DEVICE_NAME_SIZE + 4);
	add_pattern(&pattern, page->text);
	db_bind_text(find, 1, str_of(page->organization));
	db_bind_text(find, 2, str_of(page->after));
	db_bind_text(find, 3, str_of(page->text));
	db_bind_text(find, 4, buf_str(&pattern));
	db_bind_int(find, 5, page->online);
	db_bind_int(find, 6, page->limit);
	page->count = 0;
	while (err == ERR_OK && has_row) {
		err = db_step(find, &has_row);
		if (err == ERR_OK && has_row)
			err = str_copy(db_text(find, 0), page->dids[page->count++], DID_SIZE);
	}
	return err;
}

static void on_read(struct db_job *job, enum err err)
{
	struct device_page *page = CONTAINER_OF(job, struct device_page, job);

	page->done(page, err);
}

enum err device_list(struct devices *devices, struct device_page *page)
{
	return db_read(devices->setup.db, &page->job, read_page, on_read);
}
