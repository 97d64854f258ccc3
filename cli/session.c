/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include <stdarg.h>

enum status session_fail(const struct session *session, const char *format, ...)
{
	va_list arguments;

	(void)fputs("holdfast: ", session->err);
	va_start(arguments, format);
	(void)vfprintf(session->err, format, arguments);
	va_end(arguments);
	(void)fputc('\n', session->err);
	return STATUS_FAILED;
}
