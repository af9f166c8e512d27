/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h — one line an event: a stable dotted name, then key=value.
 *
 *     log_info("device.registered", "did=%s from=%s", did, address);
 *
 * error  someone must act;  warn  degraded, and says what goes on working;  info  a business
 * fact;  debug  for us. base, proto, domain and ports do not log: endpoints and programs do, once.
 *
 * Threads  any. Lines go to standard error: key=value on a terminal, JSON elsewhere.
 * No secret, token, media byte or URL query may be passed in; control characters and bytes that
 * are not UTF-8 are escaped.
 */
#ifndef VIGIL_BASE_LOG_H
#define VIGIL_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Call once, before other threads start. `label` (the program's name) is borrowed for good. */
void log_start(const char *label, enum log_level least, bool is_json);
bool log_is_on(enum log_level level);

__attribute__((format(printf, 3, 4))) void log_line(enum log_level level, const char *event,
                                                    const char *format, ...);

#define log_error(event, ...) log_line(LOG_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...)  log_line(LOG_WARN, event, __VA_ARGS__)
#define log_info(event, ...)  log_line(LOG_INFO, event, __VA_ARGS__)
#define log_debug(event, ...)                                    \
	do {                                                     \
		if (log_is_on(LOG_DEBUG))                        \
			log_line(LOG_DEBUG, event, __VA_ARGS__); \
	} while (0)

#endif
