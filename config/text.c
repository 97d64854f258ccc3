/* SPDX-License-Identifier: Apache-2.0 */
#include "config/text.h"

#include <stdarg.h>
#include <stdio.h>

void text_add(struct text *text, const char *format, ...)
{
	size_t room = sizeof(text->bytes) - text->length;
	va_list arguments;
	int wanted;

	va_start(arguments, format);
	wanted = vsnprintf(text->bytes + text->length, room, format, arguments);
	va_end(arguments);
	if (wanted > 0)
		text->length += (size_t)wanted < room ? (size_t)wanted : room - 1;
}

void text_shorten(struct text *text, size_t length)
{
	text->length = length;
	text->bytes[length] = '\0';
}

const char *text_separator(size_t place, size_t count)
{
	if (place == 0)
		return "";
	return place + 1 < count ? ", " : " or ";
}
