/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/program.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

#define WORDS_MAX (256 * 1024)

bool program_answers(const struct settings_table *table, int argc, char *const *argv)
{
	AUTO_BUF words = { 0 };

	buf_init(&words, WORDS_MAX);
	if (!settings_answer(table, argc, argv, &words))
		return false;
	(void)fwrite(words.at, 1, words.size, stdout);
	return true;
}

void program_start_log(const char *name, int level, int json)
{
	bool is_json = json == LOG_JSON_YES || (json == LOG_JSON_AUTO && !isatty(STDERR_FILENO));

	log_start(name, (enum log_level)level, is_json);
}
