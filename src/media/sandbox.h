/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h — after this the process can read, write, compute and end; nothing else.
 *
 * What stays: the descriptors 0, 1 and 2, memory (SANDBOX_MEMORY_BYTES more), the clocks. No file
 * or socket can be opened, nothing started, no memory made executable; whoever tries is killed by
 * the kernel (seccomp, an allow-list). It cannot be undone, and it ends with its parent.
 *
 * Threads  call it in a process that has one thread, before any byte from outside is read.
 * Errors   ERR_UNSUPPORTED: the kernel has no seccomp filters, or this is another processor than
 *          x86-64 and 64-bit ARM. Half a sandbox is none: the caller ends.
 */
#ifndef VIGIL_MEDIA_SANDBOX_H
#define VIGIL_MEDIA_SANDBOX_H

#include "base/err.h"

#define SANDBOX_MEMORY_BYTES (512L * 1024 * 1024) /* of addresses, besides what it has */
#define SANDBOX_REQUEST_S    3                    /* of processor time for one request */
#define SANDBOX_LIFE_S       600                  /* and for all of them */
#define SANDBOX_NICE         10                   /* live pictures go first */

enum err sandbox_enter(void);

/* A request begins: who needs more than SANDBOX_REQUEST_S from here on is killed. */
enum err sandbox_begin_request(void);

#endif
