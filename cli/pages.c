/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pages.h"

#include "cli/api.h"
#include "cli/print.h"

enum { ENTRIES_PER_PAGE = 8192 };

static json_t *get_page(const struct session *session, const struct pages *pages,
			const struct arguments *arguments, json_int_t first)
{
	struct text path = {0};

	text_add(&path, "%s?first=%" JSON_INTEGER_FORMAT "&limit=%d", pages->path, first,
		 (int)ENTRIES_PER_PAGE);
	(void)pages->add_filter(arguments, &path);
	return api_get(session, path.bytes);
}

/* => false if the answer has no place where the next page begins, that is: behind the last */
static bool next_page(const json_t *page, json_int_t *first)
{
	const json_t *next = json_object_get(page, "next");
	bool goes_on = json_is_integer(next) && json_integer_value(next) > *first;

	*first = json_integer_value(next);
	return goes_on;
}

static void print_page(FILE *out, const struct pages *pages, const json_t *list, bool is_first)
{
	json_t *entry;
	size_t i;

	if (is_first && pages->print_head)
		pages->print_head(out);
	json_array_foreach(list, i, entry)
		pages->print(out, entry, pages->form);
}

static enum status print_document(const struct session *session, const struct pages *pages,
				  json_t *all)
{
	json_t *document = json_pack("{s:O}", pages->list, all);
	enum status status = print_json(session->out, document);

	json_decref(document);
	return status;
}

enum status pages_show(const struct session *session, const struct pages *pages,
		       const struct arguments *arguments)
{
	json_t *all = json_array();
	enum status status = STATUS_OK;
	json_int_t first = 0;
	size_t count = 0;
	bool more = true;

	while (more && status == STATUS_OK) {
		json_t *page = get_page(session, pages, arguments, first);
		json_t *list = json_object_get(page, pages->list);

		status = page ? STATUS_OK : STATUS_FAILED;
		count += json_array_size(list);
		if (page && session->json)
			(void)json_array_extend(all, list);
		else if (page)
			print_page(session->out, pages, list, !first);
		more = next_page(page, &first);
		json_decref(page);
	}
	if (status == STATUS_OK && !session->json)
		(void)fprintf(session->out, "%s: %zu\n", pages->total, count);
	if (status == STATUS_OK && session->json)
		status = print_document(session, pages, all);
	json_decref(all);
	return status;
}
