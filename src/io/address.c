/* SPDX-License-Identifier: Apache-2.0 */
#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

enum err address_split(const char *text, char *host, size_t room, unsigned *out_port)
{
	struct str whole = str_of(text), name;
	uint64_t port = 0;
	size_t colon = whole.size;

	while (colon > 0 && whole.at[colon - 1] != ':')
		colon--;
	if (colon == 0 || str_to_u64(str_from(whole, colon), 65535, &port) != ERR_OK)
		return ERR_INVALID;
	name = (struct str){ whole.at, colon - 1 };
	if (name.size >= 2 && name.at[0] == '[' && name.at[name.size - 1] == ']')
		name = (struct str){ name.at + 1, name.size - 2 };
	else if (str_index(name, ':') != name.size)
		return ERR_INVALID;
	if (!name.size || str_copy(name, host, room) != ERR_OK)
		return ERR_INVALID;
	*out_port = (unsigned)port;
	return ERR_OK;
}

enum err address_parse(const char *text, struct sockaddr_storage *out, socklen_t *out_size)
{
	char host[64];
	unsigned port;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (address_split(text, host, sizeof host, &port) != ERR_OK)
		return ERR_INVALID;
	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		v4.sin_port = htons((uint16_t)port);
		memcpy(out, &v4, sizeof v4);
		*out_size = sizeof v4;
		return ERR_OK;
	}
	if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
		v6.sin6_port = htons((uint16_t)port);
		memcpy(out, &v6, sizeof v6);
		*out_size = sizeof v6;
		return ERR_OK;
	}
	return ERR_INVALID;
}

void address_format(const struct sockaddr *address, char out[ADDRESS_TEXT_SIZE])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, address, sizeof v4);
		(void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "%s:%u", host, ntohs(v4.sin_port));
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, address, sizeof v6);
		(void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "[%s]:%u", host, ntohs(v6.sin6_port));
	} else {
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "?");
	}
}

bool address_is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, address, sizeof v4);
		return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, address, sizeof v6);
		return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
		       (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == 127);
	}
	return false;
}
