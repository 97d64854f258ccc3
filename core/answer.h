/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A packet that a rule refuses is dropped, and its sender is told: the frame becomes an ICMP error,
 * "administratively prohibited", from the gateway's own address on the interface, and goes back
 * where it came from [RFC5508 REQ-8, RFC6888 REQ-11]. docs/packet-path.md, section 12.
 *
 *     link | IP packet          =>          link | IP | ICMP | the packet's first bytes
 *
 * INV-QUIET  no host and no flood of any number of hosts draws more than a bounded number of answers
 *            in a second. What would be too much is withheld and counted
 *
 * A window is a second and how many answers it has seen, in one word that changes as one. Who
 * loses a race for it withholds the answer.
 */
#ifndef CORE_ANSWER_H
#define CORE_ANSWER_H

#include "core/rules.h"
#include "core/siphash.h"
#include "core/sum.h"
#include "core/verdict.h"

enum {
	ANSWERS_PER_PLACE = 10, /* in a second; so are those in all */
	ANSWERS_IN_ALL = 1000,
	CALLERS_TOLD_PER_PLACE = 2, /* the same, of core/caller.h */
	CALLERS_TOLD_IN_ALL = 100,
	ANSWER_TTL = 64,
	ANSWER_IPV4_BYTES = 576, /* at most [RFC1812 section 4.3.2.3] */
	ANSWER_IPV6_BYTES = 1280,
	ANSWER_LINK_BYTES = ETH_HLEN + VLAN_TAGS * VLAN_TAG_BYTES, /* at most */
};

/* The first words of what is written. */
enum {
	ANSWER_IPV4_WORD = 0x45c00000,     /* internetwork control; the length is added */
	ANSWER_IPV4_DONT_FRAGMENT = 0x4000,
	ANSWER_IPV6_WORD = 0x60000000,
};

/* Type and code of an answer, as the first word of the ICMP message. */
struct answer_kind {
	u32 ipv4;
	u32 ipv6;
};

static const struct answer_kind answer_prohibited = {3 << 24 | 13 << 16, 1 << 24 | 1 << 16};

/* => true if the window has room for one more answer at the time, which it has then taken */
static __always_inline bool answer_take(u64 *window, u32 now_s, u32 limit)
{
	u64 seen = atomic_read(window);
	u64 next = (seen >> 32 < now_s ? (u64)now_s << 32 : seen) + 1;

	return (u32)next <= limit && atomic_replace(window, seen, next);
}

/* => the place of a host's window */
static __always_inline u32 answer_place(const struct control *control, const union ip_addr *host)
{
	struct siphash s;

	siphash_start(&s, control->port_key);
	siphash_word(&s, host->longs[0]);
	siphash_word(&s, host->longs[1]);
	return (u32)siphash_finish(&s, sizeof(*host)) % ANSWER_PLACES;
}

/* => true if the host may be told once more: neither it nor all have been told too often */
static __always_inline bool answer_is_due(const struct control *control,
					  struct answer_windows *windows,
					  const union ip_addr *host, u32 per_place, u32 in_all)
{
	u32 now_s = env_now_s(control);
	u64 place = answer_place(control, host);

	index_is_checked(place, ANSWER_PLACES);
	return answer_take(&windows->places[place], now_s, per_place) &&
	       answer_take(&windows->all, now_s, in_all);
}

static __always_inline void answer_count(enum answer_count what)
{
	struct packet_counters *row = env_packet_counters();

	if (row)
		atomic_write(&row->answers[what], row->answers[what] + 1);
}

/* The link header of the frame that was, in front of `grow` bytes; its addresses change places. */
static __always_inline bool answer_write_link(const env_frame *frame, u32 grow)
{
	const u16 *from = (const u16 *)packet_at(frame, grow, ANSWER_LINK_BYTES);
	u16 *to = (u16 *)packet_at(frame, 0, ANSWER_LINK_BYTES);

	if (!from || !to)
		return false;
	for (u32 i = 0; i < ANSWER_LINK_BYTES / 2; i++)
		to[i] = from[i < 3 ? i + 3 : i < 6 ? i - 3 : i];
	return true;
}

static __always_inline bool answer_write_ipv4(env_frame *frame, const struct packet *p,
					      const union ip_addr *from, u32 bytes, u32 kind)
{
	__be32 *ip = (__be32 *)packet_at(frame, p->link_bytes, IPV4_BYTES + ICMP_BYTES);
	u64 sum = 0;

	if (!ip)
		return false;
	ip[0] = network_u32(ANSWER_IPV4_WORD | bytes);
	ip[1] = network_u32(ANSWER_IPV4_DONT_FRAGMENT);
	ip[2] = network_u32(ANSWER_TTL << 24 | PROTOCOL_ICMP << 16);
	ip[3] = from->words[3];
	ip[4] = p->key.inside.words[3];
	for (u32 i = 0; i < IPV4_BYTES / 4; i++)
		sum += raw_u32(ip[i]);
	((u16 *)ip)[5] = (u16)~checksum_fold(sum);
	ip[5] = network_u32(kind);
	ip[6] = 0;
	return true;
}

static __always_inline bool answer_write_ipv6(env_frame *frame, const struct packet *p,
					      const union ip_addr *from, u32 bytes, u32 kind)
{
	__be32 *ip = (__be32 *)packet_at(frame, p->link_bytes, IPV6_BYTES + ICMP_BYTES);

	if (!ip)
		return false;
	ip[0] = network_u32(ANSWER_IPV6_WORD);
	ip[1] = network_u32((bytes - IPV6_BYTES) << 16 | PROTOCOL_ICMPV6 << 8 | ANSWER_TTL);
	__builtin_memcpy(&ip[2], from, sizeof(*from));
	__builtin_memcpy(&ip[6], &p->key.inside, sizeof(p->key.inside));
	ip[10] = network_u32(kind);
	ip[11] = 0;
	return true;
}

/* The checksum of an ICMP message of so many bytes at the offset, where it is 0 so far. */
static __always_inline bool answer_write_check(env_frame *frame, const struct packet *p,
					       const union ip_addr *from, u32 at, u32 bytes)
{
	u64 sum = frame_sum(frame, at, bytes);
	u16 *check = (u16 *)packet_at(frame, at + 2, sizeof(*check));

	if (!check)
		return false;
	if (p->key.family == FAMILY_IPV6)
		sum += ip_addr_sum(from) + ip_addr_sum(&p->key.inside) +
		       pseudo_header_sum(bytes, PROTOCOL_ICMPV6);
	*check = (u16)~checksum_fold(sum);
	return true;
}

/* Makes the frame its answer, from the address. => false if it does not become one */
static __always_inline bool answer_write(env_frame *frame, const struct packet *p,
					 const union ip_addr *from,
					 const struct answer_kind *kind)
{
	bool ipv4 = p->key.family == FAMILY_IPV4;
	u32 header_bytes = ipv4 ? IPV4_BYTES : IPV6_BYTES;
	u32 most = ipv4 ? ANSWER_IPV4_BYTES : ANSWER_IPV6_BYTES;
	u32 grow = header_bytes + ICMP_BYTES;
	u32 bytes = grow + p->length < most ? grow + p->length : most;

	return env_frame_resize(frame, grow, p->link_bytes + bytes) &&
	       answer_write_link(frame, grow) &&
	       (ipv4 ? answer_write_ipv4(frame, p, from, bytes, kind->ipv4)
		     : answer_write_ipv6(frame, p, from, bytes, kind->ipv6)) &&
	       answer_write_check(frame, p, from, p->link_bytes + header_bytes,
				  bytes - header_bytes);
}

/*
 * Makes a frame that was refused its answer, if the gateway has an address to answer from and has
 * not answered too often. => true if it is one now
 */
static __always_inline bool answer_refusal(env_frame *frame, const struct packet *p)
{
	struct control *control = env_control();
	const struct nat_config *config;
	const union ip_addr *from;

	if (!control)
		return false;
	config = env_config(p->half);
	if (!config)
		return false;
	from = &config->column_address[p->column % MAX_INTERFACES][p->key.family % FAMILY_COUNT];
	if (!from->longs[0] && !from->longs[1])
		return false;
	if (!answer_is_due(control, &control->answers, &p->key.inside, ANSWERS_PER_PLACE,
			   ANSWERS_IN_ALL)) {
		answer_count(ANSWERS_WITHHELD);
		return false;
	}
	if (!answer_write(frame, p, from, &answer_prohibited))
		return false;
	answer_count(ANSWERS_SENT);
	return true;
}

#endif
