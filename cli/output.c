/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct output {
	FILE *to;
	const struct filters *filters;
	size_t lines; /* that matched */
	char *line;   /* under way */
	size_t length;
	size_t capacity;
};

int filters_add_match(struct filters *filters, const char *expression)
{
	if (filters->match_count == MAX_MATCHES)
		return -ENOSPC;
	if (regcomp(&filters->matches[filters->match_count], expression,
		    REG_EXTENDED | REG_ICASE | REG_NOSUB))
		return -EINVAL;
	filters->match_count++;
	return 0;
}

void filters_free(struct filters *filters)
{
	while (filters->match_count)
		regfree(&filters->matches[--filters->match_count]);
}

/* => the bytes of the UTF-8 character at the text, and the character; 0: it is none */
static size_t decode(const unsigned char *text, size_t length, unsigned int *character)
{
	static const unsigned int least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t bytes = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3
			     : text[0] >> 3 == 30 ? 4 : 0;

	if (!bytes || bytes > length)
		return 0;
	*character = bytes == 1 ? text[0] : text[0] & (0x7fu >> bytes);
	for (size_t i = 1; i < bytes; i++) {
		if (text[i] >> 6 != 2)
			return 0;
		*character = *character << 6 | (text[i] & 0x3f);
	}
	return *character >= least[bytes] ? bytes : 0;
}

static bool is_harmless(unsigned int c)
{
	bool is_control = (c < ' ' && c != '\t') || (c >= 0x7f && c < 0xa0);
	bool turns_text = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
			  c == 0x200e || c == 0x200f || c == 0x061c;
	bool is_character = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);

	return !is_control && !turns_text && is_character && c != 0x2028 && c != 0x2029;
}

static void write_harmless(const char *line, size_t length, FILE *to)
{
	const unsigned char *text = (const unsigned char *)line;

	while (length) {
		unsigned int character = 0;
		size_t bytes = decode(text, length, &character);

		if (bytes && is_harmless(character)) {
			(void)fwrite(text, 1, bytes, to);
		} else {
			bytes = 1;
			(void)fprintf(to, "\\x%02x", *text);
		}
		text += bytes;
		length -= bytes;
	}
}

static bool matches(const struct filters *filters, const char *line)
{
	for (size_t i = 0; filters && i < filters->match_count; i++)
		if (regexec(&filters->matches[i], line, 0, NULL, 0))
			return false;
	return true;
}

/* `end` is what stands behind the line. */
static void finish_line(struct output *output, const char *end)
{
	output->line[output->length] = '\0';
	if (matches(output->filters, output->line)) {
		output->lines++;
		if (!output->filters || !output->filters->count) {
			write_harmless(output->line, output->length, output->to);
			(void)fputs(end, output->to);
		}
	}
	output->length = 0;
}

/* Room for one more byte and the end of the string. */
static bool make_room(struct output *output)
{
	size_t capacity = output->capacity ? 2 * output->capacity : 256;
	char *grown;

	if (output->length + 1 < output->capacity)
		return true;
	grown = realloc(output->line, capacity);
	if (!grown)
		return false;
	output->line = grown;
	output->capacity = capacity;
	return true;
}

static ssize_t output_write(void *cookie, const char *bytes, size_t count)
{
	struct output *output = cookie;

	for (size_t i = 0; i < count; i++) {
		if (!make_room(output))
			return 0;
		if (bytes[i] == '\n')
			finish_line(output, "\n");
		else
			output->line[output->length++] = bytes[i];
	}
	return (ssize_t)count;
}

static int output_finish(void *cookie)
{
	struct output *output = cookie;

	if (output->length)
		finish_line(output, "");
	if (output->filters && output->filters->count)
		(void)fprintf(output->to, "Count: %zu lines\n", output->lines);
	free(output->line);
	free(output);
	return 0;
}

FILE *output_open(FILE *to, const struct filters *filters)
{
	static const cookie_io_functions_t functions = {.write = output_write,
							.close = output_finish};
	struct output *output = calloc(1, sizeof(*output));
	FILE *stream = output ? fopencookie(output, "w", functions) : NULL;

	if (!stream) {
		free(output);
		return NULL;
	}
	output->to = to;
	output->filters = filters;
	return stream;
}

bool output_close(FILE *output, FILE *to)
{
	bool written = !ferror(output);

	return !fclose(output) && !fflush(to) && !ferror(to) && written;
}
