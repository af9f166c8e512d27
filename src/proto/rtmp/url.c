/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rtmp/url.h"

static enum err read_port(struct str text, uint16_t *out)
{
	uint64_t port;
	enum err err = str_to_u64(text, UINT16_MAX, &port);

	if (err != ERR_OK || port == 0)
		return ERR_INVALID;
	*out = (uint16_t)port;
	return ERR_OK;
}

/* host, host:port, [address] or [address]:port; out->port holds the default. */
static enum err read_authority(struct str text, struct rtmp_url *out)
{
	struct str rest = text;

	if (str_starts(text, STR("["))) {
		rest = str_from(text, 1);
		if (str_index(rest, ']') == rest.size)
			return ERR_INVALID;
		(void)str_cut(&rest, ']', &out->host);
		if (rest.size && rest.at[0] != ':')
			return ERR_INVALID;
		rest = str_from(rest, 1);
	} else {
		(void)str_cut(&rest, ':', &out->host);
	}
	if (!out->host.size)
		return ERR_INVALID;
	return rest.size ? read_port(rest, &out->port) : ERR_OK;
}

/* app/name?query; a '/' inside the query does not count. */
static enum err read_path(struct str path, struct str *app, struct str *name)
{
	size_t slash = str_index(path, '?');

	while (slash > 0 && path.at[slash - 1] != '/')
		slash--;
	if (slash < 2)
		return ERR_INVALID;
	*app = (struct str){ path.at, slash - 1 };
	*name = str_from(path, slash);
	return name->size && name->at[0] != '?' ? ERR_OK : ERR_INVALID;
}

enum err rtmp_url_read(struct str text, struct rtmp_url *out)
{
	struct rtmp_url url = { .port = RTMP_PORT };
	struct str rest = text, authority;

	if (str_starts(text, STR("rtmps://"))) {
		url.is_tls = true;
		url.port = RTMP_PORT_TLS;
		rest = str_from(text, sizeof "rtmps://" - 1);
	} else if (str_starts(text, STR("rtmp://"))) {
		rest = str_from(text, sizeof "rtmp://" - 1);
	} else {
		return ERR_INVALID;
	}
	if (!str_cut(&rest, '/', &authority) || !rest.size)
		return ERR_INVALID;
	enum err err = read_authority(authority, &url);
	if (err == ERR_OK)
		err = read_path(rest, &url.app, &url.name);
	if (err != ERR_OK)
		return err;
	url.tc_url = (struct str){ text.at, (size_t)(url.app.at + url.app.size - text.at) };
	*out = url;
	return ERR_OK;
}
