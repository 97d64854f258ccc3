/* SPDX-License-Identifier: Apache-2.0 */
#include "config/services.h"

#include "config/applications.h"

static const struct node *configured(const struct tree *tree, const char *name)
{
	const struct node *applications = node_at(tree->root, "applications");
	const struct node *node = node_entry(tree, applications, "application", name);

	return node && !node->inactive ? node : NULL;
}

static struct port_range ports_of(const struct node *node, const char *word)
{
	const struct node *ports = node_child(node, word);

	return ports ? ports->value.ports : (struct port_range){0, 65535};
}

/* Of a term, or of an application without terms. */
static struct service_match service_of(const struct node *node)
{
	const struct node *timeout = node_child(node, "inactivity-timeout");

	return (struct service_match){
		.protocol = (u8)node_number(node, "protocol"),
		.any_port = !node_child(node, "source-port") &&
			    !node_child(node, "destination-port"),
		.source = ports_of(node, "source-port"),
		.destination = ports_of(node, "destination-port"),
		.inactivity_timeout_s = timeout ? timeout->value.number : 0,
	};
}

struct listing {
	struct service_match *services;
	size_t room;
	size_t count;
};

static void list(struct listing *listing, struct service_match service)
{
	if (listing->count < listing->room)
		listing->services[listing->count] = service;
	listing->count++;
}

static void list_configured(struct listing *listing, const struct node *node)
{
	const struct node *term;

	if (node_child(node, "protocol"))
		list(listing, service_of(node));
	for_each_child(term, node, "term")
		if (node_child(term, "protocol"))
			list(listing, service_of(term));
}

size_t services_of(const struct tree *tree, const char *name, struct service_match *services,
		   size_t room)
{
	const struct application *application = application_find(name);
	const struct node *node = application ? NULL : configured(tree, name);
	struct listing listing = {.services = services, .room = room};

	for (; application; application = application_next(application))
		list(&listing, application_service(application));
	if (node)
		list_configured(&listing, node);
	return listing.count;
}
