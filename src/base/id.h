/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id.h — names nobody can guess.
 *
 * Threads  any.
 */
#ifndef VIGIL_BASE_ID_H
#define VIGIL_BASE_ID_H

#include <stddef.h>
#include <stdint.h>

/* Unguessable bytes; a machine that has none ends the process. */
void id_random(uint8_t *out, size_t size);

/* 22 URL-safe characters (128 bits) and a NUL. */
#define ID_SIZE 23
void id_make(char out[ID_SIZE]);

/* 43 URL-safe characters (256 bits) and a NUL: a token or secret. */
#define ID_TOKEN_SIZE 44
void id_make_token(char out[ID_TOKEN_SIZE]);

#endif
