/* SPDX-License-Identifier: Apache-2.0 */
#include "config/diagnostics.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int diagnostics_begin(struct diagnostics *diagnostics, const char *file_name)
{
	diagnostics_free(diagnostics);
	diagnostics->file_name = strdup(file_name);
	return diagnostics->file_name ? 0 : -ENOMEM;
}

void diagnostics_free(struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		free(diagnostics->entries[i].text);
	free(diagnostics->entries);
	free(diagnostics->file_name);
	*diagnostics = (struct diagnostics){0};
}

/* => a new entry with room for the text; NULL: out of memory */
static struct diagnostic *add_entry(struct diagnostics *diagnostics, size_t text_bytes)
{
	struct diagnostic *entry;

	if (diagnostics->count == diagnostics->capacity) {
		size_t capacity = diagnostics->capacity ? 2 * diagnostics->capacity : 16;
		void *entries = realloc(diagnostics->entries, capacity * sizeof(*entry));

		if (!entries)
			return NULL;
		diagnostics->entries = entries;
		diagnostics->capacity = capacity;
	}
	entry = &diagnostics->entries[diagnostics->count];
	entry->text = malloc(text_bytes);
	if (!entry->text)
		return NULL;
	entry->order = diagnostics->count++;
	return entry;
}

static void add_diagnostic(struct diagnostics *diagnostics, enum severity severity,
			   struct position at, const char *format, va_list arguments)
	__attribute__((format(printf, 4, 0)));

static void add_diagnostic(struct diagnostics *diagnostics, enum severity severity,
			   struct position at, const char *format, va_list arguments)
{
	struct diagnostic *entry;
	va_list measured;
	int length;

	va_copy(measured, arguments);
	length = vsnprintf(NULL, 0, format, measured);
	va_end(measured);
	diagnostics->error_count += severity == SEVERITY_ERROR;
	entry = length < 0 ? NULL : add_entry(diagnostics, (size_t)length + 1);
	if (!entry) {
		diagnostics->out_of_memory = true;
		return;
	}
	(void)vsnprintf(entry->text, (size_t)length + 1, format, arguments);
	entry->severity = severity;
	entry->at = at;
}

void diagnostics_error(struct diagnostics *diagnostics, struct position at, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_diagnostic(diagnostics, SEVERITY_ERROR, at, format, arguments);
	va_end(arguments);
}

void diagnostics_warning(struct diagnostics *diagnostics, struct position at, const char *format,
			 ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_diagnostic(diagnostics, SEVERITY_WARNING, at, format, arguments);
	va_end(arguments);
}

int position_compare(struct position a, struct position b)
{
	if (a.line != b.line)
		return a.line < b.line ? -1 : 1;
	return (a.column > b.column) - (a.column < b.column);
}

static int compare_places(const void *left, const void *right)
{
	const struct diagnostic *a = left;
	const struct diagnostic *b = right;
	int order = position_compare(a->at, b->at);

	return order ? order : (a->order > b->order) - (a->order < b->order);
}

void diagnostics_sort(struct diagnostics *diagnostics)
{
	if (diagnostics->count)
		qsort(diagnostics->entries, diagnostics->count, sizeof(*diagnostics->entries),
		      compare_places);
}

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* In pieces as long as possible, because stderr is not buffered. */
static void print_printable(const char *text, FILE *output)
{
	while (*text) {
		size_t length = 0;

		while (is_printable(text[length]))
			length++;
		fwrite(text, 1, length, output);
		text += length;
		if (*text)
			fprintf(output, "\\x%02x", (unsigned char)*text++);
	}
}

void diagnostics_print(const struct diagnostics *diagnostics, FILE *output)
{
	static const char *const names[] = {"error", "warning"};

	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *entry = &diagnostics->entries[i];

		print_printable(diagnostics->file_name, output);
		if (entry->at.line)
			fprintf(output, ":%u:%u", entry->at.line, entry->at.column);
		fprintf(output, ": %s: ", names[entry->severity]);
		print_printable(entry->text, output);
		fputc('\n', output);
	}
}
