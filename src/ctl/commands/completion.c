/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts for the shells, from the same rows as the help. */
#include <stdio.h>
#include <string.h>

#include "ctl/commands/commands.h"
#include "ctl/print.h"

#define SCRIPT_BYTES_MAX (256 * 1024)

/* The first word of a command's name, and what follows it (empty: nothing). */
static struct str first_word(const struct command *row, struct str *second)
{
	struct str name = str_of(row->name);
	size_t end = str_index(name, ' ');

	*second = str_from(name, end + 1);
	return (struct str){ name.at, end };
}

/* True for the first row of the table that begins with its first word. */
static bool is_first_of_group(const struct commands *commands, size_t row)
{
	struct str second;

	if (row == 0)
		return true;
	struct str before = first_word(&commands->rows[row - 1], &second);
	return !str_equal(before, first_word(&commands->rows[row], &second));
}

static void add_option_names(const struct option_row *row, struct buf *out)
{
	for (; row && row->name; row++)
		buf_printf(out, " --%s", row->name);
}

static void add_first_words(const struct commands *commands, struct buf *out)
{
	struct str second;

	for (size_t i = 0; i < commands->count; i++)
		if (is_first_of_group(commands, i))
			buf_printf(out, "%s%.*s", i ? " " : "",
			           STR_ARG(first_word(&commands->rows[i], &second)));
}

/* "device) words='list show';;" for commands of two words. */
static void add_second_words(const struct commands *commands, struct buf *out)
{
	struct str second;

	for (size_t i = 0; i < commands->count; i++) {
		struct str first = first_word(&commands->rows[i], &second);
		bool starts = second.size && is_first_of_group(commands, i);
		bool ends = second.size &&
		            (i + 1 == commands->count || is_first_of_group(commands, i + 1));
		if (starts)
			buf_printf(out, "\t\t%.*s) words='", STR_ARG(first));
		if (second.size)
			buf_printf(out, "%s%.*s", starts ? "" : " ", STR_ARG(second));
		if (ends)
			buf_add_text(out, "' ;;\n");
	}
}

/* "--kind) words='camera gateway' ;;" for options whose values are listed with '|'. */
static void add_values(const struct option_row *row, struct buf *out)
{
	for (; row && row->name; row++) {
		struct str rest = str_of(row->value), word;
		bool is_list = str_index(rest, '|') < rest.size;
		if (is_list)
			buf_printf(out, "\t--%s) words='", row->name);
		while (is_list && str_cut(&rest, '|', &word))
			buf_printf(out, "%.*s ", STR_ARG(word));
		buf_add_text(out, is_list ? "' ;;\n" : "");
	}
}

static void write_bash(const struct commands *commands, struct buf *out)
{
	buf_add_text(out, "_vigil() {\n"
	                  "\tlocal now=${COMP_WORDS[COMP_CWORD]} words='' options=''\n"
	                  "\tlocal one=${COMP_WORDS[1]} two=\"${COMP_WORDS[1]} ${COMP_WORDS[2]}\"\n"
	                  "\tif [[ $COMP_CWORD -eq 1 ]]; then\n\t\twords='");
	add_first_words(commands, out);
	buf_add_text(out, "'\n\telif [[ $COMP_CWORD -eq 2 ]]; then\n\t\tcase $one in\n");
	add_second_words(commands, out);
	buf_add_text(out, "\t\tcompletion) words='bash zsh fish' ;;\n\t\thelp) words='");
	add_first_words(commands, out);
	buf_add_text(out, "' ;;\n\t\tesac\n\tfi\n");
	for (int pair = 0; pair < 2; pair++) {
		buf_printf(out, "\tcase $%s in\n", pair ? "two" : "one");
		for (size_t i = 0; i < commands->count; i++) {
			const struct command *row = &commands->rows[i];
			if (!row->options || (strchr(row->name, ' ') != NULL) != pair)
				continue;
			buf_printf(out, "\t\t'%s') options='", row->name);
			add_option_names(row->options, out);
			buf_add_text(out, "' ;;\n");
		}
		buf_add_text(out, "\tesac\n");
	}
	buf_add_text(out, "\tif [[ $now == -* ]]; then\n\t\twords=\"$options");
	add_option_names(commands->options, out);
	buf_add_text(out, "\"\n\tfi\n\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n");
	for (size_t i = 0; i < commands->count; i++)
		add_values(commands->rows[i].options, out);
	buf_add_text(out, "\tesac\n"
	                  "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$now\"))\n"
	                  "}\ncomplete -o default -F _vigil vigil\n");
}

/* In single quotes for zsh and fish. */
static void add_quoted(const char *text, struct buf *out)
{
	buf_add_u8(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add_u8(out, (uint8_t)*text);
	}
	buf_add_u8(out, '\'');
}

/* zsh runs bash's function: one source, and -o default still completes files. */
static void write_zsh(const struct commands *commands, struct buf *out)
{
	buf_add_text(out, "#compdef vigil\nautoload -U +X bashcompinit && bashcompinit\n");
	write_bash(commands, out);
}

static void add_fish_values(const char *value, struct buf *out)
{
	if (!value || !strchr(value, '|'))
		return;
	buf_add_text(out, " -f -a '");
	for (; *value; value++)
		buf_add_u8(out, *value == '|' ? ' ' : (uint8_t)*value);
	buf_add_u8(out, '\'');
}

static void add_fish_options(const char *condition, const struct option_row *row, struct buf *out)
{
	for (; row && row->name; row++) {
		buf_printf(out, "complete -c vigil%s -l %s%s", condition, row->name,
		           row->value ? " -r" : "");
		if (row->letter)
			buf_printf(out, " -s %c", row->letter);
		add_fish_values(row->value, out);
		buf_add_text(out, " -d ");
		add_quoted(row->help, out);
		buf_add_u8(out, '\n');
	}
}

static void write_fish(const struct commands *commands, struct buf *out)
{
	struct str second;

	for (size_t i = 0; i < commands->count; i++) {
		const struct command *row = &commands->rows[i];
		struct str first = first_word(row, &second);
		char condition[160];

		if (second.size && is_first_of_group(commands, i))
			buf_printf(out, "complete -c vigil -n __fish_use_subcommand -f -a %.*s\n",
			           STR_ARG(first));
		if (second.size)
			buf_printf(
				out,
				"complete -c vigil -n '__fish_seen_subcommand_from %.*s; and test "
				"(count (commandline -opc)) -eq 2' -f -a %.*s -d ",
				STR_ARG(first), STR_ARG(second));
		else
			buf_printf(out, "complete -c vigil -n __fish_use_subcommand -f -a %.*s -d ",
			           STR_ARG(first));
		add_quoted(row->help, out);
		buf_add_u8(out, '\n');
		if (second.size)
			(void)snprintf(condition, sizeof condition,
			               " -n '__fish_seen_subcommand_from %.*s; and "
			               "__fish_seen_subcommand_from %.*s'",
			               STR_ARG(first), STR_ARG(second));
		else
			(void)snprintf(condition, sizeof condition,
			               " -n '__fish_seen_subcommand_from %.*s'", STR_ARG(first));
		add_fish_options(condition, row->options, out);
	}
	add_fish_options("", commands->options, out);
}

/* clang-format off */
static const struct {
	const char *name;
	void (*write)(const struct commands *commands, struct buf *out);
} shells[] = {
	{ "bash", write_bash },
	{ "zsh",  write_zsh },
	{ "fish", write_fish },
};
/* clang-format on */

enum exit_code completion_write(struct ctl *ctl)
{
	AUTO_BUF text = { 0 };

	buf_init(&text, SCRIPT_BYTES_MAX);
	for (size_t i = 0; i < COUNT_OF(shells); i++) {
		if (strcmp(ctl_word(ctl, 0), shells[i].name) != 0)
			continue;
		shells[i].write(ctl->commands, &text);
		return print_text(buf_str(&text));
	}
	return ctl_fail(EXIT_USAGE, "'%s' is none of bash, zsh, fish", ctl_word(ctl, 0));
}
