/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "base/metric.h"
#include "tests/unit/unit.h"

/* The line that begins with `name` and a space. */
static struct str line_of(struct str text, const char *name)
{
	struct str line, wanted = str_of(name);

	while (str_cut(&text, '\n', &line))
		if (str_starts(line, wanted) && str_starts(str_from(line, wanted.size), STR(" ")))
			return str_from(line, wanted.size + 1);
	fail_msg("no line %s", name);
	return (struct str){ 0 };
}

static void counters_and_gauges_stand_in_the_text(void **state)
{
	AUTO_BUF out = { 0 };

	buf_init(&out, 65536);
	metric_count(METRIC_accepted_total);
	metric_add(METRIC_accepted_total, 4);
	metric_set(METRIC_connections, 3);
	metric_add(METRIC_connections, -1);
	assert_int_equal(metric_get(METRIC_accepted_total), 5);
	metric_write(&out);
	assert_ok(buf_err(&out));
	struct str text = buf_str(&out);
	assert_str(line_of(text, "vigil_accepted_total"), "5");
	assert_str(line_of(text, "vigil_connections"), "2");
	assert_str(line_of(text, "# TYPE vigil_accepted_total"), "counter");
	assert_str(line_of(text, "# TYPE vigil_connections"), "gauge");
	assert_str(line_of(text, "# HELP vigil_connections"), "open connections");
}

static void a_histogram_counts_in_buckets_of_powers_of_two(void **state)
{
	AUTO_BUF out = { 0 };

	buf_init(&out, 65536);
	metric_observe(METRIC_db_batch_size, 0);
	metric_observe(METRIC_db_batch_size, 1);
	metric_observe(METRIC_db_batch_size, 2);
	metric_observe(METRIC_db_batch_size, 3);
	metric_observe(METRIC_db_batch_size, 4);
	metric_observe(METRIC_db_batch_size, INT64_C(1) << 22);
	metric_observe(METRIC_db_batch_size, (INT64_C(1) << 22) + 1);
	metric_write(&out);
	struct str text = buf_str(&out);
	assert_str(line_of(text, "# TYPE vigil_db_batch_size"), "histogram");
	assert_str(line_of(text, "vigil_db_batch_size_bucket{le=\"1\"}"), "2");
	assert_str(line_of(text, "vigil_db_batch_size_bucket{le=\"2\"}"), "3");
	assert_str(line_of(text, "vigil_db_batch_size_bucket{le=\"4\"}"), "5");
	assert_str(line_of(text, "vigil_db_batch_size_bucket{le=\"4194304\"}"), "6");
	assert_str(line_of(text, "vigil_db_batch_size_bucket{le=\"+Inf\"}"), "7");
	assert_str(line_of(text, "vigil_db_batch_size_count"), "7");
	assert_str(line_of(text, "vigil_db_batch_size_sum"), "8388619");
}

static void *count_a_lot(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10000; i++)
		metric_count(METRIC_http_requests_total);
	return NULL;
}

static void no_count_of_many_threads_is_lost(void **state)
{
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_a_lot, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(metric_get(METRIC_http_requests_total), 40000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_and_gauges_stand_in_the_text),
		cmocka_unit_test(a_histogram_counts_in_buckets_of_powers_of_two),
		cmocka_unit_test(no_count_of_many_threads_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
