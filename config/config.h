/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration language: text in, a snapshot for the dataplane out.
 *
 * A struct config is a configuration without errors; nothing else is ever handed out. It keeps
 * what the user wrote, inactive statements included, and can print it again. docs/configuration.md
 * is the language's manual for users, parser.h its grammar, schema.h its statements.
 *
 * Not for several threads at once on the same struct.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdio.h>

#include <jansson.h>

#include "abi/snapshot.h"
#include "config/diagnostics.h"

struct config;

enum config_format { CONFIG_BRACES, CONFIG_SET };

/*
 * Reads a text. The diagnostics are emptied first, and hold all errors and warnings afterwards,
 * in the order of the file; `file_name` is for them only.
 * => 0 and *config is the caller's; -EINVAL if there are errors, -ENOMEM; *config is NULL then
 */
int config_parse(const char *file_name, const char *text, size_t length,
		 struct diagnostics *diagnostics, struct config **config);

/*
 * Reads the text of a file. => 0, and *text is the caller's to free; a negative errno, the
 * diagnostics say it and *text is NULL
 */
int config_read(const char *path, struct diagnostics *diagnostics, char **text, size_t *length);

/* Both in one. => as above, or a negative errno and an error that says it */
int config_load(const char *path, struct diagnostics *diagnostics, struct config **config);

void config_free(struct config *config); /* NULL is fine */

/*
 * Fills in everything but generation and digest. => 0, and *snapshot is the caller's to free with
 * snapshot_free(); -ENOMEM, and *snapshot is zeroed
 */
int config_to_snapshot(const struct config *config, struct snapshot *snapshot);

/*
 * Reports each statement that asks for what the dataplane of the configuration's choice cannot do,
 * behind the diagnostics of reading it. `offered` is what each can do, as capabilities_offered()
 * has it.
 * => 0; -EINVAL if there are any, -ENOMEM
 */
int config_check_capabilities(const struct config *config, const json_t *offered,
			      struct diagnostics *diagnostics);

/* Writes the configuration; what is written loads again and means the same. */
void config_print(const struct config *config, enum config_format format, FILE *output);

/* => system host-name, owned by the config; NULL if it is not configured */
const char *config_host_name(const struct config *config);

#endif
