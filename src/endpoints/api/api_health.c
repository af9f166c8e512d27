/* SPDX-License-Identifier: Apache-2.0 */
/* Is it alive, can it serve, how does it do: for supervisors, balancers and Prometheus. */
#include "base/metric.h"
#include "endpoints/api/api_private.h"

#define METRICS_BYTES_MAX (1024 * 1024)

void health_get(void *owner, struct request *req)
{
	response_send(req, 200, API_JSON, STR("{\"status\":\"ok\"}"));
}

/* The routes are served only while the database is open and no drain is under way. */
void ready_get(void *owner, struct request *req)
{
	const struct api *api = owner;
	AUTO_BUF body = { 0 };

	buf_init(&body, API_BODY_MAX);
	buf_add_text(&body, "{\"status\":\"ready\",\"version\":");
	json_add_quoted(&body, str_of(api->setup.version ? api->setup.version : ""));
	buf_add_text(&body, "}");
	api_answer(req, 200, &body);
}

void metrics_get(void *owner, struct request *req)
{
	struct actor actor;
	AUTO_BUF body = { 0 };
	enum err err = ERR_OK;

	if (!request_is_loopback(req)) {
		err = api_find_actor(owner, req, &actor);
		if (err == ERR_OK && !(actor.rights & RIGHT_PLATFORM))
			err = ERR_DENIED;
	}
	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		return;
	}
	buf_init(&body, METRICS_BYTES_MAX);
	metric_write(&body);
	if (buf_err(&body) == ERR_OK)
		response_send(req, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&body));
	else
		api_problem(req, ERR_BUSY, NULL);
}
