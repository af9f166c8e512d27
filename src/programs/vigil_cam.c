/* SPDX-License-Identifier: Apache-2.0 */
/* vigil-cam: reads its settings, starts the cameras, waits for a signal, ends them. */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "base/settings.h"
#include "cam/cam.h"
#include "cam/network/fault.h"
#include "io/conn.h"
#include "io/loop.h"
#include "programs/program.h"
#include "programs/version.h"

#define SETTINGS_DEF    "programs/vigil_cam_settings.def"
#define SETTINGS_STRUCT struct vigil_cam_settings

struct vigil_cam_settings {
#include "programs/settings_members.def"
};

static const struct setting rows[] = {
#include "programs/settings_rows.def"
};

static const struct settings_table table = {
	.program = "vigil-cam",
	.summary = "a camera that is not there: the device side of the protocol, with pictures",
	.version = VIGIL_VERSION,
	.prefix = "VIGIL_CAM_",
	.rows = rows,
	.row_count = COUNT_OF(rows),
};

#define GOODBYE_MS 200 /* for what was sent last to arrive, and the peer's end of it */

/* What the main thread asks of the loop's. */
struct order {
	struct mail mail;
	struct timer timer;
	struct cam *cam;
	struct loop *loop;
};

static void on_start(struct mail *mail)
{
	cam_start(CONTAINER_OF(mail, struct order, mail)->cam);
}

static void on_goodbye_over(struct timer *timer)
{
	struct order *order = CONTAINER_OF(timer, struct order, timer);

	conn_close_all(order->loop);
	loop_stop(order->loop);
}

static void on_end(struct mail *mail)
{
	struct order *order = CONTAINER_OF(mail, struct order, mail);

	cam_stop(order->cam);
	loop_timer_start(order->loop, &order->timer, GOODBYE_MS, on_goodbye_over);
}

static enum err make_options(const struct vigil_cam_settings *settings, struct cam_options *out,
                             struct why *why)
{
	*out = (struct cam_options){
		.server = settings->mqtt,
		.did = settings->did,
		.secret = settings->secret,
		.count = (unsigned)settings->count,
		.clip = settings->clip,
		.state = settings->state,
		.is_gateway = settings->gateway,
		.children = (unsigned)settings->children,
		.sign = (enum device_sign)settings->sign,
		.has_events = settings->events,
		.is_silent = settings->silent,
		.is_sign_required = settings->require_sign,
		.has_tls = settings->tls,
		.is_tls_unverified = settings->tls_unverified,
		.tls_ca = settings->tls_ca,
	};
	if (!settings->did[0] || !settings->secret[0])
		return why_set(why, ERR_INVALID, "--did and --secret: both are needed");
	for (size_t i = 0; i < settings->fault.count; i++)
		if (!fault_add(&out->faults, settings->fault.items[i]))
			return why_set(why, ERR_INVALID, "--fault: there is no %.60s",
			               settings->fault.items[i]);
	if (settings->rtsp)
		log_warn("cam.rtsp", "not built yet: pushes by RTMP only");
	if (settings->onvif)
		log_warn("cam.onvif", "not built yet: controlled by MQTT only");
	return ERR_OK;
}

/* The loop has a thread of its own; this one waits for the signal to end. */
static enum err run(const struct cam_options *options, struct why *why)
{
	AUTO(loop) loop = NULL;
	AUTO(cam) cam = NULL;
	sigset_t signals;
	int signal_number;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	enum err err = loop_new(0, &loop);
	if (err == ERR_OK)
		err = cam_new(options, loop, &cam, why);
	struct order start = { .mail.fn = on_start, .cam = cam, .loop = loop };
	if (err == ERR_OK)
		err = loop_start(loop);
	if (err != ERR_OK)
		return why && why->text[0] ? err : why_set(why, err, "%s", err_text(err));
	loop_post(loop, &start.mail);
	(void)sigwait(&signals, &signal_number);
	log_info("cam.ending", "signal=%d", signal_number);
	struct order end = { .mail.fn = on_end, .cam = cam, .loop = loop };
	loop_post(loop, &end.mail);
	loop_join(loop);
	/* The loop first: what it still delivers points into the cameras. */
	loop_free(TAKE(loop));
	return ERR_OK;
}

int main(int argc, char **argv, char **environment)
{
	struct vigil_cam_settings settings = { 0 };
	struct cam_options options;
	struct why why = { 0 };

	if (program_answers(&table, argc, argv))
		return 0;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	enum err err = settings_read(&table, argc, argv, environment, &settings, &why);
	if (err == ERR_OK) {
		program_start_log("vigil-cam", settings.log_level, settings.log_json);
		err = make_options(&settings, &options, &why);
	}
	if (err == ERR_OK)
		err = run(&options, &why);
	if (err != ERR_OK)
		(void)fprintf(stderr, "vigil-cam: %s\n", why.text[0] ? why.text : err_text(err));
	settings_done(&table, &settings);
	curl_global_cleanup();
	return err == ERR_OK ? 0 : err == ERR_INVALID ? 2 : 1;
}
