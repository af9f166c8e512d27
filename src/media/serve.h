/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.h — the whole work of vigil-media: closes the sandbox, says so, and answers requests from
 * one descriptor on another until it ends.
 *
 * Errors   ERR_CLOSED: the other side has gone, the good end; ERR_MALFORMED, ERR_TOO_LARGE: it
 *          broke the protocol; those of sandbox.h; ERR_NO_MEMORY.
 */
#ifndef VIGIL_MEDIA_SERVE_H
#define VIGIL_MEDIA_SERVE_H

#include "base/err.h"

/* The descriptors block. Never comes back with ERR_OK. */
enum err serve(int input_fd, int output_fd);

#endif
