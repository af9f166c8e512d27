/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mqtt/mqtt.h"

static bool is_topic_text(struct str text)
{
	return text.size > 0 && text.size <= MQTT_STRING_MAX && str_is_utf8(text);
}

bool mqtt_topic_is_name(struct str topic)
{
	return is_topic_text(topic) && str_index(topic, '+') == topic.size &&
	       str_index(topic, '#') == topic.size;
}

bool mqtt_topic_is_filter(struct str filter)
{
	struct str rest = filter, level;

	if (!is_topic_text(filter))
		return false;
	while (str_cut(&rest, '/', &level)) {
		bool is_last = rest.at == NULL;
		bool has_one = str_index(level, '+') < level.size;
		bool has_all = str_index(level, '#') < level.size;
		/* §4.7.1.2, §4.7.1.3: a wildcard is a level of its own; '#' is the last. */
		if ((has_one || has_all) && level.size != 1)
			return false;
		if (has_all && !is_last)
			return false;
	}
	return true;
}

bool mqtt_topic_matches(struct str filter, struct str topic)
{
	struct str wanted, level;
	bool has_level;

	if (filter.size && (filter.at[0] == '+' || filter.at[0] == '#') && topic.size &&
	    topic.at[0] == '$')
		return false;
	while (str_cut(&filter, '/', &wanted)) {
		/* '#' also matches the level above it (§4.7.1.2), so it is looked at first. */
		if (str_equal(wanted, STR("#")))
			return true;
		has_level = str_cut(&topic, '/', &level);
		if (!has_level || (!str_equal(wanted, STR("+")) && !str_equal(wanted, level)))
			return false;
	}
	return topic.at == NULL;
}
