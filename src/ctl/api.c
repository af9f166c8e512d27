/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/api.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/text/url.h"

#define CONNECT_TIMEOUT_MS 5000L
#define SILENCE_S          45L /* an event stream speaks every 15 s */
#define HEADER_TEXT_MAX    512
#define URL_MAX            8192
#define RETRY_AFTER_S_MAX  3600

struct api {
	CURL *easy;
	char *url;
	char *authorization; /* the header's whole line, or NULL */
	char *ca_file;
};

/* What one call's callbacks need. */
struct call {
	const struct api *api;
	const struct api_request *request;
	struct api_answer *answer;
};

void api_free(struct api *api)
{
	if (!api)
		return;
	curl_easy_cleanup(api->easy);
	if (api->authorization)
		mem_wipe(api->authorization, strlen(api->authorization));
	free(api->authorization);
	free(api->ca_file);
	free(api->url);
	free(api);
}

enum err api_new(const char *url, const char *token, const char *ca_file, struct api **out)
{
	AUTO(api) api = calloc(1, sizeof *api);

	if (!api || !(api->url = strdup(url)) || !(api->easy = curl_easy_init()))
		return ERR_NO_MEMORY;
	if (ca_file && !(api->ca_file = strdup(ca_file)))
		return ERR_NO_MEMORY;
	if (token[0] && asprintf(&api->authorization, "Authorization: Bearer %s", token) < 0) {
		api->authorization = NULL;
		return ERR_NO_MEMORY;
	}
	*out = TAKE(api);
	return ERR_OK;
}

static size_t on_body(char *at, size_t unit, size_t count, void *owner)
{
	struct call *call = owner;
	struct str bytes = { at, unit * count };
	long status = 0;

	(void)curl_easy_getinfo(call->api->easy, CURLINFO_RESPONSE_CODE, &status);
	if (call->request->on_bytes && status >= 200 && status < 300)
		return call->request->on_bytes(call->request->owner, bytes) ? bytes.size : 0;
	buf_add_str(&call->answer->body, bytes);
	return buf_err(&call->answer->body) == ERR_OK ? bytes.size : 0;
}

static size_t on_header(char *at, size_t unit, size_t count, void *owner)
{
	struct call *call = owner;
	struct str line = { at, unit * count }, name;
	uint64_t seconds = 0;

	while (line.size && strchr("\r\n", line.at[line.size - 1]))
		line.size--;
	if (!str_cut(&line, ':', &name))
		return unit * count;
	line = str_trim(line);
	if (str_equal_nocase(name, STR("Vigil-Request-Id")) && str_is_word(line, "-_."))
		(void)str_copy(line, call->answer->request_id, sizeof call->answer->request_id);
	if (str_equal_nocase(name, STR("Retry-After")) &&
	    str_to_u64(line, RETRY_AFTER_S_MAX, &seconds) == ERR_OK)
		call->answer->retry_after_s = (int)seconds;
	return unit * count;
}

static enum err add_header(struct curl_slist **list, const char *name, const char *value)
{
	char line[HEADER_TEXT_MAX];
	struct curl_slist *longer;

	if (!value || !value[0])
		return ERR_OK;
	if (snprintf(line, sizeof line, "%s%s", name, value) >= (int)sizeof line)
		return ERR_TOO_LARGE;
	if (!(longer = curl_slist_append(*list, line)))
		return ERR_NO_MEMORY;
	*list = longer;
	return ERR_OK;
}

static enum err add_headers(const struct api *api, const struct api_request *request,
                            struct curl_slist **list)
{
	const char *const lines[][2] = {
		{ "", api->authorization },
		{ "Accept: ", request->accept ? request->accept : "application/json" },
		{ "Last-Event-ID: ", request->cursor },
		{ "Content-Type: ", request->type ? request->type : "application/json" },
		{ "Expect:", " " }, /* libcurl would wait a second for 100-continue */
	};

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		enum err err = add_header(list, lines[i][0], lines[i][1]);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static void set_options(struct call *call, const char *url, struct curl_slist *headers)
{
	const struct api_request *request = call->request;
	CURL *easy = call->api->easy;

	curl_easy_reset(easy);
	(void)curl_easy_setopt(easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "vigil");
	if (call->api->ca_file)
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, call->api->ca_file);
	/* A proxy of the environment cannot reach this machine's own loopback. */
	if (url_is_loopback(str_of(call->api->url)))
		(void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	if (request->body.size) {
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		                       (curl_off_t)request->body.size);
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.at);
	} else if (strcmp(request->method, "POST") == 0) {
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
	}
	if (request->is_endless) {
		(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SILENCE_S);
	} else {
		(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)API_TIMEOUT_MS);
	}
}

static enum err perform(struct call *call, struct why *why)
{
	CURLcode code = curl_easy_perform(call->api->easy);
	const char *url = call->api->url, *words = curl_easy_strerror(code);
	long status = 0;

	(void)curl_easy_getinfo(call->api->easy, CURLINFO_RESPONSE_CODE, &status);
	call->answer->status = (int)status;
	if (code == CURLE_OK)
		return ERR_OK;
	if (buf_err(&call->answer->body) == ERR_TOO_LARGE)
		return why_set(why, ERR_TOO_LARGE, "%.100s: the answer is over %d bytes", url,
		               API_ANSWER_MAX);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return why_set(why, ERR_TIMEOUT, "%.100s did not answer in time", url);
	return why_set(why, ERR_CLOSED, "%.100s: %.80s", url, words);
}

enum err api_call(struct api *api, const struct api_request *request, struct api_answer *out,
                  struct why *why)
{
	struct call call = { api, request, out };
	struct curl_slist *headers = NULL;
	AUTO_BUF url = { 0 };

	api_answer_done(out);
	buf_init(&out->body, API_ANSWER_MAX);
	buf_init(&url, URL_MAX);
	buf_add_text(&url, api->url);
	buf_add_str(&url, request->path);
	buf_add_u8(&url, '\0');
	enum err err = buf_err(&url);
	if (err == ERR_OK)
		err = add_headers(api, request, &headers);
	if (err != ERR_OK) {
		err = why_set(why, err, "the request: %s", err_text(err));
	} else {
		set_options(&call, (const char *)url.at, headers);
		err = perform(&call, why);
	}
	curl_slist_free_all(headers);
	/* Depth is jansson's own limit here: the server is ours, and the size is bounded above. */
	if (err == ERR_OK && out->body.size)
		out->json = json_loadb((const char *)out->body.at, out->body.size, 0, NULL);
	return err;
}

void api_answer_done(struct api_answer *answer)
{
	buf_done(&answer->body);
	json_decref(answer->json);
	*answer = (struct api_answer){ 0 };
}
