/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applications of the configuration's own, and the names by which rules ask for applications.
 */
#include <netinet/in.h>
#include <string.h>

#include "config/applications.h"
#include "config/checking.h"
#include "config/services.h"
#include "config/suggest.h"

enum { LAST_WELL_KNOWN_PORT = 1023 };

bool checking_application_is_used(const struct checking *c, const char *application)
{
	const struct node *rule_set;
	const struct node *rule;
	const struct node *name;

	for_each_child(rule_set, c->source, "rule-set")
		for_each_child(rule, rule_set, "rule")
			for_each_child(name, node_child(rule, "match"), "application")
				if (!strcmp(name->text, application))
					return true;
	return false;
}

static void suggest_application(const struct node *applications, const char *name,
				struct text *text)
{
	struct suggestions suggestions;
	const struct node *application;

	suggest_begin(&suggestions, name);
	application_candidates(&suggestions);
	for_each_child(application, applications, "application")
		suggest_candidate(&suggestions, application->text);
	suggest_write(&suggestions, text);
}

void checking_application_name(struct checking *c, const struct node *name)
{
	const struct application *predefined = application_find(name->text);
	const struct node *applications = node_at(c->tree->root, "applications");
	const struct node *own = node_entry(c->tree, applications, "application", name->text);
	struct text hint = {0};

	if (predefined && predefined->not_enforced)
		diagnostics_error(c->diagnostics, name->at,
				  "'application %s' is not enforced by this version yet: %s",
				  name->text, predefined->not_enforced);
	if (predefined || !strcmp(name->text, APPLICATION_ANY))
		return;
	if (own && own->inactive)
		diagnostics_error(c->diagnostics, name->at,
				  "application '%s' is inactive; expected one that is in force",
				  name->text);
	if (own || (applications && applications->lost_statement))
		return;
	suggest_application(applications, name->text, &hint);
	diagnostics_error(c->diagnostics, name->at,
			  "there is no application '%s'; expected a predefined one such as "
			  "junos-https, one of 'applications', or any%s",
			  name->text, hint.bytes);
}

static bool has_ports(u32 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static void check_ports(struct checking *c, const struct node *node, const struct node *protocol)
{
	static const char *const words[] = {"source-port", "destination-port"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct node *ports = node_child(node, words[i]);

		if (ports && !has_ports(protocol->value.number))
			diagnostics_error(c->diagnostics, ports->at,
					  "protocol %s has no '%s'; expected tcp or udp",
					  protocol->text, words[i]);
	}
}

/* [RFC4787 REQ-5a] Well-known ports may have shorter timers. */
static bool is_well_known(const struct node *node)
{
	const struct node *ports = node_child(node, "destination-port");

	return ports && ports->value.ports.high <= LAST_WELL_KNOWN_PORT;
}

/* => the timer of the protocol, which says what is advised; NULL: nothing is */
static const struct schema *timer_of(const struct node *node, u32 protocol)
{
	const struct schema *flow = schema_find(schema_find(&schema_root, "security"), "flow");

	if (protocol == IPPROTO_TCP)
		return schema_find(schema_find(flow, "tcp-session"), "established-timeout");
	if (protocol == IPPROTO_UDP)
		return is_well_known(node) ? NULL
					   : schema_find(schema_find(flow, "udp-session"), "timeout");
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return schema_find(schema_find(flow, "icmp-session"), "timeout");
	return NULL;
}

static void check_timeout(struct checking *c, const struct node *node, u32 protocol)
{
	const struct node *timeout = node_child(node, "inactivity-timeout");
	const struct schema *timer = timer_of(node, protocol);

	if (timeout && timer && timeout->value.number < timer->advised)
		diagnostics_warning(c->diagnostics, timeout->at,
				    "'%s %s' is less than the %u %s that %s demands",
				    timeout->schema->word, timeout->text, timer->advised,
				    timer->unit, timer->advised_by);
}

/* A term, or an application without terms. */
static void check_service(struct checking *c, const struct node *node)
{
	const struct node *protocol = node_child(node, "protocol");
	struct text title = {0};

	if (protocol) {
		check_ports(c, node, protocol);
		check_timeout(c, node, protocol->value.number);
		return;
	}
	if (checking_is_damaged(node))
		return;
	node_title(node, &title);
	diagnostics_error(c->diagnostics, node->at, "%s is not complete; expected 'protocol PROTOCOL'",
			  title.bytes);
}

/* As in Junos: what has terms says all of it in them. */
static void check_terms(struct checking *c, const struct node *application)
{
	static const char *const words[] = {"protocol", "source-port", "destination-port",
					    "inactivity-timeout"};
	const struct node *term = node_child(application, "term");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct node *other = node_child(application, words[i]);

		if (other)
			diagnostics_error(c->diagnostics, other->at,
					  "'%s' stands beside 'term' (line %u); expected it in "
					  "the terms",
					  words[i], term->at.line);
	}
	for (; term; term = node_next(term))
		check_service(c, term);
}

static void check_name(struct checking *c, const struct node *application)
{
	if (application_find(application->text) || !strcmp(application->text, APPLICATION_ANY))
		diagnostics_error(c->diagnostics, application->at,
				  "application '%s' is a predefined one; expected another name",
				  application->text);
	else if (!checking_application_is_used(c, application->text) &&
		 !(c->source && checking_is_damaged(c->source)))
		diagnostics_warning(c->diagnostics, application->at,
				    "application '%s' is not used by any rule", application->text);
}

void check_applications(struct checking *c)
{
	const struct node *application;
	size_t count = 0;

	for_each_child(application, node_at(c->tree->root, "applications"), "application") {
		checking_count(c, &count, MAX_APPLICATIONS, application, "applications");
		check_name(c, application);
		if (node_child(application, "term"))
			check_terms(c, application);
		else
			check_service(c, application);
	}
}
