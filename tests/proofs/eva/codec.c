/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder of JSON: each kind of field, at any place of a document. Fields are described by
 * functions of the snapshot's; here, by one that leaves behind whatever these may.
 */
#include "tests/proofs/eva/json.h"

#include "dataplane/codec.c"
#include "dataplane/error.c"

struct element {
	u32 words[2];
};

/* A decoder somewhere in a document. */
static struct codec any_codec(void)
{
	struct codec c = {.decoding = true, .node = any_value()};

	(void)eva_print(c.path, sizeof(c.path));
	(void)eva_print(c.error.text, sizeof(c.error.text));
	c.failed = Frama_C_interval(0, 1);
	c.visited_count = Frama_C_unsigned_long_interval(0, CODEC_FIELDS);
	for (size_t i = 0; i < CODEC_FIELDS; i++)
		c.visited[i] = "name";
	return c;
}

/* Lengthens the path no more than it is shortened again. */
static void describe_anything(struct codec *c, void *value)
{
	struct element *element = value;

	EVA_ANYTHING(element);
	c->failed = Frama_C_interval(0, 1);
	c->visited_count = Frama_C_unsigned_long_interval(0, CODEC_FIELDS);
}

static void decode_number(struct codec *c)
{
	u64 u64_value = 0;
	u32 u32_value = 0;
	u16 u16_value = 0;
	u8 u8_value = 0;
	bool boolean = false;

	codec_u64(c, "name", &u64_value, 0, ~0ull);
	codec_u32(c, "name", &u32_value, 1, 31);
	codec_u16(c, "name", &u16_value, 0, 65535);
	codec_u8(c, "name", &u8_value);
	codec_bool(c, "name", &boolean);
}

static void decode_text(struct codec *c)
{
	static const char *const names[] = {NULL, "one", "other"};
	char text[64];
	u32 choice = 0;

	codec_string(c, "name", text, sizeof(text), Frama_C_interval(0, 1));
	codec_enum(c, "name", &choice, names, 3, true);
	codec_enum(c, "name", &choice, names + 1, 2, false);
	//@ assert choice < 3;
	(void)codec_text(c);
	codec_fail(c, "something else");
}

static void decode_elements(struct codec *c)
{
	struct element elements[EVA_LIST], *list = NULL;
	size_t count = 0;

	if (Frama_C_interval(0, 1))
		codec_array(c, "name", elements, &count, sizeof(elements[0]), EVA_LIST,
			    describe_anything);
	else
		codec_list(c, "name", (void **)&list, &count, sizeof(*list), EVA_LIST,
			   describe_anything);
	//@ assert count <= EVA_LIST;
	free(list);
}

int main(void)
{
	struct codec c = any_codec();
	struct element element;
	struct error error;

	switch (Frama_C_interval(0, 4)) {
	case 0:
		codec_object_begin(&c);
		codec_field(&c, "name", describe_anything, &element);
		codec_object_end(&c);
		break;
	case 1:
		decode_number(&c);
		break;
	case 2:
		decode_text(&c);
		break;
	case 3:
		decode_elements(&c);
		break;
	default:
		(void)codec_decode(any_value(), describe_anything, &element, &error);
	}
	return 0;
}
