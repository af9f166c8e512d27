/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const err_texts[] = {
#define X(name, text) text,
#include "base/err.def"
#undef X
};

const char *err_text(enum err err)
{
	if ((unsigned)err >= ERR_COUNT_)
		return "unknown error";
	return err_texts[err];
}

__attribute__((format(printf, 5, 0))) static void why_fill(struct why *why, enum err err,
                                                           int reason, const char *field,
                                                           const char *format, va_list args)
{
	memset(why, 0, sizeof *why);
	why->err = err;
	why->reason = reason;
	if (field)
		(void)snprintf(why->field, sizeof why->field, "%s", field);
	(void)vsnprintf(why->text, sizeof why->text, format, args);
}

enum err why_set(struct why *why, enum err err, const char *format, ...)
{
	if (why) {
		va_list args;
		va_start(args, format);
		why_fill(why, err, 0, NULL, format, args);
		va_end(args);
	}
	return err;
}

enum err why_set_reason(struct why *why, enum err err, int reason, const char *field,
                        const char *format, ...)
{
	if (why) {
		va_list args;
		va_start(args, format);
		why_fill(why, err, reason, field, format, args);
		va_end(args);
	}
	return err;
}

enum err err_from_errno(int errno_value)
{
	switch (errno_value) {
	case 0: return ERR_OK;
	case ENOENT: return ERR_NOT_FOUND;
	case EEXIST: return ERR_EXISTS;
	case EACCES:
	case EPERM: return ERR_DENIED;
	case ENOMEM: return ERR_NO_MEMORY;
	case ENOSPC:
	case EDQUOT: return ERR_NO_SPACE;
	case EMFILE:
	case ENFILE:
	case EAGAIN: return ERR_BUSY;
	case ETIMEDOUT: return ERR_TIMEOUT;
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED: return ERR_CLOSED;
	case EINVAL: return ERR_INVALID;
	default: return ERR_IO;
	}
}
