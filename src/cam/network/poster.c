/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/network/poster.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cam/network/url.h"
#include "cam/picture/encoder.h"

#define STILL_MAX (4 * 1024 * 1024)

enum err post_new(struct str url, struct str token, struct post **out)
{
	AUTO(post) post = calloc(1, sizeof *post);
	AUTO_BUF whole = { 0 };

	buf_init(&whole, POST_URL_MAX);
	if (!post)
		return ERR_NO_MEMORY;
	buf_init(&post->answer, POSTER_ANSWER_MAX);
	url_add_token(&whole, url, token);
	enum err err = buf_err(&whole);
	if (err == ERR_OK)
		err = str_copy(buf_str(&whole), post->url, sizeof post->url);
	if (err == ERR_OK)
		*out = TAKE(post);
	return err;
}

void post_free(struct post *post)
{
	if (!post)
		return;
	buf_done(&post->answer);
	free(post);
}

static size_t on_answer(char *bytes, size_t one, size_t size, void *owner)
{
	struct post *post = owner;

	buf_add(&post->answer, bytes, size);
	return buf_err(&post->answer) == ERR_OK ? size : 0;
}

/* Not 0: break off. */
static int on_progress(void *owner, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                       curl_off_t up)
{
	const struct post *post = owner;

	return atomic_load(&post->poster->is_ending);
}

/* Everything but the body, which differs between stills and files. */
static void set_up(CURL *curl, struct post *post, struct curl_slist *headers)
{
	(void)curl_easy_setopt(curl, CURLOPT_URL, post->url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)POSTER_TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, post);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, post);
}

static void transfer(CURL *curl, struct post *post)
{
	CURLcode code = curl_easy_perform(curl);

	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &post->status);
	if (code != CURLE_OK)
		post->err = why_set(&post->why, ERR_IO, "the upload failed: %s",
		                    curl_easy_strerror(code));
	else if (post->status < 200 || post->status > 299)
		post->err = why_set(&post->why, ERR_DENIED, "the upload was answered with %ld",
		                    post->status);
}

static void send_still(CURL *curl, struct post *post)
{
	AUTO_BUF still = { 0 };

	buf_init(&still, STILL_MAX);
	post->err = encoder_still(post->scene, &post->view, &still, &post->why);
	if (post->err != ERR_OK)
		return;
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)still.size);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (char *)still.at);
	transfer(curl, post);
}

static void send_file(CURL *curl, struct post *post)
{
	FILE *file = fopen(post->path, "rbe");
	struct stat found = { 0 };

	if (!file || fstat(fileno(file), &found) != 0) {
		post->err = why_set(&post->why, err_from_errno(errno), "the recording is gone");
	} else {
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
		                       (curl_off_t)found.st_size);
		(void)curl_easy_setopt(curl, CURLOPT_READDATA, file);
		transfer(curl, post);
	}
	if (file)
		(void)fclose(file);
}

static void work(struct lane_job *job)
{
	struct post *post = CONTAINER_OF(job, struct post, job);
	struct curl_slist *headers = NULL;
	char disposition[96];
	CURL *curl = curl_easy_init();

	if (!curl) {
		post->err = ERR_NO_MEMORY;
		return;
	}
	(void)snprintf(disposition, sizeof disposition,
	               "Content-Disposition: attachment; filename=\"%s\"", post->name);
	headers = curl_slist_append(headers, post->scene ? "Content-Type: image/jpeg"
	                                                 : "Content-Type: video/x-flv");
	headers = curl_slist_append(headers, disposition);
	set_up(curl, post, headers);
	if (post->scene)
		send_still(curl, post);
	else
		send_file(curl, post);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
}

static void done(struct lane_job *job)
{
	struct post *post = CONTAINER_OF(job, struct post, job);

	post->on_done(post);
	post_free(post);
}

enum err poster_init(struct poster *poster)
{
	atomic_store(&poster->is_ending, false);
	return lane_new("post", POSTER_THREADS, POSTER_QUEUE_MAX, &poster->lane);
}

void poster_done(struct poster *poster)
{
	atomic_store(&poster->is_ending, true);
	lane_free(poster->lane);
	poster->lane = NULL;
}

enum err poster_send(struct poster *poster, struct post *post)
{
	post->poster = poster;
	enum err err = lane_run(poster->lane, &post->job, work, done);
	if (err != ERR_OK)
		post_free(post);
	return err;
}

struct str post_answer_url(const struct post *post, json_t **out_json)
{
	json_t *json = NULL;

	if (json_read(buf_str(&post->answer), &json, NULL) != ERR_OK)
		return (struct str){ 0 };
	*out_json = json;
	return json_member_str(json, "url");
}
