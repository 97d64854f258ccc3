/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One description of a struct, both directions of JSON.
 *
 * A function that describes a struct names each field once, with codec_...() calls; run with an
 * encoder they build an object, run with a decoder they take it apart. So no field can be sent
 * and not received, or the other way round.
 *
 * Decoding is strict: a field that is missing, unknown, of the wrong type or out of range is an
 * error that names its path (pools[2].port_low), what was met and what was expected. The first
 * error stays; calls after it do nothing.
 */
#ifndef DATAPLANE_CODEC_H
#define DATAPLANE_CODEC_H

#include <jansson.h>

#include "abi/types.h"
#include "dataplane/error.h"

enum { CODEC_PATH_BYTES = 128, CODEC_FIELDS = 24 };

struct codec {
	bool decoding;
	bool failed;
	json_t *node; /* decoding: the value at hand, borrowed; encoding: the value made, owned */
	char path[CODEC_PATH_BYTES];
	struct error error;
	const char *visited[CODEC_FIELDS]; /* fields of the object at hand */
	size_t visited_count;
};

/* Describes what stands at codec->node; `value` is what it is in C. */
typedef void codec_describe(struct codec *codec, void *value);

/* => the JSON of *value, a new reference; NULL and the error (out of memory) */
json_t *codec_encode(codec_describe *describe, const void *value, struct error *error);

/* Fills *value. => 0 or -EINVAL or -ENOMEM; arrays made so far are in *value for its owner to free */
int codec_decode(json_t *json, codec_describe *describe, void *value, struct error *error);

/* An object: call between begin and end, once for each field. */
void codec_object_begin(struct codec *codec);
void codec_object_end(struct codec *codec);

void codec_u64(struct codec *codec, const char *name, u64 *value, u64 minimum, u64 maximum);
void codec_u32(struct codec *codec, const char *name, u32 *value, u32 minimum, u32 maximum);
void codec_u16(struct codec *codec, const char *name, u16 *value, u16 minimum, u16 maximum);
void codec_u8(struct codec *codec, const char *name, u8 *value);
void codec_bool(struct codec *codec, const char *name, bool *value);

/* A string of 1 to bytes - 1 characters; with `nullable`, "" is null. */
void codec_string(struct codec *codec, const char *name, char *value, size_t bytes, bool nullable);

/* One of `names`, by its place; with `nullable`, place 0 is null and names[0] is not used. */
void codec_enum(struct codec *codec, const char *name, u32 *value, const char *const names[],
		u32 count, bool nullable);

/* A field described by a function of its own. */
void codec_field(struct codec *codec, const char *name, codec_describe *describe, void *value);

/* An array of elements, allocated when decoding; at most `maximum`. */
void codec_list(struct codec *codec, const char *name, void **array, size_t *count,
		size_t element_bytes, size_t maximum, codec_describe *describe);

/* An array that lies in the struct, with room for `maximum`. */
void codec_array(struct codec *codec, const char *name, void *array, size_t *count,
		 size_t element_bytes, size_t maximum, codec_describe *describe);

/* The value at hand as text, for elements and fields that are strings of their own kind. */
const char *codec_text(struct codec *codec);             /* decoding; NULL after an error */
void codec_put_text(struct codec *codec, const char *text); /* encoding */

/* Reports the value at hand: "PATH: MET, expected EXPECTED". */
void codec_fail(struct codec *codec, const char *expected);

#endif
