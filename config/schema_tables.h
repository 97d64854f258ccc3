/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the tables of the schema are written; for schema.c and schema_nat.c only.
 */
#ifndef CONFIG_SCHEMA_TABLES_H
#define CONFIG_SCHEMA_TABLES_H

#include "config/schema.h"

extern const struct schema schema_source_nat[];

#define CONTAINER(name) .word = (name), .kind = SCHEMA_CONTAINER
#define LIST(name)      .word = (name), .kind = SCHEMA_LIST
#define LEAF(name)      .word = (name), .kind = SCHEMA_LEAF
#define LEAF_LIST(name) .word = (name), .kind = SCHEMA_LEAF_LIST
#define FLAG(name)      .word = (name), .kind = SCHEMA_FLAG

#define NUMBER(lowest, highest)  .type = TYPE_NUMBER, .low = (lowest), .high = (highest)
#define SECONDS(lowest, highest) NUMBER(lowest, highest), .unit = "seconds"
#define KEYWORDS(table)          .type = TYPE_KEYWORD, .keywords = (table)

#define ADVISED(least, source) .advised = (least), .advised_by = (source)

/* clang-format off */

/* Statements that are known and not enforced; `...` goes on with their shape. */
#define OTHER(shape, ...) {shape, .status = NOT_ENFORCED, __VA_ARGS__}
#define OTHER_FLAG(name)  {FLAG(name), .status = NOT_ENFORCED}
#define OPAQUE(name)      {.word = (name), .kind = SCHEMA_OPAQUE, .status = NOT_ENFORCED}

#define DESCRIPTION                                                                                \
	{LEAF("description"), .type = TYPE_TEXT, .help = "A note for whoever reads this"}

/* clang-format on */

#endif
