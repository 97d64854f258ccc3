/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the dataplanes need of the kernel's own path: the first and the last on zone interfaces, the
 * second on the uplink.
 *
 * holdfast_handover, on the way in: a packet that XDP has translated, but whose next hop's
 * address the kernel does not know yet, comes up with its egress interface in its metadata. It
 * is sent there as the kernel sends: the neighbour is resolved and the packet waits for it.
 * Going through the kernel's forwarding instead would make it depend on reverse-path filters
 * and firewall rules that were written for untranslated sources.
 *
 * holdfast_uplink, for what a worker hands to the kernel: it goes on as if XDP had passed it on the
 * interface where it arrived, or to a neighbour, as above. The note says which.
 *
 * holdfast_egress, on the way out: ICMP errors that the kernel sends about packets which were
 * translated for it quote the inside host, and are translated here; those about a later fragment
 * are dropped. Everything else passes.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

typedef struct __sk_buff env_frame;

#include "core/nat.h"

#include "bpf/clock_reading.h"
#include "bpf/handover.h"

/*
 * Where the frame begins is a pointer that looks like 32 bits, so compilers copy it as such, if they
 * keep it for long; BPF's verifier then takes it for a number.
 */
#define frame_is_looked_at_anew() __asm__ volatile("" ::: "memory")

/* Sends a translated packet as the kernel sends: it waits until the neighbour is known. */
static __always_inline int send_to_neighbour(struct __sk_buff *frame, u32 ifindex)
{
	struct packet packet;

	if (bpf_skb_pull_data(frame, 0))
		return TC_ACT_SHOT;
	__builtin_memset(&packet, 0, sizeof(packet));
	if (packet_parse_link(frame, &packet) != NO_REASON ||
	    packet_parse_ip(frame, &packet) != NO_REASON)
		return TC_ACT_SHOT;
	frame_is_looked_at_anew();
	if (!rewrite_ttl(frame, &packet))
		return TC_ACT_SHOT;
	return (int)bpf_redirect_neigh(ifindex, NULL, 0, 0);
}

SEC("tc")
int holdfast_handover(struct __sk_buff *frame)
{
	const struct handover *note = (void *)(long)frame->data_meta;

	if ((void *)(note + 1) > (void *)(long)frame->data || note->magic != HANDOVER_MAGIC)
		return TC_ACT_OK;
	return send_to_neighbour(frame, note->ifindex);
}

SEC("tc")
int holdfast_uplink(struct __sk_buff *frame)
{
	struct uplink_note note;
	u32 length = frame->len;

	if (length <= sizeof(note) ||
	    bpf_skb_load_bytes(frame, length - sizeof(note), &note, sizeof(note)) ||
	    note.magic != HANDOVER_MAGIC || bpf_skb_change_tail(frame, length - sizeof(note), 0))
		return TC_ACT_SHOT;
	if (note.ifindex)
		return send_to_neighbour(frame, note.ifindex);
	return (int)bpf_redirect(note.in_ifindex, BPF_F_INGRESS);
}

SEC("tc")
int holdfast_egress(struct __sk_buff *frame)
{
	/* Only what the gateway itself has made. */
	if (frame->ingress_ifindex)
		return TC_ACT_OK;
	if (!bpf_skb_pull_data(frame, 0) && nat_local_packet(frame) == LOCAL_DROPPED)
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

/* For holdfast-dp, which wants to know how jiffies and the monotonic clock belong together. */
SEC("syscall")
int holdfast_clock(struct clock_reading *reading)
{
	reading->jiffies = bpf_jiffies64();
	reading->monotonic_ns = bpf_ktime_get_ns();
	return 0;
}

char _license[] SEC("license") = "GPL"; /* or Apache-2.0, at your choice; see LICENSE */
