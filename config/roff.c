/* SPDX-License-Identifier: Apache-2.0 */
#include "config/roff.h"

#include <stdio.h>

static void roff_character(char c)
{
	if (c == '\\')
		fputs("\\e", stdout);
	else if (c == '-')
		fputs("\\-", stdout);
	else
		putchar(c);
}

void roff_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++)
		roff_character(*text);
}

void roff_line(const char *text)
{
	roff_text(text);
	putchar('\n');
}

void roff_section(const char *name)
{
	printf(".SH \"%s\"\n", name);
}

void roff_paragraph(const char *text)
{
	puts(".PP");
	roff_line(text);
}

void roff_literal_begin(void)
{
	puts(".PP\n.nf\n.RS 4");
}

void roff_literal_end(void)
{
	puts(".RE\n.fi");
}
