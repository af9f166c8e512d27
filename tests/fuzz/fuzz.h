/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h — the one function of a fuzz target; the name is libFuzzer's. */
#ifndef VIGIL_TESTS_FUZZ_H
#define VIGIL_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
