/* SPDX-License-Identifier: Apache-2.0 */
#include "io/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/metric.h"
#include "io/address.h"
#include "io/tls.h"

#define LISTENER_LOOPS_MAX 64
#define ACCEPT_WINDOW_MS   50
#define INHERITED_FIRST_FD 3 /* SD_LISTEN_FDS_START */

/* One loop's share: its own descriptor of the same socket, because libuv watches a descriptor. */
struct share {
	uv_poll_t poll;
	struct listener *listener;
	struct loop *loop;
	struct timer pause; /* the second's budget is used up */
	int64_t second_began_ms;
	unsigned accepted;
	int fd;
};

struct listener {
	struct listener_setup setup;
	char address[ADDRESS_TEXT_SIZE];
	bool is_tls_required, is_inherited;
	int fd;
	_Atomic int share_count;
	_Atomic int spare_fd; /* given up for a moment when descriptors run out */
	_Atomic size_t open_count;
	struct share *shares[LISTENER_LOOPS_MAX];
};

/* The descriptor whose place in LISTEN_FDNAMES has our name, or -1. */
static int inherited_fd(const char *name)
{
	struct str rest = str_of(getenv("LISTEN_FDNAMES")), part;
	const char *count_text = getenv("LISTEN_FDS"), *pid_text = getenv("LISTEN_PID");
	uint64_t count = 0, pid = 0;

	if (!count_text || str_to_u64(str_of(count_text), 1024, &count) != ERR_OK)
		return -1;
	if (pid_text &&
	    (str_to_u64(str_of(pid_text), INT32_MAX, &pid) != ERR_OK || (pid_t)pid != getpid()))
		return -1;
	for (int fd = INHERITED_FIRST_FD; str_cut(&rest, ':', &part); fd++)
		if (str_equal(part, str_of(name)) && (uint64_t)(fd - INHERITED_FIRST_FD) < count)
			return fd;
	return -1;
}

static enum err open_socket(const char *address, int *out_fd)
{
	struct sockaddr_storage storage;
	socklen_t size;
	int one = 1;

	if (address_parse(address, &storage, &size) != ERR_OK)
		return ERR_INVALID;
	int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_from_errno(errno);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&storage, size) != 0 || listen(fd, LISTENER_BACKLOG) != 0) {
		enum err err = errno == EADDRINUSE ? ERR_BUSY : err_from_errno(errno);
		(void)close(fd);
		return err;
	}
	*out_fd = fd;
	return ERR_OK;
}

static enum err explain(const struct listener_setup *setup, enum err err, struct why *why)
{
	if (err == ERR_BUSY)
		return why_set(why, err,
		               "%s: %s is in use: stop the other program or choose another port",
		               setup->name, setup->address);
	if (err == ERR_INVALID)
		return why_set(why, err, "%s: \"%s\" is not ADDRESS:PORT", setup->name,
		               setup->address);
	return why_set(why, err, "%s: cannot listen on %s: %s", setup->name, setup->address,
	               err_text(err));
}

enum err listener_open(const struct listener_setup *setup, struct listener **out, struct why *why)
{
	AUTO(listener) listener = calloc(1, sizeof *listener);
	struct sockaddr_storage bound;
	socklen_t size = sizeof bound;

	if (!listener)
		return ERR_NO_MEMORY;
	listener->setup = *setup;
	listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listener->fd = inherited_fd(setup->name);
	listener->is_inherited = listener->fd >= 0;
	if (listener->is_inherited) {
		(void)fcntl(listener->fd, F_SETFL, O_NONBLOCK);
		(void)fcntl(listener->fd, F_SETFD, FD_CLOEXEC);
	} else {
		enum err err = open_socket(setup->address, &listener->fd);
		if (err != ERR_OK)
			return explain(setup, err, why);
	}
	(void)getsockname(listener->fd, (struct sockaddr *)&bound, &size);
	address_format((struct sockaddr *)&bound, listener->address);
	if (!address_is_loopback((struct sockaddr *)&bound) && !setup->is_plain_allowed) {
		if (!setup->tls)
			return why_set(why, ERR_DENIED,
			               "%s: %s is not loopback: give --tls-cert and --tls-key, "
			               "or --allow-plain if you mean it",
			               setup->name, listener->address);
		listener->is_tls_required = true;
	}
	*out = TAKE(listener);
	return ERR_OK;
}

/* One accept at a time in the whole process: else another listener takes the descriptor that a
 * refusal gives up for a moment. It guards the kernel's table, not a variable of ours. */
static pthread_mutex_t accepting = PTHREAD_MUTEX_INITIALIZER;

static int accept_one(int fd)
{
	(void)pthread_mutex_lock(&accepting);
	int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int error = errno;
	(void)pthread_mutex_unlock(&accepting);
	errno = error;
	return accepted;
}

/* No descriptor is left: give up the spare one, take the connection, and refuse it, so that the
 * queue does not fill with clients that wait for nothing. False: not even that could be done. */
static bool refuse_locked(struct listener *listener, int fd)
{
	int spare = atomic_exchange(&listener->spare_fd, -1);

	/* Another thread may have been quicker to take the descriptor we gave up: ask again. */
	if (spare < 0)
		spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (spare < 0)
		return false;
	(void)close(spare);
	int refused = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (refused >= 0) {
		(void)close(refused);
		metric_count(METRIC_accept_refused_total);
	}
	spare = atomic_exchange(&listener->spare_fd, open("/dev/null", O_RDONLY | O_CLOEXEC));
	if (spare >= 0)
		(void)close(spare); /* two loops refused at once */
	return refused >= 0;
}

static bool refuse_one(struct listener *listener, int fd)
{
	(void)pthread_mutex_lock(&accepting);
	bool is_done = refuse_locked(listener, fd);
	(void)pthread_mutex_unlock(&accepting);
	return is_done;
}

/* The spare descriptor may have gone to a connection: then that one is given up for it. */
static bool has_spare(struct listener *listener)
{
	int none = -1;

	if (atomic_load(&listener->spare_fd) >= 0)
		return true;
	int spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (spare >= 0 && !atomic_compare_exchange_strong(&listener->spare_fd, &none, spare))
		(void)close(spare); /* another loop was quicker */
	return spare >= 0;
}

static void take_one(struct share *share, int fd)
{
	struct listener *listener = share->listener;
	struct conn_setup setup = { .fd = fd,
		                    .tls = listener->setup.tls,
		                    .is_tls_required = listener->is_tls_required,
		                    .open_count = &listener->open_count };

	if (!has_spare(listener)) {
		(void)close(fd);
		(void)has_spare(listener);
		metric_count(METRIC_accept_refused_total);
		return;
	}
	if (atomic_fetch_add(&listener->open_count, 1) >= listener->setup.connections_max ||
	    listener->setup.on_accept(listener->setup.owner, share->loop, &setup) != ERR_OK) {
		(void)atomic_fetch_sub(&listener->open_count, 1);
		metric_count(METRIC_accept_refused_total);
		(void)close(fd);
		return;
	}
	metric_count(METRIC_accepted_total);
}

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void on_pause_over(struct timer *timer)
{
	struct share *share = CONTAINER_OF(timer, struct share, pause);

	(void)uv_poll_start(&share->poll, UV_READABLE, on_acceptable);
}

/* Nothing is taken for a while; what comes waits in the backlog. */
static void rest(struct share *share, int64_t ms)
{
	(void)uv_poll_stop(&share->poll);
	loop_timer_start(share->loop, &share->pause, ms, on_pause_over);
}

/* False when this second's accepts are used up: the poll rests until the next one. */
static bool has_budget(struct share *share)
{
	unsigned limit = share->listener->setup.accepts_per_s;
	int64_t now_ms = clock_steady_ms();

	if (!limit)
		return true;
	if (now_ms - share->second_began_ms >= ACCEPT_WINDOW_MS) {
		share->second_began_ms = now_ms;
		share->accepted = 0;
	}
	if (share->accepted++ < 1 + limit * ACCEPT_WINDOW_MS / 1000)
		return true;
	rest(share, share->second_began_ms + ACCEPT_WINDOW_MS - now_ms);
	return false;
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
	struct share *share = poll->data;

	loop_turn(share->loop);
	for (int i = 0; status == 0 && i < LISTENER_ACCEPTS_PER_TURN; i++) {
		if (!has_budget(share))
			return;
		int fd = accept_one(share->fd);
		if (fd >= 0) {
			take_one(share, fd);
		} else if (errno == EMFILE || errno == ENFILE) {
			if (!refuse_one(share->listener, share->fd)) {
				rest(share, ACCEPT_WINDOW_MS); /* else the poll would spin */
				return;
			}
		} else if (errno != ECONNABORTED && errno != EINTR) {
			return;
		}
	}
}

enum err listener_start(struct listener *listener, struct loop *loop)
{
	unsigned index = loop_index(loop);
	struct share *share = calloc(1, sizeof *share);

	if (!share || index >= LISTENER_LOOPS_MAX) {
		free(share);
		return ERR_NO_MEMORY;
	}
	share->listener = listener;
	share->loop = loop;
	share->fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
	if (share->fd < 0 || uv_poll_init(loop_uv(loop), &share->poll, share->fd) != 0) {
		if (share->fd >= 0)
			(void)close(share->fd);
		free(share);
		return ERR_IO;
	}
	share->poll.data = share;
	(void)uv_poll_start(&share->poll, UV_READABLE, on_acceptable);
	listener->shares[index] = share;
	listener->share_count++;
	return ERR_OK;
}

static void on_share_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* Who is connected already may have said what he wants. The filter keeps further handshakes from
 * ending between the last accept and the close, which would reset them: they are tried again. A
 * connection that was being made just then may have inherited it, and would hear nothing. */
static void serve_backlog(struct share *share)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = { .len = 1, .filter = &nothing };
	int unused = 0; /* the kernel wants to be given one */

	(void)setsockopt(share->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
	for (int fd; (fd = accept4(share->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
		(void)setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
		take_one(share, fd);
	}
}

void listener_stop(struct listener *listener, struct loop *loop)
{
	struct share *share = listener->shares[loop_index(loop)];

	if (!share)
		return;
	bool is_last = --listener->share_count == 0;
	if (is_last && listener->setup.is_backlog_served && !listener->is_inherited)
		serve_backlog(share);
	listener->shares[loop_index(loop)] = NULL;
	loop_timer_stop(loop, &share->pause);
	(void)uv_poll_stop(&share->poll);
	uv_close((uv_handle_t *)&share->poll, on_share_closed);
	(void)close(share->fd);
	if (is_last) {
		(void)close(listener->fd);
		listener->fd = -1;
	}
}

void listener_free(struct listener *listener)
{
	if (!listener)
		return;
	listener->setup.is_backlog_served = false; /* nobody is left to take them */
	for (size_t i = 0; i < LISTENER_LOOPS_MAX; i++)
		if (listener->shares[i])
			listener_stop(listener, listener->shares[i]->loop);
	if (listener->fd >= 0)
		(void)close(listener->fd);
	if (listener->spare_fd >= 0)
		(void)close(listener->spare_fd);
	free(listener);
}

bool listener_is_tls_only(const struct listener *listener)
{
	return listener->is_tls_required;
}

const char *listener_address(const struct listener *listener)
{
	return listener->address;
}
