/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/env/test_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/snapshot.h"
#include "tests/env/test_env.h"

static const char body[] =
	"{'dataplane':'ebpf','workers':{'cpus':[2,3,1023],'busy_poll':true},'parity_sample':1000,"
	"'port_randomization':true,'port_hold_down':77,'maximum_flows':64,"
	"'timeouts':{'tcp_opening':241,'tcp_established':7441,'tcp_closing':242,'udp':301,'icmp':61,'gre':1801,'esp':1802},"
	"'tcp':{'syn_check':false,'mss':1352},"
	"'zones':[{'name':'lan','interfaces':[{'name':'eth0','xdp_mode':'native'},"
	"                                     {'name':'eth2','xdp_mode':'native'}]},"
	"         {'name':'wan','interfaces':[{'name':'eth1','xdp_mode':'native'}]},"
	"         {'name':'empty','interfaces':[]}],"
	"'pools':[{'name':'p','addresses':[{'low':'198.51.100.16','high':'198.51.100.19'},"
	"           {'low':'198.51.100.30','high':'198.51.100.30'},"
	"           {'low':'2001:db8:64::1','high':'2001:db8:64::4'}],"
	"          'port_low':1024,'port_high':65535,"
	"          'address_persistent':true,'algorithm':'userspace-v1',"
	"          'port_translation':true,'host_address_base':null,'preserve_parity':true,'preserve_range':false,"
	"          'alarm_raise':85,'alarm_clear':70,'overflow':'pool','overflow_pool':'r'},"
	"         {'name':'q','addresses':[{'low':'198.51.100.19','high':'198.51.100.20'}],"
	"          'port_low':2000,'port_high':4001,"
	"          'address_persistent':true,'algorithm':'ebpf-legacy',"
	"          'port_translation':true,'host_address_base':null,'preserve_parity':false,'preserve_range':true,"
	"          'alarm_raise':0,'alarm_clear':0,'overflow':'interface','overflow_pool':null},"
	"         {'name':'r','addresses':[{'low':'192.0.2.1','high':'192.0.2.1'}],"
	"          'port_low':5000,'port_high':5000,"
	"          'address_persistent':false,'algorithm':null,"
	"          'port_translation':true,'host_address_base':null,'preserve_parity':false,'preserve_range':false,"
	"          'alarm_raise':100,'alarm_clear':40,'overflow':null,'overflow_pool':null}],"
	"'rule_sets':[{'name':'out','from':{'kind':'zone','names':['lan','empty']},"
	"  'to':{'kind':'zone','names':['wan']},'rules':["
	"   {'name':'none','source_addresses':['10.1.0.0/16','2001:db8:1::/48'],"
	"    'destination_addresses':['0.0.0.0/0','::/0'],'source_ports':[],"
	"    'destination_ports':[],'protocols':[],'applications':[],'action':'off','pool':null,"
	"    'persistent_nat':null,'alarm_raise':0,'alarm_clear':0},"
	"   {'name':'some','source_addresses':[],'destination_addresses':['203.0.113.0/24'],"
	"    'source_ports':[{'low':1,'high':1023}],"
	"    'destination_ports':[{'low':80,'high':80},{'low':443,'high':444}],"
	"    'protocols':[6,17,132],'applications':[],'action':'pool','pool':'p',"
	"    'persistent_nat':null,'alarm_raise':0,'alarm_clear':0},"
	"   {'name':'apps','source_addresses':[],'destination_addresses':[],'source_ports':[],"
	"    'destination_ports':[],'protocols':[],'applications':["
	"     {'name':'junos-http','protocol':6,'any_port':false,"
	"      'source_ports':{'low':0,'high':65535},'destination_ports':{'low':80,'high':80},"
	"      'inactivity_timeout':1800},"
	"     {'name':'junos-gre','protocol':47,'any_port':true,"
	"      'source_ports':{'low':0,'high':65535},'destination_ports':{'low':0,'high':65535},"
	"      'inactivity_timeout':0}],"
	"    'action':'pool','pool':'q','persistent_nat':{'permit':'target-host-port',"
	"     'inactivity_timeout':7200,'maximum_flows':65536},"
	"    'alarm_raise':4294967295,'alarm_clear':7},"
	"   {'name':'rest','source_addresses':[],'destination_addresses':[],'source_ports':[],"
	"    'destination_ports':[],'protocols':[],'applications':[],"
	"    'action':'interface','pool':null,'persistent_nat':{'permit':'any-remote-host',"
	"     'inactivity_timeout':61,'maximum_flows':8},'alarm_raise':0,'alarm_clear':0}]},"
	" {'name':'special','from':{'kind':'interface','names':['eth2']},"
	"  'to':{'kind':'zone','names':['wan']},'rules':["
	"   {'name':'all','source_addresses':[],'destination_addresses':[],'source_ports':[],"
	"    'destination_ports':[],'protocols':[],'applications':[],'action':'pool','pool':'r',"
	"    'persistent_nat':null,'alarm_raise':0,'alarm_clear':0}]}],"
	"'proxies':[{'interface':'eth1','low':'198.51.100.16','high':'198.51.100.19'}]}";

json_t *test_snapshot_parse(const char *text)
{
	char *copy = strdup(text);
	json_error_t where;
	json_t *json;

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	json = json_loads(copy, 0, &where);
	if (!json) {
		(void)fprintf(stderr, "test snapshot: %s at byte %d of: %s\n", where.text,
			      where.position, text);
		abort();
	}
	free(copy);
	return json;
}

/* Takes the envelope off, if there is one. */
static void open_envelope(json_t *json)
{
	json_object_del(json, "version");
	json_object_del(json, "generation");
	json_object_del(json, "digest");
	json_object_del(json, "capabilities");
}

json_t *test_snapshot_seal(json_t *json)
{
	struct snapshot snapshot;
	struct error error;
	json_t *sealed;

	open_envelope(json);
	if (snapshot_decode_body(json, &snapshot, &error)) {
		(void)fprintf(stderr, "test snapshot: %s\n", error.text);
		abort();
	}
	snapshot.generation = 7;
	sealed = snapshot_encode(&snapshot, &error);
	snapshot_free(&snapshot);
	json_decref(json);
	return sealed;
}

json_t *test_snapshot_body(void)
{
	return test_snapshot_parse(body);
}

json_t *test_snapshot_json(void)
{
	return test_snapshot_seal(test_snapshot_body());
}

void test_network(struct network *network)
{
	struct network_address addresses[] = {
		{4, FAMILY_IPV4, test_addr("192.0.2.1"), true},
		{4, FAMILY_IPV6, test_addr("fe80::1"), false},
		{4, FAMILY_IPV6, test_addr("2001:db8:f::1"), true},
	};

	*network = (struct network){0};
	for (u32 i = 0; i < 4; i++) {
		char name[] = {'e', 't', 'h', (char)('0' + i), '\0'};

		struct link_addr link = {{2, 0, (__be16)(3 + i)}};

		if (network_add_interface(network, 3 + i, name, &link))
			abort();
	}
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		if (network_add_address(network, &addresses[i]))
			abort();
}

static int test_port_tables_add(void *context, const u32 *slots, u32 count, struct error *error)
{
	struct tables *tables = context;

	(void)error;
	for (u32 i = 0; i < count; i++) {
		union ip_addr address = tables->control->addresses.slots[slots[i]].address;

		test_env_add_address(tables, slots[i], &address);
	}
	return 0;
}

struct port_tables test_port_tables_of(struct tables *tables)
{
	return (struct port_tables){test_port_tables_add, tables};
}
