/* SPDX-License-Identifier: Apache-2.0 */
/* db_writer.h — many works, one commit. Private to ports/db. */
#ifndef VIGIL_PORTS_DB_WRITER_H
#define VIGIL_PORTS_DB_WRITER_H

#include <stdbool.h>

#include "base/err.h"
#include "ports/db/db.h"

/* Works that may share one commit: a longer transaction would only make the first one wait. */
#define DB_BATCH_MAX 256

/* Runs the chain of jobs and commits; job->err is each one's own outcome. On failure nothing of
 * the batch is kept, whatever the jobs say. */
enum err db_write_batch(struct db_tx *tx, struct db_job *batch, bool is_twice);

#endif
