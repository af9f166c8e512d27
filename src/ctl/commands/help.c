/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "ctl/commands/commands.h"
#include "ctl/print.h"

#define HELP_BYTES_MAX (256 * 1024)
#define LINE_COLUMNS   78
#define HELP_COLUMN    28

void help_add_usage(const struct command *command, struct buf *out)
{
	const struct option_row *row = command->options;

	buf_printf(out, "vigil %s%s%s", command->name, command->words[0] ? " " : "",
	           command->words);
	for (; row && row->name; row++)
		buf_printf(out, " [--%s%s%s]", row->name, row->value ? " " : "",
		           row->value ? row->value : "");
}

/* Adds `text` from the column where `out` stands, broken at `LINE_COLUMNS`. */
static void add_paragraph(const char *text, size_t indent, struct buf *out)
{
	struct str rest = str_of(text), word;
	size_t column = indent;

	while (str_cut(&rest, ' ', &word)) {
		if (column > indent && column + 1 + word.size > LINE_COLUMNS) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
		if (column > indent) {
			buf_add_u8(out, ' ');
			column++;
		}
		buf_add_str(out, word);
		column += word.size;
	}
	buf_add_u8(out, '\n');
}

static void add_entry(const char *name, const char *help, struct buf *out)
{
	size_t used = strlen(name) + 2;

	buf_printf(out, "  %s", name);
	if (used + 2 > HELP_COLUMN)
		buf_printf(out, "\n%*s", HELP_COLUMN, "");
	else
		buf_printf(out, "%*s", (int)(HELP_COLUMN - used), "");
	add_paragraph(help, HELP_COLUMN, out);
}

static void add_options(const char *heading, const struct option_row *row, struct buf *out)
{
	if (!row)
		return;
	buf_printf(out, "\n%s:\n", heading);
	for (; row->name; row++) {
		char name[64], letter[8] = "";
		if (row->letter)
			(void)snprintf(letter, sizeof letter, "-%c, ", row->letter);
		(void)snprintf(name, sizeof name, "%s--%s%s%s", letter, row->name,
		               row->value ? " " : "", row->value ? row->value : "");
		add_entry(name, row->help, out);
	}
}

static void add_all(const struct commands *commands, struct buf *out)
{
	buf_add_text(out, "Usage: vigil COMMAND [WORDS] [OPTIONS]\n\nCommands:\n");
	for (size_t i = 0; i < commands->count; i++) {
		const struct command *row = &commands->rows[i];
		char name[96];
		(void)snprintf(name, sizeof name, "%s%s%s", row->name, row->words[0] ? " " : "",
		               row->words);
		add_entry(name, row->help, out);
	}
	add_options("Options of every command", commands->options, out);
	buf_add_text(out, "\n'vigil help COMMAND' says more.\n");
}

enum exit_code help_show(const struct ctl *ctl, const struct command *command)
{
	AUTO_BUF text = { 0 };

	buf_init(&text, HELP_BYTES_MAX);
	if (!command) {
		add_all(ctl->commands, &text);
		return print_text(buf_str(&text));
	}
	buf_add_text(&text, "Usage: ");
	help_add_usage(command, &text);
	buf_add_text(&text, "\n\n");
	add_paragraph(command->help, 0, &text);
	if (command->text) {
		buf_add_text(&text, "\n");
		add_paragraph(command->text, 0, &text);
	}
	add_options("Options", command->options, &text);
	add_options("Options of every command", ctl->commands->options, &text);
	return print_text(buf_str(&text));
}

void help_usage(const struct ctl *ctl, const struct command *command, const char *word)
{
	AUTO_BUF text = { 0 };
	bool has_any = false;

	buf_init(&text, HELP_BYTES_MAX);
	for (size_t i = 0; i < ctl->commands->count; i++) {
		const struct command *row = &ctl->commands->rows[i];
		size_t size = word ? strlen(word) : 0;
		bool is_near = size && strncmp(row->name, word, size) == 0;
		if (command ? row != command : !is_near)
			continue;
		buf_add_text(&text, has_any ? "         " : "  usage: ");
		help_add_usage(row, &text);
		buf_add_text(&text, "\n");
		has_any = true;
	}
	buf_add_text(&text, has_any ? "" : "  'vigil help' lists the commands\n");
	(void)fwrite(text.at, 1, text.size, stderr);
}

enum exit_code help_command(struct ctl *ctl)
{
	const char *first = ctl_word(ctl, 0), *second = ctl_word(ctl, 1);
	AUTO_BUF text = { 0 };
	char name[64];

	if (ctl_option(ctl, "man")) {
		buf_init(&text, HELP_BYTES_MAX);
		manual_write(ctl->commands, &text);
		return print_text(buf_str(&text));
	}
	if (!first)
		return help_show(ctl, NULL);
	(void)snprintf(name, sizeof name, "%.30s%s%.30s", first, second ? " " : "",
	               second ? second : "");
	const struct command *command = command_find(ctl->commands, name);
	if (command)
		return help_show(ctl, command);
	(void)ctl_fail(EXIT_USAGE, "there is no command '%s'", name);
	help_usage(ctl, NULL, first);
	return EXIT_USAGE;
}
