/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db_write FOLDER [SECONDS] — synced writes a second by how many are asked for at once.
 *
 * Each job inserts one event, as devices coming and going do. One line of CSV a step.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metric.h"
#include "io/loop.h"
#include "ports/db/db.h"

#define IN_FLIGHT_MAX 1024

struct slot {
	struct db_job job;
	struct bench *bench;
};

struct bench {
	struct db *db;
	struct mail begin;
	struct slot slots[IN_FLIGHT_MAX];
	size_t in_flight, waiting;
	int64_t until_us, written, failed;
};

static enum err insert(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement = NULL;
	enum err err = db_prepare(tx,
	                          "INSERT INTO events (organization, did, type, time, data, day) "
	                          "VALUES ('default', $1, $2, $3, $4, $5)",
	                          &statement);

	(void)job;
	if (err)
		return err;
	db_bind_text(statement, 1, STR("DID0001"));
	db_bind_text(statement, 2, STR("device.online"));
	db_bind_int(statement, 3, clock_now_ms());
	db_bind_text(statement, 4, STR("{\"reason\":\"registered\",\"address\":\"192.0.2.1\"}"));
	db_bind_int(statement, 5, 20000);
	return db_run(statement);
}

static void on_written(struct db_job *job, enum err err)
{
	struct bench *bench = CONTAINER_OF(job, struct slot, job)->bench;

	*(err ? &bench->failed : &bench->written) += 1;
	if (clock_steady_us() >= bench->until_us || db_write(bench->db, job, insert, on_written))
		bench->waiting--;
}

static void on_begin(struct mail *mail)
{
	struct bench *bench = CONTAINER_OF(mail, struct bench, begin);

	for (size_t i = 0; i < bench->in_flight; i++) {
		bench->slots[i].bench = bench;
		if (!db_write(bench->db, &bench->slots[i].job, insert, on_written))
			bench->waiting++;
	}
}

static bool is_idle(void *owner)
{
	const struct bench *bench = owner;

	return bench->waiting == 0 && bench->written + bench->failed > 0;
}

static void run_step(struct bench *bench, struct loop *loop, size_t in_flight, int64_t seconds)
{
	int64_t commits = metric_get(METRIC_db_commits_total);
	int64_t began_us = clock_steady_us();

	bench->in_flight = in_flight;
	bench->written = bench->failed = 0;
	bench->until_us = began_us + seconds * 1000000;
	bench->begin.fn = on_begin;
	loop_post(loop, &bench->begin);
	(void)loop_run_until(loop, is_idle, bench, (seconds + 10) * 1000);

	int64_t took_us = clock_steady_us() - began_us;
	commits = metric_get(METRIC_db_commits_total) - commits;
	printf("%zu,%" PRId64 ",%" PRId64 ",%.1f,%" PRId64 "\n", in_flight,
	       bench->written * 1000000 / took_us, commits * 1000000 / took_us,
	       (double)bench->written / (double)(commits ? commits : 1), bench->failed);
}

int main(int count, char **arguments)
{
	static const size_t steps[] = { 1, 4, 16, 64, 256, IN_FLIGHT_MAX };
	static struct bench bench;
	AUTO(loop) loop = NULL;
	char url[512];
	struct db_options options = { .url = url, .readers = 1, .queue_max = IN_FLIGHT_MAX };
	struct why why = { 0 };
	int64_t seconds = 2;

	if (count < 2 || (count > 2 && str_to_i64(str_of(arguments[2]), 1, 60, &seconds))) {
		fprintf(stderr, "usage: db_write FOLDER [SECONDS]\n");
		return 2;
	}
	(void)snprintf(url, sizeof url, "sqlite:%s/bench.db", arguments[1]);
	if (db_open(&options, &bench.db, &why) || loop_new(0, &loop)) {
		fprintf(stderr, "db_write: %s\n", why.text);
		return 1;
	}
	printf("in_flight,writes_per_s,commits_per_s,writes_per_commit,failed\n");
	for (size_t i = 0; i < COUNT_OF(steps); i++)
		run_step(&bench, loop, steps[i], seconds);
	db_free(bench.db);
	return 0;
}
