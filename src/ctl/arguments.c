/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/arguments.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

const struct command *command_find(const struct commands *commands, const char *name)
{
	for (size_t i = 0; i < commands->count; i++)
		if (strcmp(commands->rows[i].name, name) == 0)
			return &commands->rows[i];
	return NULL;
}

static const struct option_row *find_in(const struct option_row *rows, struct str name,
                                        bool is_short)
{
	for (; rows && rows->name; rows++)
		if (is_short ? name.at[0] == rows->letter : str_equal(name, str_of(rows->name)))
			return rows;
	return NULL;
}

struct reader {
	const struct commands *commands;
	int argc, at;
	char *const *argv;
	struct arguments *out;
};

/* A command's own options are known once its name was read. */
static const struct option_row *find_option(const struct reader *reader, struct str name,
                                            bool is_short)
{
	const struct commands *commands = reader->commands;
	const struct option_row *row = find_in(commands->options, name, is_short);

	if (row)
		return row;
	if (reader->out->command)
		return find_in(reader->out->command->options, name, is_short);
	return NULL;
}

static enum err read_option(struct reader *reader, const char *word, struct why *why)
{
	bool is_short = word[1] != '-';
	struct str name = str_of(word + (is_short ? 1 : 2));
	size_t equals = str_index(name, '=');
	const char *value = equals < name.size ? name.at + equals + 1 : NULL;

	name.size = equals;
	if (is_short && name.size > 1) {
		value = name.at + 1;
		name.size = 1;
	}
	const struct option_row *row = find_option(reader, name, is_short);
	/* The value may be a secret, so only the option's name is repeated. */
	if (!row)
		return why_set(why, ERR_INVALID, "unknown option '%.*s%.*s'", is_short ? 1 : 2,
		               word, (int)(name.size > 40 ? 40 : name.size), name.at);
	if (!row->value && value)
		return why_set(why, ERR_INVALID, "--%s takes no value", row->name);
	if (row->value && !value && reader->at < reader->argc)
		value = reader->argv[reader->at++];
	if (row->value && !value)
		return why_set(why, ERR_INVALID, "--%s needs a value: %s", row->name, row->value);
	if (reader->out->option_count == ARGUMENTS_OPTIONS_MAX)
		return why_set(why, ERR_TOO_LARGE, "more than %d options", ARGUMENTS_OPTIONS_MAX);
	reader->out->options[reader->out->option_count++] =
		(struct given_option){ row, value ? value : "" };
	return ERR_OK;
}

/* "device" waits for its second word; "status" is a command at once. */
static enum err read_name(struct reader *reader, const char *word, struct why *why)
{
	const struct commands *commands = reader->commands;
	struct arguments *out = reader->out;
	char name[64] = "";

	if (out->word_count == 1)
		(void)snprintf(name, sizeof name, "%.30s %.30s", out->words[0], word);
	else
		(void)snprintf(name, sizeof name, "%.60s", word);
	out->command = command_find(commands, name);
	out->words[out->word_count++] = word;
	if (out->command) {
		out->word_count = 0;
		return ERR_OK;
	}
	size_t size = strlen(name);
	for (size_t i = 0; i < commands->count && out->word_count == 1; i++)
		if (strncmp(commands->rows[i].name, name, size) == 0 &&
		    commands->rows[i].name[size] == ' ')
			return ERR_OK;
	return why_set(why, ERR_INVALID, "there is no command '%s'", name);
}

static enum err read_word(struct reader *reader, const char *word, struct why *why)
{
	struct arguments *out = reader->out;

	if (!out->command)
		return read_name(reader, word, why);
	if (out->word_count == ARGUMENTS_WORDS_MAX)
		return why_set(why, ERR_TOO_LARGE, "more than %d words", ARGUMENTS_WORDS_MAX);
	out->words[out->word_count++] = word;
	return ERR_OK;
}

enum err arguments_read(const struct commands *commands, int argc, char *const *argv,
                        struct arguments *out, struct why *why)
{
	struct reader reader = { commands, argc, 1, argv, out };
	bool is_ended = false;

	*out = (struct arguments){ 0 };
	while (reader.at < argc) {
		const char *word = argv[reader.at++];
		enum err err;
		if (!is_ended && strcmp(word, "--") == 0) {
			is_ended = true;
			continue;
		}
		if (!is_ended && word[0] == '-' && word[1])
			err = read_option(&reader, word, why);
		else
			err = read_word(&reader, word, why);
		if (err != ERR_OK)
			return err;
	}
	const struct command *command = out->command;
	if (!command)
		return out->word_count == 0 ? ERR_OK
		                            : why_set(why, ERR_INVALID,
		                                      "'%.40s' needs a second word", out->words[0]);
	if ((int)out->word_count < command->least)
		return why_set(why, ERR_INVALID, "missing: %s", command->words);
	if ((int)out->word_count > command->most)
		return why_set(why, ERR_INVALID, "one word too many: '%.60s'",
		               out->words[command->most]);
	return ERR_OK;
}

const char *arguments_option(const struct arguments *arguments, const char *name)
{
	for (size_t i = arguments->option_count; i > 0; i--)
		if (strcmp(arguments->options[i - 1].row->name, name) == 0)
			return arguments->options[i - 1].value;
	return NULL;
}

enum err arguments_number(const struct arguments *arguments, const char *name, int64_t least,
                          int64_t most, int64_t fallback, int64_t *out, struct why *why)
{
	const char *text = arguments_option(arguments, name);

	if (!text) {
		*out = fallback;
		return ERR_OK;
	}
	if (str_to_i64(str_of(text), least, most, out) != ERR_OK)
		return why_set(why, ERR_INVALID, "--%s: '%.40s' is not in %lld..%lld", name, text,
		               (long long)least, (long long)most);
	return ERR_OK;
}
