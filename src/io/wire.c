/* SPDX-License-Identifier: Apache-2.0 */
#include "io/wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/metric.h"

static enum err plain_failure(void)
{
	if (errno == EAGAIN || errno == EINTR)
		return ERR_MORE;
	return err_from_errno(errno);
}

static enum err tls_failure(struct wire *wire, int result)
{
	int kind = SSL_get_error(wire->ssl, result);

	ERR_clear_error();
	wire->needs_writable = kind == SSL_ERROR_WANT_WRITE;
	if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
		return ERR_MORE;
	if (kind == SSL_ERROR_ZERO_RETURN || kind == SSL_ERROR_SYSCALL)
		return ERR_CLOSED;
	return ERR_MALFORMED;
}

enum err wire_read(struct wire *wire, uint8_t *to, size_t room, size_t *out_size)
{
	if (wire->ssl) {
		int size = SSL_read(wire->ssl, to, (int)room);
		if (size <= 0)
			return tls_failure(wire, size);
		wire->needs_writable = false;
		*out_size = (size_t)size;
		return ERR_OK;
	}
	ssize_t size = recv(wire->fd, to, room, 0);
	if (size < 0)
		return plain_failure();
	if (size == 0)
		return ERR_CLOSED;
	*out_size = (size_t)size;
	return ERR_OK;
}

/* One record at most: small parts (a frame's header) do not get a record of their own. */
static enum err tls_write(struct wire *wire, const struct iovec *parts, size_t count,
                          size_t *out_size)
{
	uint8_t record[WIRE_RECORD_BYTES];
	size_t size = 0;

	for (size_t i = 0; i < count && size < sizeof record; i++) {
		size_t room = sizeof record - size;
		size_t part = parts[i].iov_len < room ? parts[i].iov_len : room;
		memcpy(record + size, parts[i].iov_base, part);
		size += part;
	}
	int written = SSL_write(wire->ssl, record, (int)size);
	wire->must_repeat = false;
	if (written <= 0) {
		enum err err = tls_failure(wire, written);
		wire->needs_readable = err == ERR_MORE && !wire->needs_writable;
		wire->must_repeat = err == ERR_MORE;
		return err;
	}
	*out_size = (size_t)written;
	return ERR_OK;
}

/* Once the handshake is over and no record of OpenSSL's waits, the kernel has the keys or never
 * will. */
static void settle(struct wire *wire)
{
	if (wire->must_repeat || !SSL_is_init_finished(wire->ssl))
		return;
	wire->is_settled = true;
	wire->is_in_kernel = BIO_get_ktls_send(SSL_get_wbio(wire->ssl));
	metric_count(METRIC_tls_total);
	if (wire->is_in_kernel)
		metric_count(METRIC_tls_kernel_total);
}

enum err wire_write(struct wire *wire, const struct iovec *parts, size_t count, size_t *out_size)
{
	if (wire->ssl && !wire->is_settled)
		settle(wire);
	if (wire->ssl && !wire->is_in_kernel)
		return tls_write(wire, parts, count, out_size);

	struct iovec copy[64];
	struct msghdr message = { .msg_iov = copy };
	message.msg_iovlen = count < 64 ? count : 64;
	memcpy(copy, parts, message.msg_iovlen * sizeof *parts);
	ssize_t size = sendmsg(wire->fd, &message, MSG_NOSIGNAL);
	if (size < 0)
		return plain_failure();
	*out_size = (size_t)size;
	return ERR_OK;
}

void wire_shutdown(struct wire *wire)
{
	if (wire->ssl)
		(void)SSL_shutdown(wire->ssl);
	ERR_clear_error();
	(void)shutdown(wire->fd, SHUT_WR);
}

void wire_done(struct wire *wire)
{
	if (wire->ssl && SSL_is_init_finished(wire->ssl))
		(void)SSL_shutdown(wire->ssl);
	SSL_free(wire->ssl);
	ERR_clear_error();
	(void)close(wire->fd);
	wire->fd = -1;
}

void wire_leave(struct wire *wire)
{
	SSL_free(wire->ssl);
	wire->ssl = NULL;
}
