/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long lists. They come in pages, and are printed page by page, so that a million entries need no
 * more room than one page; only as JSON they are one document.
 */
#ifndef CLI_PAGES_H
#define CLI_PAGES_H

#include <jansson.h>

#include "cli/command.h"

struct pages {
	const char *path; /* of the API */
	const char *list; /* where the entries lie in an answer */
	bool (*add_filter)(const struct arguments *arguments, struct text *path);
	void (*print_head)(FILE *out); /* before the first entry; NULL: nothing */
	void (*print)(FILE *out, const json_t *entry, int form);
	int form;          /* for print() */
	const char *total; /* what the number of entries is called behind the last */
};

/* => STATUS_OK; otherwise the error is printed, perhaps behind some pages */
enum status pages_show(const struct session *session, const struct pages *pages,
		       const struct arguments *arguments);

#endif
