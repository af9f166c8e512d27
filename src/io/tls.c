/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

struct tls {
	pthread_mutex_t lock; /* guards `context`, which a reload swaps */
	SSL_CTX *context;
	char *cert_path, *key_path;
	bool is_client;
};

static const char *openssl_text(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return text ? text : "unknown";
}

static SSL_CTX *new_context(const SSL_METHOD *method)
{
	SSL_CTX *context = SSL_CTX_new(method);

	if (!context)
		return NULL;
	(void)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	/* Thousands of idle connections: buffers go back between records. */
	(void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
	                                           SSL_OP_ENABLE_KTLS);
	return context;
}

static enum err load_server(const char *cert_path, const char *key_path, SSL_CTX **out,
                            struct why *why)
{
	SSL_CTX *context = new_context(TLS_server_method());
	const char *at_fault = NULL;

	if (!context)
		return ERR_NO_MEMORY;
	/* What a viewer costs is mostly this: the shortest key first, and who has no AES of his own
	 * in silicon (he names ChaCha20 first) gets that. */
	/* librtmp over GnuTLS takes a ticket of TLS 1.3 for the end of the connection. */
	(void)SSL_CTX_set_num_tickets(context, 0);
	(void)SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
	                                        "TLS_CHACHA20_POLY1305_SHA256");
	(void)SSL_CTX_set_options(context,
	                          SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	if (SSL_CTX_use_certificate_chain_file(context, cert_path) != 1)
		at_fault = cert_path;
	else if (SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1 ||
	         SSL_CTX_check_private_key(context) != 1)
		at_fault = key_path;
	if (at_fault) {
		SSL_CTX_free(context);
		return why_set(why, ERR_INVALID, "TLS: %s: %s", at_fault, openssl_text());
	}
	*out = context;
	return ERR_OK;
}

static struct tls *new_tls(SSL_CTX *context, bool is_client)
{
	struct tls *tls = context ? calloc(1, sizeof *tls) : NULL;

	if (!tls) {
		SSL_CTX_free(context);
		return NULL;
	}
	(void)pthread_mutex_init(&tls->lock, NULL);
	tls->context = context;
	tls->is_client = is_client;
	return tls;
}

enum err tls_server_new(const char *cert_path, const char *key_path, struct tls **out,
                        struct why *why)
{
	SSL_CTX *context = NULL;
	enum err err = load_server(cert_path, key_path, &context, why);
	if (err != ERR_OK)
		return err;

	AUTO(tls) tls = new_tls(context, false);
	if (!tls || !(tls->cert_path = strdup(cert_path)) || !(tls->key_path = strdup(key_path)))
		return ERR_NO_MEMORY;
	*out = TAKE(tls);
	return ERR_OK;
}

enum err tls_client_new(const char *ca_path, bool is_unverified, struct tls **out, struct why *why)
{
	SSL_CTX *context = new_context(TLS_client_method());
	if (!context)
		return ERR_NO_MEMORY;
	int is_loaded = ca_path ? SSL_CTX_load_verify_locations(context, ca_path, NULL)
	                        : SSL_CTX_set_default_verify_paths(context);
	if (is_loaded != 1) {
		SSL_CTX_free(context);
		return why_set(why, ERR_INVALID, "TLS: %s: %s", ca_path ? ca_path : "system trust",
		               openssl_text());
	}
	SSL_CTX_set_verify(context, is_unverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	*out = new_tls(context, true);
	return *out ? ERR_OK : ERR_NO_MEMORY;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls->cert_path);
	free(tls->key_path);
	(void)pthread_mutex_destroy(&tls->lock);
	free(tls);
}

enum err tls_reload(struct tls *tls, struct why *why)
{
	SSL_CTX *fresh = NULL;
	enum err err = load_server(tls->cert_path, tls->key_path, &fresh, why);
	if (err != ERR_OK)
		return err;
	(void)pthread_mutex_lock(&tls->lock);
	SSL_CTX *old = tls->context;
	tls->context = fresh;
	(void)pthread_mutex_unlock(&tls->lock);
	SSL_CTX_free(old); /* sessions hold their own reference */
	return ERR_OK;
}

struct ssl_st *tls_session(struct tls *tls, int fd, const char *server_name)
{
	(void)pthread_mutex_lock(&tls->lock);
	SSL *ssl = SSL_new(tls->context);
	(void)pthread_mutex_unlock(&tls->lock);
	if (!ssl)
		return NULL;
	if (SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	if (!tls->is_client) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_set_connect_state(ssl);
	if (server_name) {
		char name[256]; /* OpenSSL's macro takes no const text */
		if (str_copy(str_of(server_name), name, sizeof name) == ERR_OK)
			(void)SSL_set_tlsext_host_name(ssl, name);
		(void)SSL_set1_host(ssl, server_name);
	}
	return ssl;
}

bool tls_has_kernel(struct why *why)
{
#ifdef OPENSSL_NO_KTLS
	(void)why_set(why, ERR_UNSUPPORTED, "this OpenSSL was built without kTLS");
	return false;
#endif
	static const char protocol[] = "tls";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	/* It needs a connection: who knows the protocol complains of that and nothing else. */
	int failed = setsockopt(fd, IPPROTO_TCP, TCP_ULP, protocol, sizeof protocol);
	bool is_there = !failed || errno == ENOTCONN;
	(void)close(fd);
	if (!is_there)
		(void)why_set(why, ERR_UNSUPPORTED, "the kernel has no `tls` module loaded");
	return is_there;
}

bool tls_is_client(const struct tls *tls)
{
	return tls->is_client;
}
