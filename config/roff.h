/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manual pages, written to standard output.
 */
#ifndef CONFIG_ROFF_H
#define CONFIG_ROFF_H

/* Writes text as it is, wherever on a line it stands; roff_line() ends the line behind it. */
void roff_text(const char *text);
void roff_line(const char *text);

void roff_section(const char *name);
void roff_paragraph(const char *text);

/* What stands between is indented and keeps its lines. */
void roff_literal_begin(void);
void roff_literal_end(void);

#endif
