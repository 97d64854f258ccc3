/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a daemon tells whoever looks after it: on standard error until it has started, and if it is
 * left alone then, to syslog. One line a message.
 */
#ifndef DATAPLANE_LOG_H
#define DATAPLANE_LOG_H

#include <syslog.h>

/* The name that stands before each line; not copied. Call it first. */
void log_open(const char *name);

/* From here on to syslog; lets go of the terminal. */
void log_to_syslog(void);

/* priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO */
void log_write(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes each line of the text as a message. */
void log_lines(int priority, const char *text);

#endif
