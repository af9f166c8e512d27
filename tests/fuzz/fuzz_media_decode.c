/* SPDX-License-Identifier: Apache-2.0 */
/* Both ways between vigild and vigil-media; what is read is written again as it was. */
#include <stdlib.h>
#include <string.h>

#include "proto/media/decode.h"
#include "tests/fuzz/fuzz.h"

static void check_same(const struct buf *again, const uint8_t *from, size_t size)
{
	if (again->size != size || memcmp(again->at, from, size) != 0)
		abort();
}

static void read_requests(struct bytes input)
{
	struct decode_request request;

	for (const uint8_t *from = input.at; decode_request_read(&input, &request) == ERR_OK;
	     from = input.at) {
		AUTO_BUF again = { 0 };
		buf_init(&again, DECODE_REQUEST_MAX);
		if (decode_request_write(&request, &again) != ERR_OK)
			abort();
		check_same(&again, from, (size_t)(input.at - from));
	}
}

static void read_answers(struct bytes input)
{
	struct decode_answer answer;

	for (const uint8_t *from = input.at; decode_answer_read(&input, &answer) == ERR_OK;
	     from = input.at) {
		AUTO_BUF again = { 0 };
		buf_init(&again, DECODE_ANSWER_MAX);
		if (decode_answer_write(&answer, &again) != ERR_OK)
			abort();
		check_same(&again, from, (size_t)(input.at - from));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	read_requests(bytes_of(bytes, size));
	read_answers(bytes_of(bytes, size));
	return 0;
}
