/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *log_name = "";
static bool use_syslog;

void log_open(const char *name)
{
	log_name = name;
}

void log_to_syslog(void)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	openlog(log_name, LOG_PID, LOG_DAEMON);
	use_syslog = true;
	for (int fd = 0; nowhere >= 0 && fd < 3; fd++)
		(void)dup2(nowhere, fd);
	if (nowhere > 2)
		(void)close(nowhere);
}

void log_write(int priority, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (use_syslog) {
		vsyslog(priority, format, arguments);
	} else {
		(void)fprintf(stderr, "%s: ", log_name);
		(void)vfprintf(stderr, format, arguments);
		(void)fputc('\n', stderr);
	}
	va_end(arguments);
}

void log_lines(int priority, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length)
			log_write(priority, "%.*s", (int)length, text);
		text += length + (text[length] == '\n');
	}
}
