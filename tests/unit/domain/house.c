/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/domain/house.h"

#include <ftw.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static void push_url(void *owner, struct str did, struct str token, struct str reached_at,
                     struct buf *out)
{
	buf_printf(out, "rtmp://%.*s/live/%.*s?token=%.*s", STR_ARG(reached_at), STR_ARG(did),
	           STR_ARG(token));
}

void house_open(struct house *house)
{
	struct why why = { 0 };
	bool is_fresh;

	assert_ok(loop_new(0, &house->loop));
	assert_ok(loop_new(1, &house->other));
	assert_ok(loop_start(house->other));
	house->options.url = house->url;
	if (db_open(&house->options, &house->db, &why) != ERR_OK)
		fail_msg("%s", why.text);
	const struct blob_options blob = {
		.url = "", .fallback = house->objects, .threads = 2, .queue_max = 64
	};
	if (blob_open(&blob, &house->blob, &why) != ERR_OK)
		fail_msg("%s", why.text);
	assert_ok(domain_is_fresh(house->db, &is_fresh));
	assert_ok(keys_open(house->key_path, is_fresh, &house->keys, &why));
	assert_ok(domain_check_key(house->db, house->keys, &why));
	const struct domain_setup setup = {
		.db = house->db,
		.keys = house->keys,
		.blob = house->blob,
		.storage = house->storage,
		.platform_token = STR("platform-token"),
		.registration_s = 3600,
		.live = { .flush_ms = house->flush_ms,
		          .bytes_max = house->bytes_max,
		          .push_url = push_url },
	};
	assert_ok(domain_new(&setup, &house->domain, &why));
}

void house_close(struct house *house)
{
	house_turn(house, 30);
	db_stop(house->db);
	blob_stop(house->blob);
	loop_stop(house->other);
	loop_join(house->other);
	loop_free(house->other);
	loop_free(house->loop);
	domain_free(house->domain);
	keys_free(house->keys);
	blob_free(house->blob);
	db_free(house->db);
}

static int start(void **state, bool is_twice)
{
	struct house *house = calloc(1, sizeof *house);

	assert_non_null(house);
	(void)snprintf(house->folder, sizeof house->folder, "/tmp/vigil-house-XXXXXX");
	assert_non_null(mkdtemp(house->folder));
	(void)snprintf(house->url, sizeof house->url, "sqlite:%s/test.db", house->folder);
	(void)snprintf(house->key_path, sizeof house->key_path, "%s/key", house->folder);
	(void)snprintf(house->objects, sizeof house->objects, "%s/objects", house->folder);
	house->storage = (struct storage_setup){
		.keep_ms = 7 * 86400000LL, .stills_per_device = 3, .files_max = 20, .puts_max = 12
	};
	house->options =
		(struct db_options){ .readers = 2, .queue_max = 5000, .is_twice = is_twice };
	house->bytes_max = 512 * 1024 * 1024;
	house_open(house);
	*state = house;
	return 0;
}

int house_start(void **state)
{
	return start(state, false);
}

int house_start_twice(void **state)
{
	return start(state, true);
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
	return remove(path);
}

int house_stop(void **state)
{
	struct house *house = *state;

	house_close(house);
	assert_int_equal(nftw(house->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(house);
	return 0;
}

struct run {
	struct mail mail;
	void (*run)(void *arg);
	void *arg;
	bool is_run;
	sem_t over;
};

static bool run_here_once(void *arg)
{
	struct run *run = arg;

	if (!run->is_run) {
		run->is_run = true;
		run->run(run->arg);
	}
	return true;
}

static void run_there(struct mail *mail)
{
	struct run *run = CONTAINER_OF(mail, struct run, mail);

	run->run(run->arg);
	(void)sem_post(&run->over);
}

void house_run(struct house *house, struct loop *loop, void (*run_fn)(void *arg), void *arg)
{
	struct run run = { .mail = { .fn = run_there }, .run = run_fn, .arg = arg };

	if (loop == house->loop) {
		assert_true(loop_run_until(loop, run_here_once, &run, WAIT_MS));
		return;
	}
	assert_int_equal(sem_init(&run.over, 0, 0), 0);
	loop_post(loop, &run.mail);
	while (sem_wait(&run.over) != 0)
		;
	(void)sem_destroy(&run.over);
}

void house_wait(struct house *house, bool (*until)(void *arg), void *arg)
{
	assert_true(loop_run_until(house->loop, until, arg, WAIT_MS));
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

void house_turn(struct house *house, int64_t ms)
{
	(void)loop_run_until(house->loop, never, NULL, ms);
}

struct cursor {
	struct event_log *log;
	int64_t wanted;
};

static bool is_sealed(void *arg)
{
	const struct cursor *cursor = arg;

	return event_last_cursor(cursor->log) >= cursor->wanted;
}

void house_wait_cursor(struct house *house, int64_t wanted)
{
	struct cursor cursor = { house->domain->events, wanted };

	house_wait(house, is_sealed, &cursor);
}

static void nothing(void *arg)
{
	(void)arg;
}

void house_move_clock(struct house *house, int64_t ms)
{
#ifdef VIGIL_TEST_CLOCK
	clock_advance(ms);
	loop_clock_moved(house->loop);
	loop_clock_moved(house->other);
#endif
	(void)ms;
	house_run(house, house->other, nothing, NULL);
	house_turn(house, 20);
}

struct changing {
	struct device_change *change;
	struct devices *devices;
	void (*done)(struct device_change *change, enum err err);
	enum err err;
	bool is_done;
};

/* One change at a time: its end is noted here. */
static struct changing *under_way;

static void on_changed(struct device_change *change, enum err err)
{
	under_way->err = err;
	under_way->is_done = true;
}

static void begin_change(void *arg)
{
	struct changing *changing = arg;

	changing->change->done = on_changed;
	changing->err = device_change(changing->devices, changing->change);
	changing->is_done = changing->err != ERR_OK;
}

static bool is_changed(void *arg)
{
	return ((struct changing *)arg)->is_done;
}

enum err house_change(struct house *house, struct device_change *change)
{
	struct changing changing = { .change = change, .devices = house->domain->devices };

	under_way = &changing;
	if (!change->spec.organization[0])
		(void)str_copy(STR("default"), change->spec.organization, ORGANIZATION_SIZE);
	house_run(house, house->loop, begin_change, &changing);
	house_wait(house, is_changed, &changing);
	under_way = NULL;
	return changing.err;
}

void house_add(struct house *house, const char *did, enum device_kind kind, enum sign_policy policy)
{
	struct device_change change = { .kind = DEVICE_CREATE };

	(void)str_copy(str_of(did), change.spec.did, DID_SIZE);
	(void)str_copy(STR("secret"), change.spec.secret, DEVICE_SECRET_SIZE);
	change.spec.kind = kind;
	change.spec.sign_policy = policy;
	assert_ok(house_change(house, &change));
}

struct presence house_presence(struct house *house, const char *did)
{
	struct device_view view;

	assert_ok(device_view(house->domain->devices, (struct str){ 0 }, str_of(did), &view));
	struct presence presence = view.presence;
	device_view_done(&view);
	return presence;
}

static enum err on_send(void *owner, const struct link_message *message)
{
	struct camera *camera = owner;

	camera->sent++;
	(void)str_copy(message->mid, camera->mid, sizeof camera->mid);
	(void)str_copy(message->data, camera->data, sizeof camera->data);
	(void)str_copy(message->token, camera->token, sizeof camera->token);
	(void)str_copy(message->secret, camera->message_secret, sizeof camera->message_secret);
	return camera->send_answer;
}

static void on_ended(void *owner, struct link *link, const char *reason)
{
	struct camera *camera = owner;

	camera->ended++;
	if (camera->link == link)
		camera->link = NULL;
	(void)str_copy(str_of(reason), camera->reason, sizeof camera->reason);
}

static const struct link_ops camera_ops = { .send = on_send, .ended = on_ended };

static bool matches(struct registration *registration, struct str secret)
{
	const struct camera *camera = CONTAINER_OF(registration, struct camera, registration);

	return str_equal(secret, str_of(camera->secret));
}

static void on_registered(struct registration *registration, enum err err)
{
	struct camera *camera = CONTAINER_OF(registration, struct camera, registration);

	camera->err = err;
	if (err == ERR_OK)
		camera->link = registration->link;
	__atomic_store_n(&camera->is_done, true, __ATOMIC_RELEASE);
}

void camera_init(struct camera *camera, struct house *house, const char *did)
{
	struct registration *registration = &camera->registration;

	*camera = (struct camera){ .house = house, .loop = house->loop, .secret = "secret" };
	(void)str_copy(str_of(did), registration->did, DID_SIZE);
	(void)str_copy(STR("192.0.2.1:4000"), registration->address, DEVICE_ADDRESS_SIZE);
	(void)str_copy(STR("198.51.100.1:1883"), registration->reached_at, DEVICE_ADDRESS_SIZE);
	registration->sign_kind = SIGN_TIMESTAMP;
	registration->matches = matches;
	registration->ops = &camera_ops;
	registration->owner = camera;
	registration->done = on_registered;
}

static void begin(void *arg)
{
	struct camera *camera = arg;

	registration_start(camera->house->domain->devices, &camera->registration);
}

void camera_begin(struct camera *camera)
{
	struct registration *registration = &camera->registration;

	registration->why = (struct why){ 0 };
	registration->link = NULL;
	registration->is_renewal = registration->is_cancelled = false;
	registration->probe_epoch = 0;
	__atomic_store_n(&camera->is_done, false, __ATOMIC_RELEASE);
	house_run(camera->house, camera->loop, begin, camera);
}

bool camera_is_done(void *arg)
{
	const struct camera *camera = arg;

	return __atomic_load_n(&camera->is_done, __ATOMIC_ACQUIRE);
}

enum err camera_register(struct camera *camera)
{
	camera_begin(camera);
	house_wait(camera->house, camera_is_done, camera);
	return camera->err;
}

enum err camera_register_now(struct camera *camera)
{
	int64_t now_ms = clock_now_ms();

	camera->registration.timestamp_ms = now_ms > camera->registration.timestamp_ms
	                                            ? now_ms
	                                            : camera->registration.timestamp_ms + 1;
	return camera_register(camera);
}

static void close_link(void *arg)
{
	struct camera *camera = arg;

	link_close(camera->link, "connection closed");
	camera->link = NULL;
}

void camera_close(struct camera *camera)
{
	house_run(camera->house, camera->loop, close_link, camera);
}

struct answer {
	struct camera *camera;
	const char *mid, *result;
};

static void give_answer(void *arg)
{
	const struct answer *answer = arg;

	link_seen(answer->camera->link);
	link_answer(answer->camera->link, str_of(answer->mid), str_of(answer->result));
}

void camera_answer(struct camera *camera, const char *mid, const char *result)
{
	struct answer answer = { camera, mid, result };

	house_run(camera->house, camera->loop, give_answer, &answer);
}
