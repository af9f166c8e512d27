/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ports/db_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unit.h"

void fixture_open_with(struct fixture *fixture, const struct db_options *options)
{
	struct db_options mine = *options;
	struct why why = { 0 };

	mine.url = fixture->url;
	if (db_open(&mine, &fixture->db, &why) != ERR_OK)
		fail_msg("%s", why.text);
}

void fixture_open(struct fixture *fixture)
{
	fixture_open_with(fixture, &(struct db_options){ .readers = 2, .queue_max = 1000 });
}

void fixture_close(struct fixture *fixture)
{
	db_free(fixture->db);
	fixture->db = NULL;
}

int fixture_start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	(void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/vigil-db-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->path, sizeof fixture->path, "%s/test.db", fixture->folder);
	(void)snprintf(fixture->url, sizeof fixture->url, "sqlite:%s", fixture->path);
	fixture_open(fixture);
	*state = fixture;
	return 0;
}

int fixture_stop(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct fixture *fixture = *state;
	char path[128];

	fixture_close(fixture);
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		(void)snprintf(path, sizeof path, "%s%s", fixture->path, ends[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(fixture->folder), 0);
	free(fixture);
	return 0;
}

enum err write_now(struct db *db, db_work_fn *work)
{
	struct db_job job = { 0 };

	return db_write_now(db, &job, work);
}

enum err prepare_and_run(struct db_tx *tx, const char *sql)
{
	struct db_statement *statement = NULL;
	enum err err = db_prepare(tx, sql, &statement);

	return err ? err : db_run(statement);
}

enum err put_work(struct db_tx *tx, struct db_job *job)
{
	struct put_job *put_job = CONTAINER_OF(job, struct put_job, job);
	struct db_statement *statement = NULL;
	enum err err =
		db_prepare(tx, "INSERT INTO settings (name, value) VALUES ($1, $2)", &statement);

	put_job->runs++;
	if (err)
		return err;
	db_bind_text(statement, 1, str_of(put_job->name));
	db_bind_text(statement, 2, str_of(put_job->value));
	err = db_run(statement);
	return err ? err : put_job->last;
}

enum err put(struct db *db, const char *name, const char *value)
{
	struct put_job job = { .name = name, .value = value };

	return db_write_now(db, &job.job, put_work);
}

struct count_job {
	struct db_job job;
	int64_t count;
};

static enum err count_work(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement = NULL;
	bool is_row = false;
	enum err err = db_prepare(tx, "SELECT count(*) FROM settings", &statement);

	if (!err)
		err = db_step(statement, &is_row);
	if (!err)
		CONTAINER_OF(job, struct count_job, job)->count = db_int(statement, 0);
	return err;
}

int64_t count_settings(struct db *db)
{
	struct count_job job = { .count = -1 };

	assert_ok(db_read_now(db, &job.job, count_work));
	return job.count;
}
