/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a snapshot: nothing crashes, hangs or leaks. Whatever body is accepted is accepted
 * again as its sender would write it, and what compiles is read back as it was sent.
 *
 * It is put into its normal form and sealed first, or no changed snapshot would get anywhere; as it
 * came, it is tried too. The tables, and with them the ids in use, stay from input to input
 * as they do from commit to commit.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/snapshot.h"
#include "tests/env/test_env.h"
#include "tests/env/test_snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLOWS = 64 };

static struct tables *tables;
static struct network network;

static void start(void)
{
	if (tables)
		return;
	tables = test_env_start(FLOWS);
	test_network(&network);
}

static void expect(bool kept, const char *what, const struct error *error)
{
	if (kept)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, error->text);
	abort();
}

/* Port tables are 800 kB each, and nothing here looks at them. */
static int add_no_port_tables(void *context, const u32 *slots, u32 count, struct error *error)
{
	(void)context, (void)slots, (void)count, (void)error;
	return 0;
}

/* Modes and proxies are the kernel's to tell, not the tables'. */
static void take_what_is_not_in_tables(struct snapshot *from, struct snapshot *to)
{
	for (size_t i = 0; i < from->zone_count && i < to->zone_count; i++)
		for (size_t j = 0; j < from->zones[i].interface_count &&
				   j < to->zones[i].interface_count; j++)
			to->zones[i].interfaces[j].xdp_mode =
				from->zones[i].interfaces[j].xdp_mode;
	to->proxies = from->proxies;
	to->proxy_count = from->proxy_count;
	from->proxies = NULL;
	from->proxy_count = 0;
}

static void expect_read_back(const json_t *sent, struct snapshot *snapshot)
{
	struct snapshot read;
	struct error error = {""};
	json_t *got;

	expect(!readback_snapshot(tables, !tables_idle_half(tables), &network, &read, &error),
	       "reading back", &error);
	take_what_is_not_in_tables(snapshot, &read);
	got = snapshot_encode(&read, &error);
	expect(got, "writing what was read back", &error);
	expect(!snapshot_compare(sent, got, &error), "compared with what was sent", &error);
	json_decref(got);
	snapshot_free(&read);
}

/* => true, and packets read it, if it compiles */
static bool publish(const struct snapshot *snapshot)
{
	struct port_tables ports = {add_no_port_tables, NULL};
	struct error error;

	if (compile_snapshot(tables, snapshot, &network, &ports, &error))
		return false;
	tables->control->active_half = tables_idle_half(tables);
	return true;
}

static void try_as_it_came(json_t *json)
{
	struct snapshot snapshot;
	struct error error;

	if (!snapshot_decode(json, &snapshot, &error))
		(void)publish(&snapshot);
	snapshot_free(&snapshot);
}

/*
 * A body, as its sender would send it: in its normal form, and sealed. It may ask for what the
 * dataplane of its choice cannot do.
 */
static void try_sent(json_t *body)
{
	struct snapshot snapshot;
	struct error error;
	json_t *sent;
	int result;

	if (snapshot_decode_body(body, &snapshot, &error))
		return;
	snapshot_normalise(&snapshot);
	snapshot.generation = 7;
	snapshot.maximum_flows = FLOWS;
	sent = snapshot_encode(&snapshot, &error);
	expect(sent, "writing", &error);
	snapshot_free(&snapshot);
	result = snapshot_decode(sent, &snapshot, &error);
	expect(!result || result == -ENOTSUP, "what was written", &error);
	if (!result && publish(&snapshot))
		expect_read_back(sent, &snapshot);
	snapshot_free(&snapshot);
	json_decref(sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const around[] = {"version", "generation", "digest", "capabilities"};
	json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

	start();
	if (!json)
		return 0;
	try_as_it_came(json);
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++)
		(void)json_object_del(json, around[i]);
	try_sent(json);
	json_decref(json);
	return 0;
}
