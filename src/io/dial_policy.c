/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses may be dialled; see dial.h. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <string.h>

#include "io/dial.h"

/* IPv4 is looked at in its mapped form, so that one comparison serves both. */
static struct in6_addr as_v6(const struct sockaddr *address)
{
	struct in6_addr v6 = { 0 };

	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, address, sizeof v4);
		v6.s6_addr[10] = v6.s6_addr[11] = 0xff;
		memcpy(v6.s6_addr + 12, &v4.sin_addr, 4);
	} else {
		struct sockaddr_in6 full;
		memcpy(&full, address, sizeof full);
		v6 = full.sin6_addr;
	}
	return v6;
}

static bool is_inside(const struct in6_addr *address, const struct dial_network *network)
{
	unsigned bytes = network->bits / 8, bits = network->bits % 8;

	if (memcmp(address->s6_addr, network->address.s6_addr, bytes) != 0)
		return false;
	if (bits == 0)
		return true;
	unsigned mask = 0xffu << (8 - bits) & 0xffu;
	return (address->s6_addr[bytes] & mask) == (network->address.s6_addr[bytes] & mask);
}

static enum err parse_network(const char *cidr, struct dial_network *out)
{
	struct str rest = str_of(cidr), host;
	char text[INET6_ADDRSTRLEN];
	uint64_t bits = 0;
	bool has_bits = str_index(rest, '/') != rest.size;
	struct in_addr v4;

	(void)str_cut(&rest, '/', &host);
	if (str_copy(host, text, sizeof text) != ERR_OK)
		return ERR_INVALID;
	*out = (struct dial_network){ .bits = 128 };
	if (inet_pton(AF_INET, text, &v4) == 1) {
		if (has_bits && str_to_u64(rest, 32, &bits) != ERR_OK)
			return ERR_INVALID;
		out->address.s6_addr[10] = out->address.s6_addr[11] = 0xff;
		memcpy(out->address.s6_addr + 12, &v4, 4);
		out->bits = has_bits ? 96 + (unsigned)bits : 128;
		return ERR_OK;
	}
	if (inet_pton(AF_INET6, text, &out->address) != 1 ||
	    (has_bits && str_to_u64(rest, 128, &bits) != ERR_OK))
		return ERR_INVALID;
	out->bits = has_bits ? (unsigned)bits : 128;
	return ERR_OK;
}

enum err dial_allow(struct dial_policy *policy, const char *cidr, struct why *why)
{
	struct dial_network network;

	if (policy->allowed_count == DIAL_ALLOW_MAX)
		return why_set(why, ERR_TOO_LARGE, "allow_outbound: more than %d networks",
		               DIAL_ALLOW_MAX);
	if (parse_network(cidr, &network) != ERR_OK)
		return why_set(why, ERR_INVALID, "allow_outbound: \"%s\" is not ADDRESS/BITS",
		               cidr);
	policy->allowed[policy->allowed_count++] = network;
	return ERR_OK;
}

/* IANA's special-purpose registries: what is never a stranger's public service. */
static const char *const special_networks[] = {
	"0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
	"172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",    "::/127",
	"64:ff9b::/96",  "100::/64",        "2001::/23",      "2001:db8::/32",  "2002::/16",
	"fc00::/7",      "fe80::/10",       "fec0::/10",      "ff00::/8",
};

static bool is_special(const struct in6_addr *address)
{
	for (size_t i = 0; i < COUNT_OF(special_networks); i++) {
		struct dial_network network;
		if (parse_network(special_networks[i], &network) == ERR_OK &&
		    is_inside(address, &network))
			return true;
	}
	return false;
}

static bool is_ours(const struct in6_addr *address)
{
	struct ifaddrs *all = NULL;
	bool is_found = false;

	if (getifaddrs(&all) != 0)
		return true; /* not knowing is no permission */
	for (struct ifaddrs *one = all; one && !is_found; one = one->ifa_next) {
		if (!one->ifa_addr ||
		    (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6))
			continue;
		struct in6_addr own = as_v6(one->ifa_addr);
		is_found = memcmp(&own, address, sizeof own) == 0;
	}
	freeifaddrs(all);
	return is_found;
}

bool dial_is_allowed(const struct dial_policy *policy, const struct sockaddr *address)
{
	if (policy->is_all_allowed)
		return true;
	if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
		return false;
	struct in6_addr v6 = as_v6(address);
	for (size_t i = 0; i < policy->allowed_count; i++)
		if (is_inside(&v6, &policy->allowed[i]))
			return true;
	return !is_special(&v6) && !is_ours(&v6);
}
