/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many streams with one viewer each: streams CLIP RTMP_PORT HTTP_PORT WARM_S SECONDS SERVER_PID
 *
 * Reads a line "NAME?token=... /path/of/the/viewer" for each stream from standard input. The
 * frames of all streams are spread over a frame's time, and their key frames over a group of
 * pictures.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "clip.h"
#include "load.h"

#define STREAMS_MAX 4096
#define FRAME_US    40000
#define GROUP       50 /* frames */
#define NAME_BYTES  1024

struct stream {
	int push;
	size_t late; /* frames until it begins */
	char name[NAME_BYTES], path[NAME_BYTES];
	struct watched viewer;
};

static struct clip clip;
static struct stream *streams;
static size_t stream_count;
static int epoll;
static int64_t most_late_us;

static void read_names(void)
{
	streams = calloc(STREAMS_MAX, sizeof *streams);
	if (!streams)
		fail("no memory");
	while (stream_count < STREAMS_MAX &&
	       scanf("%1023s %1023s", streams[stream_count].name, streams[stream_count].path) == 2)
		stream_count++;
	if (!stream_count)
		fail("no streams");
}

static void send_frame(const struct stream *stream, const struct clip_frame *frame,
                       uint32_t time_ms)
{
	uint8_t head[CLIP_HEAD_BYTES];
	struct iovec parts[] = { { head, sizeof head }, { frame->chunks, frame->size } };

	clip_write_head(frame, time_ms, head);
	if (writev(stream->push, parts, 2) != (ssize_t)(sizeof head + frame->size))
		fail("%s was cut off", stream->name);
}

static void start_push(struct stream *stream, size_t index, long port)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 2 * index };

	stream->push = clip_publish(port, "live", stream->name);
	stream->late = index * GROUP / stream_count;
	send_frame(stream, &clip.config, 0);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, stream->push, &event) != 0)
		fail("epoll");
}

static void start_viewer(struct stream *stream, size_t index, long port)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 2 * index + 1 };
	char request[NAME_BYTES + 64];
	int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
	                    stream->path);

	stream->viewer.fd = connect_to(port);
	send_all(stream->viewer.fd, request, (size_t)size);
	set_nonblocking(stream->viewer.fd);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, stream->viewer.fd, &event) != 0)
		fail("epoll");
}

static void read_all(int64_t until_us, bool is_measured)
{
	struct epoll_event events[512];
	struct timespec most = { .tv_nsec = (until_us - now_us()) * 1000 };

	if (most.tv_nsec < 0 || most.tv_nsec > 999999999)
		most.tv_nsec = 0;
	int count = epoll_pwait2(epoll, events, 512, &most, NULL);
	for (int i = 0; i < count; i++) {
		struct stream *stream = &streams[events[i].data.u64 / 2];
		struct watched words = {
			.fd = stream->push
		}; /* what the server tells a publisher */
		if (events[i].data.u64 % 2 == 0)
			watched_drain(&words, false);
		else if (stream->viewer.fd >= 0)
			watched_drain(&stream->viewer, is_measured);
	}
}

/* The n-th frame of all is due at n * FRAME_US / streams. */
static size_t run(size_t n, int64_t began_us, int64_t until_us, bool is_measured)
{
	for (;;) {
		int64_t due_us = began_us + (int64_t)n * FRAME_US / (int64_t)stream_count;
		if (due_us >= until_us)
			return n;
		int64_t now = now_us();
		if (due_us > now) {
			read_all(due_us, is_measured);
			continue;
		}
		if (is_measured && now - due_us > most_late_us)
			most_late_us = now - due_us;
		const struct stream *stream = &streams[n % stream_count];
		size_t slot = n++ / stream_count;
		if (slot >= stream->late)
			send_frame(stream, &clip.frames[(slot - stream->late) % clip.count],
			           (uint32_t)(slot * (FRAME_US / 1000)));
		if (n % 16 == 0)
			read_all(0, is_measured); /* also while it is late */
	}
}

static void print(int64_t cpu_us, int64_t took_us, long kb)
{
	struct watched *viewers = calloc(stream_count, sizeof *viewers);

	if (!viewers)
		fail("no memory");
	for (size_t i = 0; i < stream_count; i++)
		viewers[i] = streams[i].viewer;
	watched_print(viewers, stream_count);
	(void)printf("us/stream.s=%.1f +%.1fkB/stream late=%.1fms\n",
	             (double)cpu_us / ((double)took_us / 1e6) / (double)stream_count,
	             (double)kb / (double)stream_count, (double)most_late_us / 1000);
}

int main(int count, char **arguments)
{
	if (count != 7)
		fail("streams CLIP RTMP_PORT HTTP_PORT WARM_S SECONDS SERVER_PID");
	long rtmp = number_of(arguments[2], 1), http = number_of(arguments[3], 1);
	long warm_s = number_of(arguments[4], 1), seconds = number_of(arguments[5], 1);
	long pid = number_of(arguments[6], 1), before_kb = rss_kb_of(pid);

	clip_read(arguments[1], &clip);
	read_names();
	epoll = epoll_create1(0);
	for (size_t i = 0; i < stream_count; i++)
		start_push(&streams[i], i, rtmp);
	for (size_t i = 0; i < stream_count; i++)
		start_viewer(&streams[i], i, http);
	int64_t began_us = now_us(), measured_us = began_us + warm_s * 1000000;
	size_t n = run(0, began_us, measured_us, false);
	int64_t cpu_us = cpu_us_of(pid), from_us = now_us();
	(void)run(n, began_us, measured_us + seconds * 1000000, true);
	print(cpu_us_of(pid) - cpu_us, now_us() - from_us, rss_kb_of(pid) - before_kb);
	return 0;
}
