/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast explain: from words to a question, and the answer to the session.
 */
#include "cli/explain.h"
#include "cli/print.h"
#include "cli/run.h"
#include "cli/value.h"
#include "config/config.h"
#include "core/packet.h"
#include "dataplane/netlink.h"
#include "dataplane/snapshot.h"

static void read_open_values(const struct arguments *a, struct explain_question *q)
{
	const char *protocol = a->values[ARGUMENT_PROTOCOL];
	const char *source_port = a->values[ARGUMENT_SOURCE_PORT];
	const char *destination_port = a->values[ARGUMENT_DESTINATION_PORT];

	q->has_protocol = protocol != NULL;
	q->has_source_port = source_port != NULL;
	q->has_destination_port = destination_port != NULL;
	if (protocol)
		q->protocol = value_protocol(protocol);
	if (source_port)
		q->source_port = (u16)value_number(source_port);
	if (destination_port)
		q->destination_port = (u16)value_number(destination_port);
}

static enum status read_question(const struct session *session, const struct arguments *a,
				 struct explain_question *q)
{
	const char *destination = a->values[ARGUMENT_DESTINATION];
	enum ip_family family;

	*q = (struct explain_question){
		.from_zone = a->values[ARGUMENT_FROM_ZONE],
		.from_interface = a->values[ARGUMENT_FROM_INTERFACE],
		.to_zone = a->values[ARGUMENT_TO_ZONE],
		.to_interface = a->values[ARGUMENT_TO_INTERFACE],
		.has_destination = destination != NULL,
	};
	value_address(a->values[ARGUMENT_SOURCE], &q->source, &q->family);
	read_open_values(a, q);
	if ((q->has_source_port || q->has_destination_port) && q->has_protocol &&
	    q->protocol != PROTOCOL_TCP && q->protocol != PROTOCOL_UDP)
		return session_fail(session, "protocol %s has no ports for rules; expected tcp or "
					     "udp with a port", a->values[ARGUMENT_PROTOCOL]);
	if (!destination)
		return STATUS_OK;
	value_address(destination, &q->destination, &family);
	if (family != q->family)
		return session_fail(session, "source %s and destination %s; expected two addresses "
					     "of the same family", a->values[ARGUMENT_SOURCE],
				    destination);
	return STATUS_OK;
}

static int read_network(struct network *network, struct error *error)
{
	struct netlink *netlink;
	int result = netlink_open(&netlink, error);

	*network = (struct network){0};
	if (result)
		return result;
	result = netlink_read_network(netlink, network, error);
	netlink_close(netlink);
	return result;
}

static json_t *answer(struct snapshot *snapshot, const struct explain_question *question,
		      struct error *error)
{
	struct network network;
	json_t *json;

	if (read_network(&network, error))
		return NULL;
	json = explain(snapshot, &network, question, error);
	network_free(&network);
	return json;
}

static enum status explain_config(const struct session *session, const struct config *config,
				  const struct explain_question *question)
{
	struct snapshot snapshot;
	struct error error;
	enum status status = STATUS_OK;
	json_t *json;

	if (config_to_snapshot(config, &snapshot))
		return session_fail(session, "out of memory");
	json = answer(&snapshot, question, &error);
	if (!json)
		status = session_fail(session, "%s", error.text);
	else if (session->json)
		status = print_json(session->out, json);
	else
		explain_print(json, session->out);
	json_decref(json);
	snapshot_free(&snapshot);
	return status;
}

enum status run_explain(struct session *session, const struct arguments *arguments)
{
	struct diagnostics diagnostics = {0};
	struct explain_question question;
	enum status status = read_question(session, arguments, &question);
	struct config *config = NULL;

	if (status != STATUS_OK)
		return status;
	if (config_load(arguments->values[ARGUMENT_CONFIG], &diagnostics, &config))
		status = STATUS_FAILED;
	diagnostics_print(&diagnostics, session->err);
	if (config)
		status = explain_config(session, config, &question);
	config_free(config);
	diagnostics_free(&diagnostics);
	return status;
}
