/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/metric.h"
#include "io/loop.h"
#include "tests/unit/ports/db_fixture.h"
#include "tests/unit/unit.h"

#define QUEUE_MAX 8

/* A work that keeps its thread busy until it is let go. */
struct gate {
	struct db_job job;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool is_inside, is_open, is_done;
};

static enum err wait_at_gate(struct db_tx *tx, struct db_job *job)
{
	struct gate *gate = CONTAINER_OF(job, struct gate, job);

	(void)pthread_mutex_lock(&gate->mutex);
	gate->is_inside = true;
	(void)pthread_cond_broadcast(&gate->changed);
	while (!gate->is_open)
		(void)pthread_cond_wait(&gate->changed, &gate->mutex);
	(void)pthread_mutex_unlock(&gate->mutex);
	return ERR_OK;
}

static void gate_init(struct gate *gate)
{
	*gate = (struct gate){ 0 };
	(void)pthread_mutex_init(&gate->mutex, NULL);
	(void)pthread_cond_init(&gate->changed, NULL);
}

static void gate_wait_inside(struct gate *gate)
{
	(void)pthread_mutex_lock(&gate->mutex);
	while (!gate->is_inside)
		(void)pthread_cond_wait(&gate->changed, &gate->mutex);
	(void)pthread_mutex_unlock(&gate->mutex);
}

static void gate_open(struct gate *gate)
{
	(void)pthread_mutex_lock(&gate->mutex);
	gate->is_open = true;
	(void)pthread_cond_broadcast(&gate->changed);
	(void)pthread_mutex_unlock(&gate->mutex);
}

static void gate_done(struct db_job *job, enum err err)
{
	assert_ok(err);
	CONTAINER_OF(job, struct gate, job)->is_done = true;
}

static void put_done(struct db_job *job, enum err err)
{
	struct put_job *put_job = CONTAINER_OF(job, struct put_job, job);

	assert_non_null(loop_current());
	put_job->outcome = err;
	put_job->is_done = true;
}

/* A test's story runs as the first mail on a loop; `jobs` end on it. */
struct story {
	struct mail mail;
	struct fixture *fixture;
	struct gate gate;
	struct put_job jobs[QUEUE_MAX + 1];
	char names[QUEUE_MAX + 1][8];
	size_t count;
	int64_t refused, commits;
};

static bool is_finished(void *owner)
{
	struct story *story = owner;

	if (!story->gate.is_done)
		return false;
	for (size_t i = 0; i < story->count; i++)
		if (!story->jobs[i].is_done)
			return false;
	return true;
}

static void run_story(struct fixture *fixture, struct story *story, mail_fn *begin)
{
	AUTO(loop) loop = NULL;

	fixture_close(fixture);
	fixture_open_with(fixture, &(struct db_options){ .readers = 1, .queue_max = QUEUE_MAX });
	assert_ok(loop_new(0, &loop));
	gate_init(&story->gate);
	story->fixture = fixture;
	for (size_t i = 0; i < COUNT_OF(story->names); i++)
		(void)snprintf(story->names[i], sizeof story->names[i], "n%zu", i);
	story->mail.fn = begin;
	loop_post(loop, &story->mail);
	assert_true(loop_run_until(loop, is_finished, story, 10000));
}

static void begin_filling(struct mail *mail)
{
	struct story *story = CONTAINER_OF(mail, struct story, mail);
	struct db *db = story->fixture->db;

	assert_ok(db_write(db, &story->gate.job, wait_at_gate, gate_done));
	gate_wait_inside(&story->gate);
	story->refused = metric_get(METRIC_db_refused_total);
	story->commits = metric_get(METRIC_db_commits_total);
	for (size_t i = 0; i < QUEUE_MAX; i++) {
		story->jobs[i].name = story->names[i];
		story->jobs[i].value = "";
		assert_ok(db_write(db, &story->jobs[i].job, put_work, put_done));
	}
	assert_int_equal(metric_get(METRIC_db_refused_total), story->refused);
	assert_err(db_write(db, &story->jobs[QUEUE_MAX].job, put_work, put_done), ERR_BUSY);
	assert_int_equal(metric_get(METRIC_db_refused_total), story->refused + 1);
	story->count = QUEUE_MAX;
	gate_open(&story->gate);
}

static void the_write_queue_takes_its_limit_and_not_one_more(void **state)
{
	struct story story = { 0 };

	run_story(*state, &story, begin_filling);
	for (size_t i = 0; i < QUEUE_MAX; i++)
		assert_ok(story.jobs[i].outcome);
	assert_false(story.jobs[QUEUE_MAX].is_done);
	assert_int_equal(count_settings(story.fixture->db), QUEUE_MAX);
	/* The gate's commit, and one for all that came meanwhile. */
	assert_int_equal(metric_get(METRIC_db_commits_total), story.commits + 2);
	assert_ok(put(story.fixture->db, "room again", ""));
}

static void begin_reading(struct mail *mail)
{
	struct story *story = CONTAINER_OF(mail, struct story, mail);
	struct db *db = story->fixture->db;

	assert_ok(db_read(db, &story->gate.job, wait_at_gate, gate_done));
	gate_wait_inside(&story->gate);
	story->refused = metric_get(METRIC_lane_refused_total);
	for (size_t i = 0; i < QUEUE_MAX; i++)
		assert_ok(db_read(db, &story->jobs[i].job, put_work, put_done));
	assert_err(db_read(db, &story->jobs[QUEUE_MAX].job, put_work, put_done), ERR_BUSY);
	assert_int_equal(metric_get(METRIC_lane_refused_total), story->refused + 1);
	story->count = QUEUE_MAX;
	gate_open(&story->gate);
}

static void the_read_queue_takes_its_limit_and_not_one_more(void **state)
{
	struct story story = { 0 };

	run_story(*state, &story, begin_reading);
	for (size_t i = 0; i < QUEUE_MAX; i++)
		assert_err(story.jobs[i].outcome, ERR_DENIED); /* they tried to write */
}

static void begin_mixed_batch(struct mail *mail)
{
	struct story *story = CONTAINER_OF(mail, struct story, mail);
	struct db *db = story->fixture->db;

	assert_ok(db_write(db, &story->gate.job, wait_at_gate, gate_done));
	gate_wait_inside(&story->gate);
	story->commits = metric_get(METRIC_db_commits_total);
	for (size_t i = 0; i < 5; i++) {
		story->jobs[i].name = story->names[i == 2 ? 1 : i]; /* the third exists */
		story->jobs[i].value = "";
		story->jobs[i].last = i == 3 ? ERR_DENIED : ERR_OK;
		assert_ok(db_write(db, &story->jobs[i].job, put_work, put_done));
	}
	story->count = 5;
	gate_open(&story->gate);
}

static void a_failing_work_leaves_its_batch_alone(void **state)
{
	static const enum err expected[] = { ERR_OK, ERR_OK, ERR_EXISTS, ERR_DENIED, ERR_OK };
	struct story story = { 0 };

	run_story(*state, &story, begin_mixed_batch);
	for (size_t i = 0; i < COUNT_OF(expected); i++)
		assert_err(story.jobs[i].outcome, expected[i]);
	assert_int_equal(metric_get(METRIC_db_commits_total), story.commits + 2);
	assert_int_equal(count_settings(story.fixture->db), 3);
}

struct writer {
	pthread_t thread;
	struct db *db;
	int number;
	int failures;
};

static void *write_fifty(void *owner)
{
	struct writer *writer = owner;

	for (int i = 0; i < 50; i++) {
		char name[32];
		(void)snprintf(name, sizeof name, "%d.%d", writer->number, i);
		if (put(writer->db, name, "") != ERR_OK)
			writer->failures++;
	}
	return NULL;
}

static void many_threads_write_and_nothing_is_lost(void **state)
{
	struct fixture *fixture = *state;
	struct writer writers[4] = { 0 };

	for (int i = 0; i < 4; i++) {
		writers[i].db = fixture->db;
		writers[i].number = i;
		assert_int_equal(pthread_create(&writers[i].thread, NULL, write_fifty, &writers[i]),
		                 0);
	}
	while (count_settings(fixture->db) < 100)
		;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
		assert_int_equal(writers[i].failures, 0);
	}
	assert_int_equal(count_settings(fixture->db), 200);
}

static void begin_and_close(struct mail *mail)
{
	struct story *story = CONTAINER_OF(mail, struct story, mail);

	assert_ok(db_write(story->fixture->db, &story->gate.job, wait_at_gate, gate_done));
	gate_wait_inside(&story->gate);
	for (size_t i = 0; i < QUEUE_MAX; i++) {
		story->jobs[i].name = story->names[i];
		story->jobs[i].value = "";
		assert_ok(db_write(story->fixture->db, &story->jobs[i].job, put_work, put_done));
	}
	story->count = QUEUE_MAX;
	gate_open(&story->gate);
	fixture_close(story->fixture);
}

static void what_is_queued_is_finished_before_the_end(void **state)
{
	struct story story = { 0 };

	run_story(*state, &story, begin_and_close);
	for (size_t i = 0; i < QUEUE_MAX; i++)
		assert_ok(story.jobs[i].outcome);
	fixture_open(story.fixture);
	assert_int_equal(count_settings(story.fixture->db), QUEUE_MAX);
}

#define with_db(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_db(the_write_queue_takes_its_limit_and_not_one_more),
		with_db(the_read_queue_takes_its_limit_and_not_one_more),
		with_db(a_failing_work_leaves_its_batch_alone),
		with_db(many_threads_write_and_nothing_is_lost),
		with_db(what_is_queued_is_finished_before_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
