/* SPDX-License-Identifier: Apache-2.0 */
/* A picture in one piece and byte by byte: the same verdict and size, at every cut. */
#include <stdlib.h>

#include "proto/jpeg/jpeg.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct jpeg_check whole = { 0 }, single = { 0 };
	enum err whole_err = jpeg_check_feed(&whole, bytes, size), single_err = ERR_OK;

	for (size_t i = 0; i < size; i++)
		single_err = jpeg_check_feed(&single, bytes + i, 1);
	if (whole_err != single_err || jpeg_check_end(&whole) != jpeg_check_end(&single) ||
	    whole.width != single.width || whole.height != single.height)
		abort();
	if (jpeg_check_end(&whole) == ERR_OK && (whole.width == 0 || whole.height == 0))
		abort();
	return 0;
}
