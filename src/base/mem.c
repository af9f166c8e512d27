/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <string.h>

void mem_wipe(void *at, size_t size)
{
	if (at && size)
		explicit_bzero(at, size);
}
