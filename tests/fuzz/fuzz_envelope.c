/* SPDX-License-Identifier: Apache-2.0 */
/* A message that is read keeps what its header promises, and its signature can be taken apart. */
#include <assert.h>

#include "proto/envelope/envelope.h"
#include "proto/envelope/sign.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	AUTO_ENVELOPE envelope = { 0 };
	struct str digest;
	enum sign_algorithm algorithm;
	char hmac[SIGN_HMAC_SIZE];

	if (envelope_read((struct str){ (const char *)bytes, size }, &envelope, NULL) != ERR_OK)
		return 0;
	assert(envelope_did_is_valid(envelope.did));
	assert(envelope.mid.size == 0 || envelope_mid_is_valid(envelope.mid));
	assert(envelope.timestamp_text.size <= ENVELOPE_TIMESTAMP_MAX);
	assert(str_index(envelope.timestamp_text, ':') == envelope.timestamp_text.size);
	assert(!envelope.data || envelope.data_text.at[0] == '{');
	if (sign_split(envelope.sign, &digest, &algorithm) == ERR_OK)
		assert(digest.size == (algorithm == SIGN_MD5 ? SIGN_MD5_SIZE : SIGN_HMAC_SIZE) - 1);
	enum err err = sign_make_action(envelope.did, STR("secret"), envelope.mid,
	                                envelope.timestamp_text, envelope.data_text, hmac);
	assert(err == ERR_OK);
	return 0;
}
