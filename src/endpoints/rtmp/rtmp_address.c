/* SPDX-License-Identifier: Apache-2.0 */
/* Where cameras push to and players find them. */
#include "endpoints/rtmp/rtmp_endpoint.h"

struct str rtmp_path_key(struct str path)
{
	static const struct str folders[] = { { "live/", 5 },
		                              { "v2/media/live/", 14 },
		                              { "v2/meida/live/", 14 } };

	while (path.size && path.at[0] == '/')
		path = str_from(path, 1);
	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		struct stream_key read;
		struct str key = str_from(path, folders[i].size);
		if (str_starts(path, folders[i]) && stream_key_read(key, &read) == ERR_OK)
			return key;
	}
	return (struct str){ 0 };
}

void rtmp_push_url(void *owner, struct str key, struct str token, struct str reached_at,
                   struct buf *out)
{
	const struct rtmp_public *address = owner;
	const char *scheme = address->is_tls_only ? "rtmps" : "rtmp";
	struct str host = address->host[0] ? str_of(address->host) : reached_at;

	if (!host.size)
		host = STR("127.0.0.1");
	if (address->url[0])
		buf_add_text(out, address->url);
	else
		buf_printf(out, "%s://%.*s:%u", scheme, STR_ARG(host), address->port);
	/* A replay's address is the protocol's own, with its spelling. */
	buf_printf(out, "%s/%.*s?token=%.*s",
	           stream_key_did(key).size < key.size ? "/v2/meida/live" : "/live", STR_ARG(key),
	           STR_ARG(token));
}
