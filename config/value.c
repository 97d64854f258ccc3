/* SPDX-License-Identifier: Apache-2.0 */
#include "config/value.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/address.h"
#include "config/protocols.h"

enum {
	MAX_PORT = 65535,
	MAX_PROTOCOL = 255,
	HOST_NAME_CHARACTERS = 253,
	HOST_LABEL_CHARACTERS = 63
};

/* One value being read. */
struct reading {
	const struct schema *schema;
	const struct word *word;
	const struct word *to;
	struct diagnostics *diagnostics;
	struct parsed_value *parsed;
};

/* Reports that a word is not what the statement expects. => false */
static bool refuse(const struct reading *r, const struct word *word, const char *expected)
{
	diagnostics_error(r->diagnostics, word->at, "%s '%s' is not valid; expected %s",
			  r->schema->word, word->text, expected);
	return false;
}

static bool refuse_type(const struct reading *r)
{
	struct text expected = {0};

	value_expected(r->schema, &expected);
	return refuse(r, r->word, expected.bytes);
}

static bool accept_text(const struct reading *r, const char *text, size_t length)
{
	memcpy(r->parsed->text, text, length);
	r->parsed->text[length] = '\0';
	return true;
}

static bool accept_as_written(const struct reading *r)
{
	return accept_text(r, r->word->text, strlen(r->word->text));
}

static bool accept_spelling(const struct reading *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool accept_spelling(const struct reading *r, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(r->parsed->text, sizeof(r->parsed->text), format, arguments);
	va_end(arguments);
	return true;
}

/* Does the text have only letters, digits and these? */
static bool has_only(const char *text, const char *others)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(others, *text))
			return false;
	return true;
}

static bool parse_name(const struct reading *r)
{
	const char *name = r->word->text;
	size_t length = strlen(name);

	if (!length || length >= SNAPSHOT_NAME_BYTES || !has_only(name, "._-/:"))
		return refuse_type(r);
	if (name[length - 1] == ':')
		return refuse(r, r->word, "a name that does not end in ':'");
	return accept_as_written(r);
}

static bool parse_text(const struct reading *r)
{
	return accept_as_written(r);
}

/* [RFC1123 section 2.1] */
static bool is_host_name(const char *name)
{
	size_t length = strlen(name);

	if (!length || length > HOST_NAME_CHARACTERS || !has_only(name, "-."))
		return false;
	for (;;) {
		size_t label = strcspn(name, ".");

		if (!label || label > HOST_LABEL_CHARACTERS)
			return false;
		if (name[0] == '-' || name[label - 1] == '-')
			return false;
		if (!name[label])
			return true;
		name += label + 1;
	}
}

static bool parse_host_name(const struct reading *r)
{
	return is_host_name(r->word->text) ? accept_as_written(r) : refuse_type(r);
}

/* => the ".5" of "eth0.5"; NULL: the name has no unit */
static const char *unit_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (!dot || !dot[1] || dot[1 + strspn(dot + 1, "0123456789")])
		return NULL;
	return dot;
}

/*
 * Junos names a logical interface by device and unit; unit 0 is the untagged interface, which
 * the kernel calls by the device's name alone.
 */
static bool parse_interface(const struct reading *r)
{
	const char *name = r->word->text;
	const char *unit = unit_of(name);
	size_t length = unit ? (size_t)(unit - name) : strlen(name);

	if (unit && strcmp(unit, ".0"))
		return refuse(r, r->word,
			      "unit 0 or no unit; logical units other than 0 are not supported");
	accept_text(r, name, length);
	if (!length || !has_only(r->parsed->text, "._-+") || !strcmp(r->parsed->text, ".") ||
	    !strcmp(r->parsed->text, ".."))
		return refuse(r, r->word, "a name of an interface, as 'ip link' shows it");
	if (length >= INTERFACE_NAME_BYTES)
		return refuse(r, r->word, "at most 15 characters, as Linux has it");
	/* A name that itself looks like one with a unit needs the unit to be told apart. */
	if (unit_of(r->parsed->text))
		return accept_as_written(r);
	return true;
}

/* => false if it is not a decimal number from low to high */
static bool read_number(const char *text, u32 low, u32 high, u32 *number)
{
	u64 wide = 0;
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 10 || text[digits])
		return false;
	for (; *text; text++)
		wide = 10 * wide + (u64)(*text - '0');
	*number = (u32)wide;
	return wide >= low && wide <= high;
}

static bool parse_number(const struct reading *r)
{
	u32 *number = &r->parsed->value.number;

	if (!read_number(r->word->text, r->schema->low, r->schema->high, number))
		return refuse_type(r);
	return accept_spelling(r, "%u", *number);
}

const struct keyword *keyword_of(const struct schema *schema, const char *word)
{
	const struct keyword *keyword = schema->keywords;

	while (keyword->word && strcmp(keyword->word, word))
		keyword++;
	return keyword->word ? keyword : NULL;
}

static bool parse_keyword(const struct reading *r)
{
	const struct keyword *keyword = keyword_of(r->schema, r->word->text);

	if (!keyword)
		return refuse_type(r);
	r->parsed->value.number = keyword->value;
	return accept_as_written(r);
}

static bool parse_ports(const struct reading *r)
{
	u32 low;
	u32 high;

	if (!read_number(r->word->text, 0, MAX_PORT, &low))
		return refuse_type(r);
	high = low;
	if (r->to && !read_number(r->to->text, 0, MAX_PORT, &high))
		return refuse(r, r->to, "a port from 0 to 65535");
	if (low > high)
		return refuse(r, r->to, "a last port that is not below the first");
	r->parsed->value.ports = (struct port_range){(u16)low, (u16)high};
	if (low == high)
		return accept_spelling(r, "%u", low);
	return accept_spelling(r, "%u to %u", low, high);
}

/* Reads a prefix and clears its host bits. */
static bool take_prefix(const struct reading *r, const struct word *word,
			struct snapshot_prefix *prefix)
{
	const char *expected = prefix_read(word->text, prefix);
	struct snapshot_address_range range;
	char text[PREFIX_TEXT_BYTES];

	if (expected)
		return refuse(r, word, expected);
	range = prefix_range(prefix);
	if (memcmp(&range.low, &prefix->address, sizeof(range.low))) {
		prefix->address = range.low;
		prefix_write(prefix, text);
		diagnostics_warning(r->diagnostics, word->at,
				    "'%s' has host bits set; it means all of %s", word->text, text);
	}
	return true;
}

static bool parse_prefix(const struct reading *r)
{
	struct snapshot_prefix *prefix = &r->parsed->value.prefix;
	char text[PREFIX_TEXT_BYTES];

	if (!take_prefix(r, r->word, prefix))
		return false;
	prefix_write(prefix, text);
	return accept_spelling(r, "%s", text);
}

/* One end of a range: an address, with or without the length that means one address. */
static bool read_range_end(const struct reading *r, const struct word *word,
			   struct snapshot_prefix *prefix)
{
	const char *expected = prefix_read(word->text, prefix);

	if (expected)
		return refuse(r, word, expected);
	if (prefix->length != family_bits(prefix->family))
		return refuse(r, word, "a single address at either end of a range");
	return true;
}

static bool read_range(const struct reading *r, struct snapshot_address_range *range)
{
	struct snapshot_prefix low;
	struct snapshot_prefix high;
	char low_text[PREFIX_TEXT_BYTES];
	char high_text[PREFIX_TEXT_BYTES];

	if (!read_range_end(r, r->word, &low) || !read_range_end(r, r->to, &high))
		return false;
	if (low.family != high.family)
		return refuse(r, r->to, "an address of the same family as the first one");
	if (address_number(&low.address) > address_number(&high.address))
		return refuse(r, r->to, "a last address that is not below the first");
	*range = (struct snapshot_address_range){low.family, low.address, high.address};
	prefix_write(&low, low_text);
	prefix_write(&high, high_text);
	if (!strcmp(low_text, high_text))
		return accept_spelling(r, "%s", low_text);
	return accept_spelling(r, "%s to %s", low_text, high_text);
}

static bool parse_addresses(const struct reading *r)
{
	struct snapshot_address_range *range = &r->parsed->value.addresses;
	struct snapshot_prefix prefix;
	char text[PREFIX_TEXT_BYTES];
	const char *special;

	if (r->to) {
		if (!read_range(r, range))
			return false;
	} else {
		if (!take_prefix(r, r->word, &prefix))
			return false;
		prefix_write(&prefix, text);
		accept_spelling(r, "%s", text);
		*range = prefix_range(&prefix);
	}
	special = range_special(range);
	if (!special)
		return true;
	diagnostics_error(r->diagnostics, r->word->at,
			  "'%s' holds special addresses (%s); expected ordinary unicast addresses",
			  r->parsed->text, special);
	return false;
}

static bool parse_protocol(const struct reading *r)
{
	u32 *number = &r->parsed->value.number;
	struct text expected = {0};
	const char *name;
	u8 named;

	if (protocol_find(r->word->text, &named)) {
		*number = named;
	} else if (!read_number(r->word->text, 0, MAX_PROTOCOL, number)) {
		value_expected(r->schema, &expected);
		protocol_suggest(r->word->text, &expected);
		return refuse(r, r->word, expected.bytes);
	}
	name = protocol_name((u8)*number);
	return name ? accept_spelling(r, "%s", name) : accept_spelling(r, "%u", *number);
}

/* => true for FIRST or FIRST-LAST, neither above `most`, and in order */
static bool read_span(const char *text, u32 most, u32 *first, u32 *last)
{
	size_t length = strcspn(text, "-");
	char word[TOKEN_BYTES];

	memcpy(word, text, length);
	word[length] = '\0';
	return read_number(word, 0, most, first) &&
	       read_number(text[length] ? text + length + 1 : word, *first, most, last);
}

static bool accept_span(const struct reading *r, u32 first, u32 last)
{
	if (first == last)
		return accept_spelling(r, "%u", first);
	return accept_spelling(r, "%u-%u", first, last);
}

static bool parse_port_span(const struct reading *r)
{
	u32 low;
	u32 high;

	if (!read_span(r->word->text, MAX_PORT, &low, &high))
		return refuse_type(r);
	r->parsed->value.ports = (struct port_range){(u16)low, (u16)high};
	return accept_span(r, low, high);
}

static bool parse_cpus(const struct reading *r)
{
	u32 low;
	u32 high;

	if (!read_span(r->word->text, MAX_WORKER_CPUS - 1, &low, &high))
		return refuse_type(r);
	r->parsed->value.cpus = (struct cpu_range){(u16)low, (u16)high};
	return accept_span(r, low, high);
}

static const struct {
	bool (*parse)(const struct reading *reading);
	const char *expected; /* NULL: value_expected() makes it from the schema */
} types[TYPE_COUNT] = {
	[TYPE_NAME] = {parse_name, "a name of 1 to 63 letters, digits and . _ - / :"},
	[TYPE_TEXT] = {parse_text, "a text, in quotes if it has spaces"},
	[TYPE_HOST_NAME] = {parse_host_name, "a host name, such as gw1.example.net"},
	[TYPE_INTERFACE] = {parse_interface, "an interface, such as eth0 or eth0.0"},
	[TYPE_NUMBER] = {parse_number, NULL},
	[TYPE_KEYWORD] = {parse_keyword, NULL},
	[TYPE_PORTS] = {parse_ports, "a port from 0 to 65535, or LOW to HIGH"},
	[TYPE_PORT_SPAN] = {parse_port_span, "a port from 0 to 65535, or a range such as 5060-5070"},
	[TYPE_PREFIX] = {parse_prefix,
			 "an IPv4 or IPv6 address or prefix, such as 198.51.100.16/28"},
	[TYPE_ADDRESSES] = {parse_addresses, "a prefix such as 198.51.100.16/28, or LOW to HIGH"},
	[TYPE_PROTOCOL] = {parse_protocol,
			   "a protocol such as tcp, udp or icmp, or a number from 0 to 255"},
	[TYPE_APPLICATION] = {parse_name, "the name of an application"},
	[TYPE_CPUS] = {parse_cpus, "a CPU from 0 to 1023, or a range such as 2-5"},
};

bool value_may_be_range(enum value_type type)
{
	return type == TYPE_PORTS || type == TYPE_ADDRESSES;
}

bool value_parse(const struct schema *schema, const struct word *word, const struct word *to,
		 struct diagnostics *diagnostics, struct parsed_value *parsed)
{
	struct reading reading = {schema, word, to, diagnostics, parsed};

	parsed->value = (union value){0};
	return types[schema->type].parse(&reading);
}

/* The keywords that are supported; of a statement that is not enforced, all of them. */
static void expected_keywords(const struct schema *schema, struct text *text)
{
	const struct keyword *keyword;
	size_t count = 0;
	size_t place = 0;

	for (keyword = schema->keywords; keyword->word; keyword++)
		count += keyword->status <= schema->status;
	for (keyword = schema->keywords; keyword->word; keyword++)
		if (keyword->status <= schema->status)
			text_add(text, "%s'%s'", text_separator(place++, count), keyword->word);
}

void value_expected(const struct schema *schema, struct text *text)
{
	if (schema->type == TYPE_KEYWORD)
		expected_keywords(schema, text);
	else if (schema->type == TYPE_NUMBER)
		text_add(text, "a number%s%s from %u to %u", schema->unit ? " of " : "",
			 schema->unit ? schema->unit : "", schema->low, schema->high);
	else
		text_add(text, "%s", types[schema->type].expected);
}

u32 value_standard(const struct schema *schema)
{
	if (schema->type == TYPE_KEYWORD)
		return schema->standard ? keyword_of(schema, schema->standard)->value : 0;
	return (u32)strtoul(schema->standard, NULL, 10);
}
