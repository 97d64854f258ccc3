/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A packet generator, a sink, and the limit that a gateway is measured against.
 *
 * The generator runs as live frames (BPF_F_TEST_XDP_LIVE_FRAMES): the kernel gives it page after
 * page and sends what it redirects. The pages come back as they were left, so every header is
 * written each time. Packet n is UDP of flow first_flow + n % flows: a host for every 1,000
 * flows, from 10.64.0.0 on, and its source port. Ports of different hosts are spread alike over
 * the whole range, as those of real hosts are.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "abi/types.h"
#include "core/checksum.h"

enum { FLOWS_PER_HOST = 1000, FIRST_HOST = 0x0a400000, REMOTE_PORT = 9 };
enum { FIRST_PORT = 1024, PORTS = 64512, PORT_STEP = 61, HOST_STEP = 7919 };
_Static_assert((FLOWS_PER_HOST - 1) * PORT_STEP < PORTS, "a host has no port twice");
enum { PROTOCOL_UDP = 17 };

volatile const u32 out_ifindex;
volatile const u32 destination; /* network order */
volatile const struct link_addr link_to, link_from;

u32 flows;
u32 packets; /* to be sent */
u64 first_flow;
u64 sent;
u64 received;
u64 began_ns; /* when the first packet was made */
u64 ended_ns; /* when the last one was */

static __always_inline u16 header_checksum(const struct iphdr *ip)
{
	const u32 *words = (const u32 *)ip;
	u64 sum = 0;

	for (int i = 0; i < 5; i++)
		sum += words[i];
	return (u16)~checksum_fold(sum);
}

static __always_inline u16 source_port(u64 flow)
{
	u64 steps = flow % FLOWS_PER_HOST * PORT_STEP + flow / FLOWS_PER_HOST * HOST_STEP;

	return (u16)(FIRST_PORT + steps % PORTS);
}

struct generated {
	struct link_addr to, from;
	__be16 type;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

SEC("xdp")
int generate(struct xdp_md *context)
{
	struct generated *frame = (void *)(long)context->data;
	void *end = (void *)(long)context->data_end;
	u64 flow = first_flow + sent % flows;
	u16 bytes = (u16)(context->data_end - context->data);
	struct iphdr ip;

	if ((void *)(frame + 1) > end)
		return XDP_ABORTED;
	if (!sent)
		began_ns = bpf_ktime_get_ns();
	if (++sent == packets)
		ended_ns = bpf_ktime_get_ns();
	for (int i = 0; i < 3; i++) {
		frame->to.words[i] = link_to.words[i];
		frame->from.words[i] = link_from.words[i];
	}
	frame->type = bpf_htons(ETH_P_IP);
	ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(bytes - ETH_HLEN),
		.ttl = 64,
		.protocol = PROTOCOL_UDP,
		.saddr = bpf_htonl(FIRST_HOST + (u32)(flow / FLOWS_PER_HOST)),
		.daddr = destination,
	};
	ip.check = header_checksum(&ip);
	frame->ip = ip;
	frame->udp = (struct udphdr){
		.source = bpf_htons(source_port(flow)),
		.dest = bpf_htons(REMOTE_PORT),
		.len = bpf_htons(bytes - ETH_HLEN - sizeof(struct iphdr)),
	};
	return bpf_redirect(out_ifindex, 0);
}

/* Counts and drops IPv4; the rest (ARP, neighbour discovery) is for the host behind it. */
SEC("xdp")
int sink(struct xdp_md *context)
{
	const struct ethhdr *link = (void *)(long)context->data;

	if ((void *)(link + 1) > (void *)(long)context->data_end ||
	    link->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	__sync_fetch_and_add(&received, 1);
	return XDP_DROP;
}

volatile const u32 bare_ifindex;

/* What no gateway can be faster than. */
SEC("xdp")
int bare_redirect(struct xdp_md *context)
{
	(void)context;
	return bpf_redirect(bare_ifindex, 0);
}

char _license[] SEC("license") = "GPL"; /* or Apache-2.0, at your choice; see LICENSE */
