/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metric.h — counters, gauges and histograms, listed once in metric.def.
 *
 * Threads  any; a write is one relaxed atomic addition. The registry is one of the few mutable
 * globals. metric_write() renders Prometheus text (exposition format 0.0.4).
 */
#ifndef VIGIL_BASE_METRIC_H
#define VIGIL_BASE_METRIC_H

#include <stdint.h>

#include "base/buf.h"

enum metric {
#define COUNTER(name, help)   METRIC_##name,
#define GAUGE(name, help)     METRIC_##name,
#define HISTOGRAM(name, help) METRIC_##name,
#include "base/metric.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
	METRIC_COUNT_
};

#define METRIC_BUCKETS 24 /* powers of two: 1, 2, 4 ... 2^22, +Inf */

/* Counters only grow; gauges take negative steps too. */
void metric_add(enum metric metric, int64_t step);
void metric_set(enum metric metric, int64_t value);

/* One observation of a histogram, in the unit its name ends in. */
void metric_observe(enum metric metric, int64_t value);

int64_t metric_get(enum metric metric);
void metric_write(struct buf *out);

#define metric_count(metric) metric_add(metric, 1)

#endif
