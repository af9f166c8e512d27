/* SPDX-License-Identifier: Apache-2.0 */
/* The words a settings table can say about itself: help, example file, completion. */
#include <inttypes.h>
#include <stdio.h>

#include "base/settings.h"

#define HELP_COLUMN 30

/* The flags every program has beside its rows. */
static const struct {
	const char *flag, *shape, *help;
} common[] = {
	{ "--help", "", "these words" },
	{ "--version", "", "version and build" },
	{ "--example", "", "a settings file with every setting and its default" },
	{ "--completion", "bash|zsh|fish", "a completion script for that shell" },
};

static bool is_in_help(const struct setting *row)
{
	return strchr(row->name, '.') == NULL;
}

static void add_help_line(struct buf *out, const char *flag, const char *shape, const char *help)
{
	size_t before = out->size;

	buf_printf(out, "  %s%s%s", flag, shape[0] ? " " : "", shape);
	size_t width = out->size - before;
	buf_printf(out, "%*s%s", width < HELP_COLUMN ? (int)(HELP_COLUMN - width) : 1, "", help);
}

void settings_help(const struct settings_table *table, struct buf *out)
{
	char flag[SETTINGS_NAME_MAX];

	buf_printf(out, "%s — %s\n\n", table->program, table->summary);
	for (size_t i = 0; i < table->row_count; i++) {
		const struct setting *row = &table->rows[i];
		if (!is_in_help(row))
			continue;
		settings_flag_name(row->name, flag);
		add_help_line(out, flag, row->shape, row->help);
		if (row->fallback[0] && row->type != SETTING_BOOL)
			buf_printf(out, " (%s)", row->fallback);
		buf_add_text(out, "\n");
	}
	for (size_t i = 0; i < COUNT_OF(common); i++) {
		add_help_line(out, common[i].flag, common[i].shape, common[i].help);
		buf_add_text(out, "\n");
	}
	buf_printf(
		out,
		"\nEach is also a line of the settings file (http = ...) and a variable (%sHTTP)."
		"\nThe finer settings, flags too (--live-flush-ms), are listed by --example.\n",
		table->prefix);
}

static void add_range(struct buf *out, const struct setting *row)
{
	switch (row->type) {
	case SETTING_INT: buf_printf(out, "; %" PRId64 "..%" PRId64, row->least, row->most); return;
	case SETTING_AUTO:
		buf_printf(out, "; auto or %" PRId64 "..%" PRId64, row->least, row->most);
		return;
	case SETTING_BOOL: buf_add_text(out, "; yes or no"); return;
	case SETTING_LIST:
		buf_printf(out, "; %s, repeated or separated by commas", row->shape);
		return;
	case SETTING_TEXT:
	case SETTING_CHOICE: buf_printf(out, "; %s", row->shape); return;
	}
}

void settings_example(const struct settings_table *table, struct buf *out)
{
	buf_printf(
		out,
		"# %s: every setting with its default. Remove a line's # to change it.\n"
		"# A line that starts with # is a comment; an empty value turns an endpoint off.\n",
		table->program);
	for (size_t i = 0; i < table->row_count; i++) {
		const struct setting *row = &table->rows[i];
		if (strcmp(row->name, "config") == 0 || strcmp(row->name, "check") == 0)
			continue;
		buf_printf(out, "\n# %s", row->help);
		add_range(out, row);
		buf_printf(out, "\n#%s =%s%s\n", row->name, row->fallback[0] ? " " : "",
		           row->fallback);
	}
}

/* A choice's words separated by blanks instead of bars. */
static void add_words(struct buf *out, const char *shape)
{
	for (; *shape; shape++)
		buf_add_u8(out, *shape == '|' ? ' ' : (uint8_t)*shape);
}

/* Text inside single quotes, with a backslash before each of `special`. */
static void add_quoted(struct buf *out, const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'') {
			buf_add_text(out, "'\\''");
			continue;
		}
		if (strchr(special, *text))
			buf_add_text(out, "\\");
		buf_add_u8(out, (uint8_t)*text);
	}
}

struct flag_line {
	const char *flag, *shape, *help;
	bool takes_value, is_choice;
};

static struct flag_line flag_line_of(const struct setting *row, char name[SETTINGS_NAME_MAX])
{
	settings_flag_name(row->name, name);
	return (struct flag_line){ name, row->shape, row->help, row->type != SETTING_BOOL,
		                   row->type == SETTING_CHOICE };
}

static struct flag_line common_line(size_t i)
{
	bool takes_value = common[i].shape[0] != '\0';

	return (struct flag_line){ common[i].flag, common[i].shape, common[i].help, takes_value,
		                   takes_value };
}

static void add_bash(struct buf *out, const struct flag_line *line)
{
	buf_printf(out, " %s", line->flag);
}

static void add_zsh(struct buf *out, const struct flag_line *line)
{
	buf_printf(out, " \\\n  '%s[", line->flag);
	add_quoted(out, line->help, "[]:\\");
	buf_add_text(out, "]");
	if (line->takes_value) {
		buf_add_text(out, ":");
		add_quoted(out, line->is_choice ? "value" : line->shape, "[]:\\");
		buf_add_text(out, ":");
		if (line->is_choice) {
			buf_add_text(out, "(");
			add_words(out, line->shape);
			buf_add_text(out, ")");
		} else {
			buf_add_text(out, "_files");
		}
	}
	buf_add_text(out, "'");
}

static void add_fish(struct buf *out, const struct flag_line *line, const char *program)
{
	buf_printf(out, "complete -c %s -l %s%s", program, line->flag + 2,
	           line->takes_value ? " -r" : "");
	if (line->is_choice) {
		buf_add_text(out, " -f -a '");
		add_words(out, line->shape);
		buf_add_text(out, "'");
	}
	buf_add_text(out, " -d '");
	add_quoted(out, line->help, "\\");
	buf_add_text(out, "'\n");
}

enum shell { SHELL_BASH, SHELL_ZSH, SHELL_FISH, SHELL_COUNT };

static void add_line(struct buf *out, enum shell shell, const struct flag_line *line,
                     const char *program)
{
	switch (shell) {
	case SHELL_BASH: add_bash(out, line); return;
	case SHELL_ZSH: add_zsh(out, line); return;
	case SHELL_FISH: add_fish(out, line, program); return;
	case SHELL_COUNT: return;
	}
}

enum err settings_completion(const struct settings_table *table, struct str shell, struct buf *out)
{
	static const struct {
		const char *name, *before, *after;
	} shells[SHELL_COUNT] = {
		[SHELL_BASH] = { "bash", "complete -o default -W '", "' " },
		[SHELL_ZSH] = { "zsh", "#compdef ", "\n" },
		[SHELL_FISH] = { "fish", "", "" },
	};
	char name[SETTINGS_NAME_MAX];
	enum shell which = 0;

	while (which < SHELL_COUNT && !str_equal(shell, str_of(shells[which].name)))
		which++;
	if (which == SHELL_COUNT)
		return ERR_INVALID;
	buf_add_text(out, shells[which].before);
	if (which == SHELL_ZSH)
		buf_printf(out, "%s\n_arguments", table->program);
	for (size_t i = 0; i < table->row_count; i++) {
		struct flag_line line = flag_line_of(&table->rows[i], name);
		add_line(out, which, &line, table->program);
	}
	for (size_t i = 0; i < COUNT_OF(common); i++) {
		struct flag_line line = common_line(i);
		add_line(out, which, &line, table->program);
	}
	buf_add_text(out, shells[which].after);
	if (which == SHELL_BASH)
		buf_printf(out, "%s\n", table->program);
	return buf_err(out);
}

bool settings_answer(const struct settings_table *table, int argc, char *const *argv,
                     struct buf *out)
{
	for (int i = 1; i < argc; i++) {
		struct str value = str_of(argv[i]), flag;
		(void)str_cut(&value, '=', &flag);
		if (str_equal(flag, STR("--help")) || str_equal(flag, STR("-h"))) {
			settings_help(table, out);
			return true;
		}
		if (str_equal(flag, STR("--version"))) {
			buf_printf(out, "%s %s\n", table->program, table->version);
			return true;
		}
		if (str_equal(flag, STR("--example"))) {
			settings_example(table, out);
			return true;
		}
		if (!str_equal(flag, STR("--completion")))
			continue;
		struct str shell = value.at ? value : str_of(i + 1 < argc ? argv[i + 1] : "");
		if (settings_completion(table, shell, out) != ERR_OK)
			buf_add_text(out, "--completion: is not one of bash|zsh|fish\n");
		return true;
	}
	return false;
}
