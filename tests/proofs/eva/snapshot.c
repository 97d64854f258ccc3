/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot is read from JSON that may hold anything. In place of the decoder (harness `codec`)
 * stands what dataplane/codec.h says of it: any field may fail, and what does not is in its bounds.
 */
#include "tests/proofs/eva/json.h"

/* A number, and where the text goes on behind it. */
static unsigned long any_number(const char *text, char **end, int base)
{
	(void)text;
	(void)base;
	*end = &eva_text[Frama_C_interval(0, EVA_TEXT_BYTES - 1)];
	return Frama_C_unsigned_long_interval(0, ~0ul);
}

#define strtoul any_number

#include "dataplane/error.c"
#include "dataplane/prefix.c"
#include "dataplane/snapshot.c"
#include "dataplane/words.c"

void codec_fail(struct codec *c, const char *expected)
{
	(void)expected;
	c->failed = true;
}

void codec_object_begin(struct codec *c)
{
	c->failed |= Frama_C_interval(0, 1);
}

void codec_object_end(struct codec *c)
{
	c->failed |= Frama_C_interval(0, 1);
}

/* => true if the decoder goes on */
static bool goes_on(struct codec *c)
{
	c->failed |= Frama_C_interval(0, 1);
	c->node = any_value();
	return !c->failed;
}

void codec_field(struct codec *c, const char *name, codec_describe *describe, void *value)
{
	(void)name;
	if (goes_on(c))
		describe(c, value);
}

void codec_u64(struct codec *c, const char *name, u64 *value, u64 minimum, u64 maximum)
{
	(void)name;
	if (goes_on(c))
		*value = Frama_C_unsigned_long_interval(minimum, maximum);
}

void codec_u32(struct codec *c, const char *name, u32 *value, u32 minimum, u32 maximum)
{
	(void)name;
	if (goes_on(c))
		*value = Frama_C_unsigned_int_interval(minimum, maximum);
}

/* The bounds may themselves have come from the document. */
void codec_u16(struct codec *c, const char *name, u16 *value, u16 minimum, u16 maximum)
{
	(void)name;
	(void)minimum;
	(void)maximum;
	if (goes_on(c))
		*value = Frama_C_unsigned_int_interval(0, 65535);
}

void codec_u8(struct codec *c, const char *name, u8 *value)
{
	codec_u16(c, name, &(u16){0}, 0, 255);
	*value = Frama_C_unsigned_int_interval(0, 255);
}

void codec_bool(struct codec *c, const char *name, bool *value)
{
	(void)name;
	if (goes_on(c))
		*value = Frama_C_interval(0, 1);
}

void codec_string(struct codec *c, const char *name, char *value, size_t bytes, bool nullable)
{
	(void)name;
	(void)nullable;
	if (goes_on(c))
		(void)eva_print(value, bytes);
}

void codec_enum(struct codec *c, const char *name, u32 *value, const char *const names[],
		u32 count, bool nullable)
{
	(void)name;
	(void)names;
	(void)nullable;
	if (goes_on(c))
		*value = Frama_C_unsigned_int_interval(0, count - 1);
}

const char *codec_text(struct codec *c)
{
	return goes_on(c) ? json_string_value(c->node) : NULL;
}

void codec_put_text(struct codec *c, const char *text)
{
	(void)text;
	c->node = any_value();
}

void codec_array(struct codec *c, const char *name, void *array, size_t *count,
		 size_t element_bytes, size_t maximum, codec_describe *describe)
{
	(void)name;
	if (!goes_on(c))
		return;
	describe(c, (char *)array + Frama_C_unsigned_long_interval(0, maximum - 1) * element_bytes);
	*count = Frama_C_unsigned_long_interval(0, maximum);
}

#undef calloc
static void *eva_list(size_t element_bytes)
{
	return calloc(EVA_LIST, element_bytes);
}

/* Without memory the decoder fails, and nobody looks at the list. */
void codec_list(struct codec *c, const char *name, void **array, size_t *count,
		size_t element_bytes, size_t maximum, codec_describe *describe)
{
	(void)maximum;
	*array = eva_list(element_bytes);
	codec_array(c, name, *array, count, element_bytes, EVA_LIST, describe);
}

/* Of dataplane/address.c, which is libc's inet_pton() and inet_ntop(). */

bool ip_addr_parse(const char *text, union ip_addr *address, enum ip_family *family)
{
	EVA_ANYTHING(address);
	*family = Frama_C_interval(0, 1) ? FAMILY_IPV4 : FAMILY_IPV6;
	return Frama_C_interval(0, 1);
}

const char *ip_addr_print(const union ip_addr *address, char text[ADDRESS_TEXT_BYTES])
{
	(void)eva_print(text, ADDRESS_TEXT_BYTES);
	return text;
}

bool ip_addr_next(union ip_addr *address)
{
	EVA_ANYTHING(address);
	return Frama_C_interval(0, 1);
}

bool capability_is_known(const char *name)
{
	return name && Frama_C_interval(0, 1);
}

static void decode_workers(void)
{
	u64 set[MAX_WORKER_CPUS / 64] = {0};
	u16 cpus[MAX_WORKER_CPUS];

	//@ loop unroll MAX_WORKER_CPUS;
	for (size_t i = 0; i < MAX_WORKER_CPUS; i++)
		cpus[i] = Frama_C_unsigned_int_interval(0, MAX_WORKER_CPUS - 1);
	(void)take_cpus(set, cpus, Frama_C_unsigned_long_interval(0, MAX_WORKER_CPUS));
}

static void decode_cpu(struct codec *c)
{
	u16 cpu = 0;

	code_cpu(c, &cpu);
}

static void decode_lists(struct codec *c)
{
	struct snapshot_zone zone = {0};
	struct snapshot_pool pool = {0};
	struct snapshot_rule_set set = {0};
	struct snapshot_proxy proxy = {0};

	code_zone(c, &zone);
	code_pool(c, &pool);
	code_rule_set(c, &set);
	code_proxy(c, &proxy);
}

static void decode_rule(struct codec *c)
{
	struct snapshot_rule rule = {0};

	code_rule(c, &rule);
}

static void decode_numbers(struct codec *c)
{
	struct snapshot snapshot = {0};

	code_timeouts(c, &snapshot.timeouts);
	code_tcp(c, &snapshot);
}

/* What stands around the body. */
static void decode_envelope(void)
{
	char digest[SNAPSHOT_DIGEST_BYTES];
	json_t *json = any_value();
	struct error error;
	u64 generation;

	(void)check_version(json, &error);
	if (json && !open_envelope(json, &generation, digest, &error))
		(void)strcmp(digest, "");
}

int main(void)
{
	struct codec c = {.decoding = true, .node = any_value()};

	switch (Frama_C_interval(0, 5)) {
	case 0:
		decode_workers();
		break;
	case 1:
		decode_cpu(&c);
		break;
	case 2:
		decode_lists(&c);
		break;
	case 3:
		decode_rule(&c);
		break;
	case 4:
		decode_numbers(&c);
		break;
	default:
		decode_envelope();
	}
	return 0;
}
