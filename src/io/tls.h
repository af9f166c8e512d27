/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls.h — certificates for listeners and trust for dialled connections, over OpenSSL 3.
 *
 * Threads  any; tls_reload() swaps the certificate under running connections, which keep theirs.
 */
#ifndef VIGIL_IO_TLS_H
#define VIGIL_IO_TLS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

struct tls;
struct ssl_st;

/* A server's side: PEM files, key and certificate must fit. TLS 1.2 and 1.3. */
enum err tls_server_new(const char *cert_path, const char *key_path, struct tls **out,
                        struct why *why);
/* A client's side; `ca_path` NULL: the system's trust. With is_unverified any certificate is
 * taken: for vigil-cam in tests, never for vigild. */
enum err tls_client_new(const char *ca_path, bool is_unverified, struct tls **out, struct why *why);
void tls_free(struct tls *tls);
AUTO_DEFINE(tls)

/* Reads the files again; on failure the old ones stay. */
enum err tls_reload(struct tls *tls, struct why *why);

/* Whether this kernel can make the records of what is sent (kTLS), so that bytes of a ring go out
 * without a copy of ours; if not, `why` says what is missing, and OpenSSL makes them. */
bool tls_has_kernel(struct why *why);

/* For io/ alone: a new session, server or client side as the tls is; NULL without memory. */
struct ssl_st *tls_session(struct tls *tls, int fd, const char *server_name);
bool tls_is_client(const struct tls *tls);

#endif
