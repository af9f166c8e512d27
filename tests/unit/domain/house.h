/* SPDX-License-Identifier: Apache-2.0 */
/*
 * house.h — the whole domain over a database in a scratch folder, a loop turned by the test and a
 * second one on its own thread, and cameras: the other end of links.
 */
#ifndef VIGIL_TESTS_HOUSE_H
#define VIGIL_TESTS_HOUSE_H

#include "domain/device/command.h"
#include "domain/device/registration.h"
#include "domain/domain.h"
#include "io/loop.h"
#include "tests/unit/unit.h"

#define WAIT_MS 5000

struct house {
	char folder[64], url[128], key_path[128], objects[128];
	struct db *db;
	struct keys *keys;
	struct blob *blob;
	struct domain *domain;
	struct loop *loop, *other;
	struct db_options options;
	struct storage_setup storage; /* its numbers */
	int64_t flush_ms, bytes_max;
	bool is_started; /* domain_start() ran: timers hold it */
};

/* cmocka's set-up and tear-down; *state is a struct house. */
int house_start(void **state);
int house_stop(void **state);
/* Every write runs twice. */
int house_start_twice(void **state);

/* The server ends and starts again on the same folder. */
void house_close(struct house *house);
void house_open(struct house *house);

/* Runs `run` on that loop's thread; waits for it. */
void house_run(struct house *house, struct loop *loop, void (*run)(void *arg), void *arg);
/* Turns the loop until `until` says true; fails the test after WAIT_MS. */
void house_wait(struct house *house, bool (*until)(void *arg), void *arg);
/* Turns it for that long. */
void house_turn(struct house *house, int64_t ms);
/* Turns it until the events that were written are sealed. */
void house_wait_cursor(struct house *house, int64_t cursor);

/* Moves the test clock on both loops. Tests that need it are skipped in builds without. */
void house_move_clock(struct house *house, int64_t ms);
#ifdef VIGIL_TEST_CLOCK
#define NEEDS_TEST_CLOCK() ((void)0)
#else
#define NEEDS_TEST_CLOCK() skip_because("the build has no test clock")
#endif

/* A change, waited for. */
enum err house_change(struct house *house, struct device_change *change);
/* A device of the organization "default" with the secret "secret". */
void house_add(struct house *house, const char *did, enum device_kind kind,
               enum sign_policy policy);
struct presence house_presence(struct house *house, const char *did);

/* The other end of a link: what a device does, as far as the domain sees it. */
struct camera {
	struct house *house;
	struct loop *loop;
	struct registration registration;
	const char *secret;
	struct link *link; /* NULL: none, or it was ended */
	bool is_done;
	enum err err;
	enum err send_answer; /* what send() gives */
	int sent, ended;
	char mid[COMMAND_MID_SIZE], data[512], token[64], message_secret[32];
	char reason[DEVICE_REASON_SIZE];
};
void camera_init(struct camera *camera, struct house *house, const char *did);
/* Registers with the sign_kind and timestamp that stand in the registration. */
enum err camera_register(struct camera *camera);
/* The same with a timestamp of now, later than any before. */
enum err camera_register_now(struct camera *camera);
/* Begins without waiting; is_done tells the end. On the camera's loop. */
void camera_begin(struct camera *camera);
bool camera_is_done(void *camera);
void camera_close(struct camera *camera);
void camera_answer(struct camera *camera, const char *mid, const char *result);

#endif
