/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metric.h"

#include <inttypes.h>
#include <stdatomic.h>

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };

static const struct {
	const char *name;
	const char *help;
	enum kind kind;
} rows[] = {
#define COUNTER(name, help)   { #name, help, KIND_COUNTER },
#define GAUGE(name, help)     { #name, help, KIND_GAUGE },
#define HISTOGRAM(name, help) { #name, help, KIND_HISTOGRAM },
#include "base/metric.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
};

/* The metrics registry: the second of the mutable globals. */
static struct {
	_Atomic int64_t value; /* a histogram's sum */
	_Atomic int64_t buckets[METRIC_BUCKETS];
} values[METRIC_COUNT_];

void metric_add(enum metric metric, int64_t step)
{
	atomic_fetch_add_explicit(&values[metric].value, step, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
	atomic_store_explicit(&values[metric].value, value, memory_order_relaxed);
}

void metric_observe(enum metric metric, int64_t value)
{
	unsigned bucket = 0;

	while (bucket < METRIC_BUCKETS - 1 && value > (int64_t)1 << bucket)
		bucket++;
	atomic_fetch_add_explicit(&values[metric].buckets[bucket], 1, memory_order_relaxed);
	metric_add(metric, value);
}

int64_t metric_get(enum metric metric)
{
	return atomic_load_explicit(&values[metric].value, memory_order_relaxed);
}

static void write_histogram(struct buf *out, size_t row)
{
	int64_t count = 0;

	for (unsigned i = 0; i < METRIC_BUCKETS; i++) {
		count += atomic_load_explicit(&values[row].buckets[i], memory_order_relaxed);
		if (i < METRIC_BUCKETS - 1)
			buf_printf(out, "vigil_%s_bucket{le=\"%" PRId64 "\"} %" PRId64 "\n",
			           rows[row].name, (int64_t)1 << i, count);
		else
			buf_printf(out, "vigil_%s_bucket{le=\"+Inf\"} %" PRId64 "\n",
			           rows[row].name, count);
	}
	buf_printf(out, "vigil_%s_sum %" PRId64 "\nvigil_%s_count %" PRId64 "\n", rows[row].name,
	           metric_get((enum metric)row), rows[row].name, count);
}

void metric_write(struct buf *out)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram" };

	for (size_t i = 0; i < METRIC_COUNT_; i++) {
		buf_printf(out, "# HELP vigil_%s %s\n# TYPE vigil_%s %s\n", rows[i].name,
		           rows[i].help, rows[i].name, kinds[rows[i].kind]);
		if (rows[i].kind == KIND_HISTOGRAM)
			write_histogram(out, i);
		else
			buf_printf(out, "vigil_%s %" PRId64 "\n", rows[i].name,
			           metric_get((enum metric)i));
	}
}
