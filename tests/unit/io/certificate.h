/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h — a self-signed certificate and its key in PEM files, for "localhost". */
#ifndef VIGIL_TESTS_CERTIFICATE_H
#define VIGIL_TESTS_CERTIFICATE_H

struct certificate {
	char folder[64], cert_path[96], key_path[96];
};

void certificate_start(struct certificate *certificate);
/* Another key and certificate in the same files. */
void certificate_make(const struct certificate *certificate, long serial);
void certificate_stop(const struct certificate *certificate);

#endif
