/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/device/command.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/device/device_private.h"
#include "domain/identity/grant.h"
#include "ports/run/run.h"

static void deliver(struct command *command)
{
	command->done(command, command->err);
}

static void on_home(struct mail *mail)
{
	struct command *command = CONTAINER_OF(mail, struct command, mail);
	struct buf result = command->result;

	deliver(command); /* may free the command */
	buf_done(&result);
}

/* Goes back to the loop that asked, never inside its own call. */
static void complete(struct command *command, enum err err, enum reason reason)
{
	command->err = err;
	if (err != ERR_OK)
		err = why_set_reason(&command->why, err, (int)reason, NULL, "%s",
		                     reason_words((int)reason));
	command->mail.fn = on_home;
	run_post(command->home, &command->mail);
	(void)err;
}

static void leave(struct command *command)
{
	list_remove(&command->node);
	command->link->command_count--;
	command->link = NULL;
	run_cancel(&command->timer);
}

/* The link of this command's device, if it still lives here. */
static struct link *link_here(struct command *command, struct loop **out_elsewhere)
{
	struct devices *devices = command->devices;

	devices_lock(devices);
	const struct device *device = device_find(devices, str_of(command->did));
	struct link *link = device ? device->link : NULL;
	*out_elsewhere = link ? link->loop : NULL;
	devices_unlock(devices);
	return *out_elsewhere == run_here() ? link : NULL;
}

static void on_timeout(struct timer *timer)
{
	struct command *command = CONTAINER_OF(timer, struct command, timer);

	leave(command);
	metric_count(METRIC_command_timeout_total);
	complete(command, ERR_TIMEOUT, REASON_DEVICE_TIMEOUT);
}

/* The node's prefix keeps mids of several nodes apart; the rest nobody can guess. */
static void make_mid(struct command *command)
{
	char id[ID_SIZE];

	id_make(id);
	(void)snprintf(command->mid, sizeof command->mid, "%.16s-%s", command->devices->setup.node,
	               id);
}

/* As they are now: the link's own are those of its registration. */
static struct device_facts *facts_now(struct link *link)
{
	struct devices *devices = link->devices;

	devices_lock(devices);
	const struct device *device = device_find(devices, str_of(link->did));
	struct device_facts *facts = device_facts_ref(device ? device->facts : link->facts);
	devices_unlock(devices);
	return facts;
}

static enum err send_message(struct link *link, const struct device_facts *facts,
                             struct command *command)
{
	AUTO_BUF secret = { 0 };
	struct link_message message = {
		.did = str_of(command->did),
		.mid = str_of(command->mid),
		.token = str_of(command->grant),
		.data = command->data,
		.timestamp_ms = clock_now_ms(),
		.serve_sign = facts->serve_sign,
	};

	buf_init(&secret, DEVICE_SECRET_SIZE + DIGEST_SEAL_EXTRA);
	if (facts->serve_sign != SERVE_SIGN_NONE) {
		enum err err = device_secret(link->devices, facts, &secret);
		if (err != ERR_OK)
			return err;
		message.secret = buf_str(&secret);
	}
	enum err err = link->ops->send(link->owner, &message);
	mem_wipe(secret.at, secret.size);
	return err;
}

static void send_here(struct link *link, struct command *command)
{
	if (link->command_count >= LINK_COMMANDS_MAX) {
		complete(command, ERR_BUSY, REASON_DEVICE_BUSY);
		return;
	}
	make_mid(command);
	if (!command->grant[0])
		command_make_grant(command->devices, command);
	command->sent_us = clock_steady_us();
	command->link = link;
	list_add(&link->commands, &command->node);
	link->command_count++;
	run_after(&command->timer, command->timeout_ms, on_timeout);
	metric_count(METRIC_command_sent_total);
	struct device_facts *facts = facts_now(link);
	enum err err = send_message(link, facts, command);
	device_facts_unref(facts);
	if (err != ERR_OK && list_has(&command->node)) {
		leave(command);
		if (err == ERR_BUSY)
			complete(command, ERR_BUSY, REASON_DEVICE_BUSY);
		else
			complete(command, ERR_CONFLICT, REASON_DEVICE_OFFLINE);
	}
}

static void on_link_loop(struct mail *mail)
{
	struct command *command = CONTAINER_OF(mail, struct command, mail);
	struct loop *elsewhere;
	struct link *link = link_here(command, &elsewhere);

	if (link && link->ops)
		send_here(link, command);
	else if (elsewhere && elsewhere != run_here())
		run_post(elsewhere, &command->mail); /* the device moved meanwhile */
	else
		complete(command, ERR_CONFLICT, REASON_DEVICE_OFFLINE);
}

void command_make_grant(struct devices *devices, struct command *command)
{
	grant_make(devices->setup.keys, str_of(command->did), command->resource,
	           clock_now_ms() + GRANT_LIFE_MS, command->grant);
	if (str_equal(command->resource, STR("capture")))
		grant_add_did(str_of(command->did), command->grant);
}

void command_send(struct devices *devices, struct command *command)
{
	struct loop *elsewhere;

	command->devices = devices;
	command->home = run_here();
	command->err = ERR_OK;
	buf_init(&command->result, COMMAND_RESULT_MAX);
	struct link *link = link_here(command, &elsewhere);
	if (link && link->ops) {
		send_here(link, command);
	} else if (elsewhere && elsewhere != command->home) {
		command->mail.fn = on_link_loop;
		run_post(elsewhere, &command->mail);
	} else {
		complete(command, ERR_CONFLICT, REASON_DEVICE_OFFLINE);
	}
}

void link_answer(struct link *link, struct str mid, struct str result)
{
	list_each (node, &link->commands) {
		struct command *command = CONTAINER_OF(node, struct command, node);
		if (!str_equal(str_of(command->mid), mid))
			continue;
		leave(command);
		metric_observe(METRIC_command_us, clock_steady_us() - command->sent_us);
		buf_add_str(&command->result, result);
		if (buf_err(&command->result) == ERR_OK)
			complete(command, ERR_OK, REASON_NONE);
		else
			complete(command, ERR_TOO_LARGE, REASON_DEVICE_REFUSED);
		return;
	}
	metric_count(METRIC_command_late_total);
}

void commands_fail(struct link *link)
{
	list_each (node, &link->commands) {
		struct command *command = CONTAINER_OF(node, struct command, node);
		leave(command);
		complete(command, ERR_CONFLICT, REASON_DEVICE_OFFLINE);
	}
}
