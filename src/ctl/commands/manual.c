/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page, from the same rows as the help. */
#include "ctl/commands/commands.h"

/* Text of which roff takes no part for a request or an escape. */
static void add_roff(const char *text, struct buf *out)
{
	for (const char *at = text; *at; at++) {
		bool starts_line = at == text || at[-1] == '\n';
		if (starts_line && (*at == '.' || *at == '\''))
			buf_add_text(out, "\\&");
		if (*at == '\\')
			buf_add_text(out, "\\e");
		else if (*at == '-')
			buf_add_text(out, "\\-");
		else if (*at == '\'')
			buf_add_text(out, "\\(aq");
		else
			buf_add_u8(out, (uint8_t)*at);
	}
}

static void add_line(const char *request, const char *text, struct buf *out)
{
	if (request)
		buf_printf(out, "%s ", request);
	add_roff(text, out);
	buf_add_u8(out, '\n');
}

static void add_options(const struct option_row *row, struct buf *out)
{
	for (; row && row->name; row++) {
		buf_add_text(out, ".TP\n");
		if (row->letter)
			buf_printf(out, "\\fB\\-%c\\fR, ", row->letter);
		buf_add_text(out, "\\fB\\-\\-");
		add_roff(row->name, out);
		buf_add_text(out, "\\fR");
		if (row->value)
			buf_printf(out, " \\fI%s\\fR", row->value);
		buf_add_u8(out, '\n');
		add_line(NULL, row->help, out);
	}
}

static void add_command(const struct command *row, struct buf *out)
{
	AUTO_BUF usage = { 0 };

	buf_init(&usage, 1024);
	help_add_usage(row, &usage);
	buf_add_u8(&usage, '\0');
	if (buf_err(&usage) != ERR_OK)
		return;
	add_line(".SS", (const char *)usage.at, out);
	add_line(NULL, row->help, out);
	if (row->text) {
		buf_add_text(out, ".PP\n");
		add_line(NULL, row->text, out);
	}
	add_options(row->options, out);
}

/* clang-format off */
static const char *const tail[][2] = {
	{ ".SH", "EXIT STATUS" },
	{ ".TP", "0" }, { NULL, "success" },
	{ ".TP", "1" }, { NULL, "failure" },
	{ ".TP", "2" }, { NULL, "the command line is wrong" },
	{ ".TP", "3" }, { NULL, "not found" },
	{ ".TP", "4" }, { NULL, "not signed in, or not allowed" },
	{ ".TP", "5" }, { NULL, "the server cannot be reached" },
	{ ".SH", "ENVIRONMENT" },
	{ ".TP", "VIGIL_URL, VIGIL_TOKEN, VIGIL_CA" }, { NULL, "as the options, which win over them" },
	{ ".TP", "NO_COLOR" }, { NULL, "no colours" },
	{ ".SH", "FILES" },
	{ ".TP", "~/.config/vigil/config" },
	{ NULL, "what 'vigil login' stored: lines url = ..., token = ..., ca = .... Its token is sent to its "
	        "url only. XDG_CONFIG_HOME moves it." },
};
/* clang-format on */

void manual_write(const struct commands *commands, struct buf *out)
{
	buf_add_text(out, ".TH VIGIL 1 \"\" vigil\n"
	                  ".SH NAME\nvigil \\- command line of the Vigil camera cloud\n"
	                  ".SH SYNOPSIS\n\\fBvigil\\fR COMMAND [WORDS] [OPTIONS]\n"
	                  ".SH DESCRIPTION\nResults go to standard output, all else to standard "
	                  "error. Options may stand anywhere; \\-\\- ends them. With "
	                  "\\-\\-json a failure is the API's problem, one line on standard "
	                  "error.\n.SH COMMANDS\n");
	for (size_t i = 0; i < commands->count; i++)
		add_command(&commands->rows[i], out);
	buf_add_text(out, ".SH OPTIONS\n");
	add_options(commands->options, out);
	for (size_t i = 0; i < COUNT_OF(tail); i++) {
		bool is_tag = tail[i][0] && tail[i][0][1] == 'T';
		buf_add_text(out, is_tag ? ".TP\n" : "");
		add_line(is_tag ? NULL : tail[i][0], tail[i][1], out);
	}
}
