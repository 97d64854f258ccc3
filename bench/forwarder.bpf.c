/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Hands every IPv4 frame to the socket of bench/forwarder.c; the rest (ARP, neighbour discovery) is
 * the kernel's.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

SEC("xdp")
int hand_over(struct xdp_md *context)
{
	const struct ethhdr *link = (void *)(long)context->data;

	if ((void *)(link + 1) > (void *)(long)context->data_end ||
	    link->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	return (int)bpf_redirect_map(&sockets, 0, XDP_DROP);
}

char _license[] SEC("license") = "GPL"; /* or Apache-2.0, at your choice; see LICENSE */
