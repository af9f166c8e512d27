/* SPDX-License-Identifier: Apache-2.0 */
/* From the loops to the lane and back; what is done there stands in blob_file.c. */
#include "ports/blob/blob.h"

#include <string.h>

#include "base/digest.h"
#include "base/id.h"
#include "io/lane.h"
#include "io/loop.h"
#include "ports/blob/blob_file_private.h"

#define LANE_NAME "disk"

struct blob {
	struct blob_folder folder;
	struct lane *lane; /* NULL: stopped */
};

struct blob_object {
	struct blob *blob;
	struct blob_file file;
};

/* One visit to the lane. */
struct task {
	struct lane_job lane;
	struct blob_job *job; /* NULL: nobody waits */
	enum err (*work)(struct task *task);
	enum err err;
	struct blob *blob;
	struct blob_object *object;
	struct str bytes;
	uint64_t offset;
	uint8_t *to;
	size_t size;
	const char (*ids)[BLOB_ID_SIZE];
	unsigned folder;
	struct buf *out;
};

static void work(struct lane_job *lane)
{
	struct task *task = CONTAINER_OF(lane, struct task, lane);

	task->err = task->work(task);
}

static void done(struct lane_job *lane)
{
	struct task *task = CONTAINER_OF(lane, struct task, lane);
	struct blob_job *job = task->job;
	enum err err = task->err;

	free(task);
	if (job)
		job->done(job, err);
}

static enum err run(const struct task *wanted)
{
	struct blob *blob = wanted->blob;

	if (!blob->lane)
		return ERR_CLOSED;
	struct task *task = malloc(sizeof *task);
	if (!task)
		return ERR_NO_MEMORY;
	*task = *wanted;
	enum err err = lane_run(blob->lane, &task->lane, work, done);
	if (err != ERR_OK)
		free(task);
	return err;
}

enum err blob_open(const struct blob_options *options, struct blob **out, struct why *why)
{
	AUTO(blob) blob = calloc(1, sizeof *blob);
	const char *path = options->fallback;

	if (!blob)
		return ERR_NO_MEMORY;
	blob->folder.root = blob->folder.lock = -1;
	if (str_starts(str_of(options->url), STR("file:")))
		path = options->url + strlen("file:");
	else if (options->url[0])
		return why_set(why, ERR_INVALID, "blob: %.60s: only file:PATH is built",
		               options->url);
	blob->folder.reserve_bytes = options->reserve_bytes;
	enum err err = blob_folder_open(&blob->folder, path, why);
	if (err != ERR_OK)
		return err;
	err = lane_new(LANE_NAME, options->threads, options->queue_max, &blob->lane);
	if (err != ERR_OK)
		return why_set(why, err, "blob: %s", err_text(err));
	*out = TAKE(blob);
	return ERR_OK;
}

void blob_stop(struct blob *blob)
{
	lane_free(blob->lane);
	blob->lane = NULL;
}

void blob_free(struct blob *blob)
{
	if (!blob)
		return;
	blob_stop(blob);
	blob_folder_close(&blob->folder);
	free(blob);
}

void blob_make_id(const struct blob *blob, char out[BLOB_ID_SIZE])
{
	uint8_t bytes[16];

	id_random(bytes, sizeof bytes);
	digest_hex(bytes, sizeof bytes, out);
	memcpy(out + 2, blob->folder.run, BLOB_RUN_SIZE - 1);
}

enum err blob_find(struct blob *blob, const char *id, struct blob_object **out)
{
	struct blob_object *object = calloc(1, sizeof *object);

	if (!object)
		return ERR_NO_MEMORY;
	object->blob = blob;
	object->file.folder = &blob->folder;
	object->file.fd = -1;
	enum err err = str_copy(str_of(id), object->file.id, BLOB_ID_SIZE);
	if (err == ERR_OK)
		*out = object;
	else
		free(object);
	return err;
}

enum err blob_create(struct blob *blob, const char *id, uint64_t expected_bytes,
                     struct blob_object **out)
{
	enum err err = blob_find(blob, id, out);

	if (err == ERR_OK)
		(*out)->file.expected_bytes = expected_bytes;
	return err;
}

static enum err append(struct task *task)
{
	return blob_file_append(&task->object->file, task->bytes);
}

static enum err commit(struct task *task)
{
	enum err err = blob_file_append(&task->object->file, task->bytes);

	return err == ERR_OK ? blob_file_commit(&task->object->file) : err;
}

static enum err read_some(struct task *task)
{
	return blob_file_read(&task->object->file, task->offset, task->to, task->size);
}

enum err blob_append(struct blob_object *object, struct blob_job *job, struct str bytes)
{
	return run(&(struct task){ .blob = object->blob,
	                           .job = job,
	                           .work = append,
	                           .object = object,
	                           .bytes = bytes });
}

enum err blob_commit(struct blob_object *object, struct blob_job *job, struct str bytes)
{
	return run(&(struct task){ .blob = object->blob,
	                           .job = job,
	                           .work = commit,
	                           .object = object,
	                           .bytes = bytes });
}

enum err blob_read(struct blob_object *object, struct blob_job *job, uint64_t offset, uint8_t *to,
                   size_t size)
{
	return run(&(struct task){ .blob = object->blob,
	                           .job = job,
	                           .work = read_some,
	                           .object = object,
	                           .offset = offset,
	                           .to = to,
	                           .size = size });
}

static enum err close_file(struct task *task)
{
	blob_file_close(&task->object->file);
	free(task->object);
	return ERR_OK;
}

void blob_object_free(struct blob_object *object)
{
	struct task task = { .work = close_file, .object = object };

	if (!object)
		return;
	task.blob = object->blob;
	/* To close a file may take a while; when the lane is full, it is still better than a leak.
	 */
	if (!loop_current() || run(&task) != ERR_OK)
		(void)close_file(&task);
}

void blob_object_drop(struct blob_object *object)
{
	if (object)
		object->file.is_temporary = object->file.fd >= 0;
	blob_object_free(object);
}

static enum err remove_all(struct task *task)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < task->size && err == ERR_OK; i++)
		err = blob_folder_remove(&task->blob->folder, task->ids[i]);
	return err;
}

enum err blob_remove(struct blob *blob, struct blob_job *job, const char (*ids)[BLOB_ID_SIZE],
                     size_t count)
{
	return run(&(struct task){
		.blob = blob, .job = job, .work = remove_all, .ids = ids, .size = count });
}

static enum err list_folder(struct task *task)
{
	return blob_folder_list(&task->blob->folder, task->folder, task->out);
}

enum err blob_list(struct blob *blob, struct blob_job *job, unsigned folder, struct buf *out)
{
	return run(&(struct task){
		.blob = blob, .job = job, .work = list_folder, .folder = folder, .out = out });
}
