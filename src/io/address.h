/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.h — socket addresses and their text form. Pure.
 */
#ifndef VIGIL_IO_ADDRESS_H
#define VIGIL_IO_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"

#define ADDRESS_TEXT_SIZE 56 /* "[ipv6]:port" and a NUL */

/* "127.0.0.1:80" or "[::1]:80"; numeric only. */
enum err address_parse(const char *text, struct sockaddr_storage *out, socklen_t *out_size);
void address_format(const struct sockaddr *address, char out[ADDRESS_TEXT_SIZE]);
bool address_is_loopback(const struct sockaddr *address);

/* Splits "name:port" or "[v6]:port"; the host's text goes into `host`. */
enum err address_split(const char *text, char *host, size_t room, unsigned *out_port);

#endif
