/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain_way.h"

#include <errno.h>
#include <string.h>

#include "config/suggest.h"
#include "core/rules.h"

/* One end of the way, as the question says it. */
struct side {
	const char *word; /* "from" or "to" */
	const char *zone; /* NULL: any */
	const char *interface;
};

struct choice {
	const struct tables *tables;
	const struct nat_config *config;
	struct side from;
	struct side to;
};

static u32 zone_of(const struct nat_config *config, u32 column)
{
	const struct nat_interface *interface =
		interface_find(config, config->column_ifindex[column % MAX_INTERFACES]);

	return interface ? interface->zone : ID_NONE;
}

static const char *zone_name(const struct choice *c, u32 zone)
{
	return c->tables->names->zones[zone % MAX_ZONE_IDS].names[0];
}

/* eth0 and eth0.0 are the same. */
static bool is_interface(const char *said, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(said, name, length) && (!said[length] || !strcmp(said + length, ".0"));
}

static bool side_fits(const struct choice *c, const struct side *side, u32 column)
{
	if (side->interface && !is_interface(side->interface, c->config->column_name[column]))
		return false;
	return !side->zone || !strcmp(side->zone, zone_name(c, zone_of(c->config, column)));
}

/* Adds "; did you mean ...?" for what the zones or interfaces are called. */
static void suggest_names(const struct choice *c, const char *word, bool zones, struct text *text)
{
	u32 count = zones ? c->config->zone_count : c->config->interface_count;
	struct suggestions suggestions;

	suggest_begin(&suggestions, word);
	for (u32 i = 0; i < count; i++) {
		const char *name = zones ? zone_name(c, c->config->zones[i])
					 : c->config->column_name[i + 1];

		text_add(text, "%s%s", text_separator(i, count), name);
		suggest_candidate(&suggestions, name);
	}
	suggest_write(&suggestions, text);
}

static int refuse_name(const struct choice *c, const struct side *side, bool zone,
		       struct error *error)
{
	const char *name = zone ? side->zone : side->interface;
	struct text known = {0};

	suggest_names(c, name, zone, &known);
	return error_set(error, EINVAL, "--%s-%s %s: there is no such %s; expected %s", side->word,
			 zone ? "zone" : "interface", name, zone ? "zone" : "interface in a zone",
			 known.bytes);
}

static bool is_zone(const struct choice *c, const char *name)
{
	for (u32 i = 0; i < c->config->zone_count; i++)
		if (!strcmp(zone_name(c, c->config->zones[i]), name))
			return true;
	return false;
}

/* A name must be there, and some interface must fit. */
static int check_side(const struct choice *c, const struct side *side, struct error *error)
{
	bool has_interface = !side->interface;

	if (side->zone && !is_zone(c, side->zone))
		return refuse_name(c, side, true, error);
	for (u32 column = 1; column <= c->config->interface_count; column++) {
		if (side_fits(c, side, column))
			return 0;
		has_interface |= side->interface && is_interface(side->interface,
								 c->config->column_name[column]);
	}
	if (!has_interface)
		return refuse_name(c, side, false, error);
	if (side->interface)
		return error_set(error, EINVAL, "interface %s is not in zone %s", side->interface,
				 side->zone);
	return error_set(error, EINVAL, "%s%s has no interface; expected one with an interface",
			 side->zone ? "zone " : "the configuration", side->zone ? side->zone : "");
}

/* `bare`: ways without a rule-set count as well. */
static bool way_fits(const struct choice *c, u32 in, u32 out, bool bare)
{
	return side_fits(c, &c->from, in) && side_fits(c, &c->to, out) &&
	       (c->config->rule_set_of[in][out] || bare);
}

static void take_way(const struct choice *c, u32 in, u32 out, struct explain_way *way)
{
	*way = (struct explain_way){
		.ingress = in,
		.egress = out,
		.one_ingress = true,
		.one_egress = true,
		.from_zone = zone_of(c->config, in),
		.to_zone = zone_of(c->config, out),
		.rule_set = c->config->rule_set_of[in][out],
	};
}

/* Another way that fits: what it does not share is no longer one. */
static void merge_way(const struct choice *c, u32 in, u32 out, struct explain_way *way)
{
	way->one_ingress &= way->ingress == in;
	way->one_egress &= way->egress == out;
	if (way->from_zone != zone_of(c->config, in))
		way->from_zone = ID_NONE;
	if (way->to_zone != zone_of(c->config, out))
		way->to_zone = ID_NONE;
}

static void add_way(const struct choice *c, u32 in, u32 out, u32 count, struct text *text)
{
	const struct nat_config *config = c->config;
	u32 set = config->rule_set_of[in][out];

	text_add(text, "%s%s (%s) to %s (%s): %s%s", count ? "; " : "",
		 zone_name(c, zone_of(config, in)), config->column_name[in],
		 zone_name(c, zone_of(config, out)), config->column_name[out],
		 set ? "rule-set " : "no rule-set",
		 set ? c->tables->names->rule_sets[config->rule_sets[set - 1].name].names[0] : "");
}

/* Names a way for each rule-set that could be meant. */
static int refuse_several(const struct choice *c, bool bare, struct error *error)
{
	bool named[MAX_RULE_SETS + 1] = {false};
	struct text ways = {0};
	u32 count = 0;

	for (u32 in = 1; in <= c->config->interface_count; in++) {
		for (u32 out = 1; out <= c->config->interface_count; out++) {
			u32 set = c->config->rule_set_of[in][out];

			if (!way_fits(c, in, out, bare) || named[set])
				continue;
			named[set] = true;
			add_way(c, in, out, count++, &ways);
		}
	}
	return error_set(error, EINVAL,
			 "more than one rule-set could judge the packet; expected --from-zone and "
			 "--to-zone, or --from-interface and --to-interface, for one of: %s",
			 ways.bytes);
}

/* => 0 and the way, if one fits; -EINVAL if those that fit do not lead to one rule-set */
static int unite_ways(const struct choice *c, bool bare, struct explain_way *way,
		      struct error *error)
{
	for (u32 in = 1; in <= c->config->interface_count; in++) {
		for (u32 out = 1; out <= c->config->interface_count; out++) {
			if (!way_fits(c, in, out, bare))
				continue;
			if (!way->ingress)
				take_way(c, in, out, way);
			else if (way->rule_set != c->config->rule_set_of[in][out])
				return refuse_several(c, bare, error);
			else
				merge_way(c, in, out, way);
		}
	}
	return 0;
}

int explain_choose_way(const struct tables *tables, const struct nat_config *config,
		       const struct explain_question *question, struct explain_way *way,
		       struct error *error)
{
	struct choice c = {
		tables,
		config,
		{"from", question->from_zone, question->from_interface},
		{"to", question->to_zone, question->to_interface},
	};
	bool said = (c.from.zone || c.from.interface) && (c.to.zone || c.to.interface);

	*way = (struct explain_way){0};
	if (check_side(&c, &c.from, error) || check_side(&c, &c.to, error) ||
	    unite_ways(&c, said, way, error))
		return -EINVAL;
	return way->ingress ? 0 : unite_ways(&c, true, way, error);
}
