/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/network/url.h"

bool url_is(struct str url, struct str scheme, struct str other)
{
	if (url.size > URL_MAX || !(str_starts(url, scheme) || str_starts(url, other)))
		return false;
	for (size_t i = 0; i < url.size; i++)
		if (url.at[i] <= ' ' || url.at[i] == 0x7f)
			return false;
	return true;
}

struct str url_name(struct str url)
{
	struct str path = { url.at, str_index(url, '?') }, part, name = { 0 };

	while (str_cut(&path, '/', &part))
		name = part;
	return name;
}

static bool has_token(struct str url)
{
	struct str query = str_from(url, str_index(url, '?') + 1), part;

	while (str_cut(&query, '&', &part))
		if (str_starts(part, STR("token=")))
			return true;
	return false;
}

void url_add_token(struct buf *out, struct str url, struct str token)
{
	buf_add_str(out, url);
	if (token.size == 0 || has_token(url))
		return;
	buf_add_text(out, str_index(url, '?') < url.size ? "&token=" : "?token=");
	for (size_t i = 0; i < token.size; i++) {
		struct str c = { token.at + i, 1 };
		if (str_is_word(c, "-._~"))
			buf_add_str(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*c.at);
	}
}
