/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/io/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static X509 *make(EVP_PKEY *key, long serial)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *names =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");

	assert_true(X509_set_version(cert, 2));
	assert_true(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial));
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -3600));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 86400));
	assert_true(X509_set_pubkey(cert, key));
	assert_true(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	                                       (const unsigned char *)"localhost", -1, -1, 0));
	assert_true(X509_set_issuer_name(cert, name));
	assert_true(X509_add_ext(cert, names, -1));
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	X509_EXTENSION_free(names);
	return cert;
}

void certificate_make(const struct certificate *certificate, long serial)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	assert_non_null(key);
	X509 *cert = make(key, serial);
	FILE *file = fopen(certificate->cert_path, "w");

	assert_non_null(file);
	assert_true(PEM_write_X509(file, cert));
	assert_int_equal(fclose(file), 0);
	file = fopen(certificate->key_path, "w");
	assert_non_null(file);
	assert_true(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
	assert_int_equal(fclose(file), 0);
	X509_free(cert);
	EVP_PKEY_free(key);
}

void certificate_start(struct certificate *certificate)
{
	(void)snprintf(certificate->folder, sizeof certificate->folder, "/tmp/vigil-tls-XXXXXX");
	assert_non_null(mkdtemp(certificate->folder));
	(void)snprintf(certificate->cert_path, sizeof certificate->cert_path, "%s/cert.pem",
	               certificate->folder);
	(void)snprintf(certificate->key_path, sizeof certificate->key_path, "%s/key.pem",
	               certificate->folder);
	certificate_make(certificate, 1);
}

void certificate_stop(const struct certificate *certificate)
{
	(void)unlink(certificate->cert_path);
	(void)unlink(certificate->key_path);
	assert_int_equal(rmdir(certificate->folder), 0);
}
