/* SPDX-License-Identifier: Apache-2.0 */
/* Who watches: a session is made by the first playlist and kept by asking. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/metric.h"
#include "endpoints/hls/hls_private.h"

static enum err check_room(const struct hls_packager *packager, struct why *why)
{
	const struct hls_endpoint *endpoint = packager->endpoint;
	bool is_full = endpoint->sessions.count >= endpoint->setup.sessions_max;

	if (!is_full && packager->session_count < endpoint->setup.stream_sessions_max)
		return ERR_OK;
	metric_count(METRIC_hls_refused_total);
	return why_set_reason(why, ERR_BUSY, REASON_TOO_MANY, NULL, "%s",
	                      is_full ? "too many watch over HLS here"
	                              : "too many watch this stream over HLS");
}

void hls_session_free(struct hls_session *session)
{
	free(session->codecs);
	free(session);
}

enum err hls_session_new(struct hls_packager *packager, struct str codecs, struct hls_session **out,
                         struct why *why)
{
	enum err err = check_room(packager, why);

	if (err != ERR_OK)
		return err;
	struct hls_session *session = calloc(1, sizeof *session);
	if (!session)
		return ERR_NO_MEMORY;
	id_make(session->id);
	if (codecs.size && !(session->codecs = str_dup(codecs)))
		err = ERR_NO_MEMORY;
	if (err == ERR_OK)
		err = map_add(&packager->endpoint->sessions, str_of(session->id), session);
	if (err != ERR_OK) {
		hls_session_free(session);
		return err;
	}
	session->packager = packager;
	session->request_count = 1;
	session->asked_ms = clock_steady_ms();
	list_add(&packager->sessions, &session->node);
	packager->session_count++;
	metric_add(METRIC_hls_sessions, 1);
	hls_packager_poke(packager);
	*out = session;
	return ERR_OK;
}

/* The newest to ask stands last. */
static void touch(struct hls_session *session)
{
	session->asked_ms = clock_steady_ms();
	list_remove(&session->node);
	list_add(&session->packager->sessions, &session->node);
}

struct hls_session *hls_session_find(struct hls_endpoint *endpoint, struct str id, struct str key)
{
	hls_lock(endpoint);
	struct hls_session *session = map_get(&endpoint->sessions, id);
	if (session && !str_equal(str_of(session->packager->key), key))
		session = NULL;
	if (session) {
		session->request_count++;
		touch(session);
	}
	hls_unlock(endpoint);
	return session;
}

void hls_session_end(struct hls_session *session)
{
	struct hls_packager *packager = session->packager;

	(void)map_remove(&packager->endpoint->sessions, str_of(session->id));
	list_remove(&session->node);
	packager->session_count--;
	metric_add(METRIC_hls_sessions, -1);
	hls_packager_poke(packager);
	hls_session_free(session);
}

void hls_session_done(struct hls_session *session)
{
	struct hls_endpoint *endpoint = session->packager->endpoint;

	hls_lock(endpoint);
	session->request_count--;
	if (session->is_told || session->request_count)
		touch(session);
	else
		hls_session_end(session);
	hls_unlock(endpoint);
}

void hls_sessions_sweep(struct hls_packager *packager, int64_t now_ms)
{
	list_each (node, &packager->sessions) {
		struct hls_session *session = CONTAINER_OF(node, struct hls_session, node);
		if (now_ms - session->asked_ms < HLS_SESSION_MS)
			return;
		if (!session->request_count)
			hls_session_end(session);
	}
}
