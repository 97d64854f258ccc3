/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zones and the interfaces in them.
 */
#include "config/checking.h"

static const struct node *interface_in(const struct checking *c, const struct node *zone,
				       const char *name)
{
	const struct node *interfaces = node_child(zone, "interfaces");
	const struct node *interface = node_entry(c->tree, interfaces, "interface", name);

	return interface && !interface->inactive ? interface : NULL;
}

const struct node *checking_zone_interface(const struct checking *c, const char *name)
{
	const struct node *zone;

	for_each_child(zone, c->zones, "security-zone") {
		const struct node *interface = interface_in(c, zone, name);

		if (interface)
			return interface;
	}
	return NULL;
}

void checking_need_zone(struct checking *c, const struct node *interface)
{
	if (!checking_zone_interface(c, interface->text) &&
	    !(c->zones && checking_is_damaged(c->zones)))
		diagnostics_error(c->diagnostics, interface->at,
				  "interface '%s' is in no zone; expected one of a security-zone",
				  interface->text);
}

static const char *zone_of(const struct node *interface)
{
	return interface->parent->parent->text;
}

static void check_zone_interface(struct checking *c, const struct node *interface)
{
	const struct node *first = checking_zone_interface(c, interface->text);

	if (first != interface)
		diagnostics_error(
			c->diagnostics, interface->at,
			"interface '%s' is in zone '%s' already (line %u); expected it in "
			"one zone",
			interface->text, zone_of(first), first->at.line);
}

static void check_settings(struct checking *c)
{
	const struct node *interface;

	for_each_child(interface, node_child(c->tree->root, "interfaces"), "interface")
		if (!checking_zone_interface(c, interface->text))
			diagnostics_warning(c->diagnostics, interface->at,
					    "interface '%s' is in no zone, so its settings have no "
					    "effect",
					    interface->text);
}

void check_zones(struct checking *c)
{
	size_t zone_count = 0;
	size_t interface_count = 0;
	const struct node *zone;
	const struct node *interface;

	for_each_child(zone, c->zones, "security-zone") {
		checking_count(c, &zone_count, MAX_ZONES, zone, "zones");
		for_each_child(interface, node_child(zone, "interfaces"), "interface") {
			checking_count(c, &interface_count, MAX_INTERFACES - 1, interface,
				       "interfaces in zones");
			check_zone_interface(c, interface);
		}
	}
	check_settings(c);
}
