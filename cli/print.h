/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From JSON to lines.
 *
 * A template is text with fields in it, {name} or {name:WIDTH}, filled to the WIDTH (on the right
 * if it is negative) and taken from an object: texts as they are, numbers, yes and no, null and an
 * empty text as "-", and what is not there as "?", so that a figure is never made up.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "cli/session.h"

void print_template(FILE *output, const json_t *object, const char *template);

/* => the text of a field; "" if it is null or not there */
const char *json_text(const json_t *object, const char *name);

/* => the number of a field; 0 if it is not there */
json_int_t json_number(const json_t *object, const char *name);

/* => the object of a list whose "name" it is, borrowed; NULL: there is none */
json_t *json_find_named(const json_t *list, const char *name);

/* The whole as one document. => STATUS_OK, or STATUS_FAILED if it could not be written */
enum status print_json(FILE *output, const json_t *json);

#endif
