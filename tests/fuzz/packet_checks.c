/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/packet_checks.h"

#include <string.h>

#include "core/verdict.h"

enum { ETHERNET = 14, TAG = 4, QUOTE = 8 };

/* Where things are in a frame that was translated, and so can be read. */
struct layout {
	u32 ip;
	u32 transport;
	u32 end; /* of the packet */
	u8 protocol;
	bool ipv6;
	bool later; /* a fragment with an offset: what stands where a header would is none */
};

static u32 word(const u8 *frame, u32 at)
{
	return (u32)frame[at] << 8 | frame[at + 1];
}

static bool is_extension(u8 protocol)
{
	return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 60;
}

static void lay_out_ipv6(const u8 *frame, struct layout *l)
{
	l->protocol = frame[l->ip + 6];
	l->transport = l->ip + 40;
	l->later = false;
	while (is_extension(l->protocol) && l->transport + 8 <= l->end) {
		u32 units = l->protocol == 44 ? 1 : frame[l->transport + 1] + 1u;

		if (l->protocol == 44)
			l->later = l->later || word(frame, l->transport + 2) >= 8;
		l->protocol = frame[l->transport];
		l->transport += 8 * units;
		if (l->later)
			return;
	}
}

/* A packet at l->ip that ends at l->end at the latest. */
static void lay_out_packet(const u8 *frame, struct layout *l)
{
	l->ipv6 = frame[l->ip] >> 4 == 6;
	if (l->ipv6) {
		lay_out_ipv6(frame, l);
		return;
	}
	l->transport = l->ip + (frame[l->ip] & 15) * 4u;
	l->later = word(frame, l->ip + 6) & 0x1fff;
	l->protocol = frame[l->ip + 9];
}

static void lay_out_frame(const u8 *frame, struct layout *l)
{
	l->ip = ETHERNET;
	while (word(frame, l->ip - 2) == 0x8100 || word(frame, l->ip - 2) == 0x88a8)
		l->ip += TAG;
	if (frame[l->ip] >> 4 == 6)
		l->end = l->ip + 40 + word(frame, l->ip + 4);
	else
		l->end = l->ip + word(frame, l->ip + 2);
	lay_out_packet(frame, l);
}

/* => the sum of 16-bit words modulo 65535; an odd byte at the end counts as a high one */
static u32 sum(const u8 *frame, u32 from, u32 to)
{
	u64 total = 0;

	for (u32 at = from; at + 1 < to; at += 2)
		total += word(frame, at);
	if ((to - from) % 2)
		total += (u64)frame[to - 1] << 8;
	return (u32)(total % 65535);
}

static u32 addresses_sum(const u8 *frame, const struct layout *l)
{
	return l->ipv6 ? sum(frame, l->ip + 8, l->ip + 40) : sum(frame, l->ip + 12, l->ip + 20);
}

/* => the offset of the transport checksum, 0 if there is none or not all of it */
static u32 checksum_at(const u8 *frame, const struct layout *l)
{
	u32 at = l->transport + (l->protocol == 6 ? 16 : l->protocol == 17 ? 6 : 2);

	if (at + 2 > l->end || (l->protocol == 17 && !word(frame, at)))
		return 0;
	return at;
}

/* => what the checksum covers, itself included, as a sum: 0 if right, else how wrong it is */
static u32 transport_sum(const u8 *frame, const struct layout *l)
{
	bool covers_addresses = l->protocol != 1;

	return (sum(frame, l->transport, l->end) +
		(covers_addresses ? addresses_sum(frame, l) : 0)) % 65535;
}

static bool is_tunnel(u32 protocol)
{
	return protocol == 47 || protocol == 50;
}

/* The length and protocol of a pseudo-header do not change, so they are left out of the sums. */
static const char *check_packet(const struct judged *j, const struct layout *l)
{
	u32 at = checksum_at(j->before, l);

	if (!l->ipv6 && sum(j->before, l->ip, l->transport) != sum(j->after, l->ip, l->transport))
		return "the IPv4 header checksum did not follow";
	if (l->later || is_tunnel(l->protocol))
		return memcmp(j->before + l->transport, j->after + l->transport,
			      l->end - l->transport)
			       ? "what a later fragment or a tunnel carries was changed"
			       : NULL;
	if (!at)
		return l->protocol == 17 && l->transport + 8 <= l->end &&
				       word(j->after, l->transport + 6)
			       ? "a UDP checksum appeared where there was none"
			       : NULL;
	if (l->protocol == 17 && !word(j->after, at))
		return "a UDP checksum became 0";
	if (transport_sum(j->before, l) != transport_sum(j->after, l))
		return "the transport checksum did not follow";
	return NULL;
}

static bool is_error(const u8 *frame, const struct layout *l)
{
	u8 type = frame[l->transport];

	if (l->protocol == 58)
		return l->ipv6 && type >= 1 && type <= 4;
	return l->protocol == 1 && !l->ipv6 && (type == 3 || type == 11 || type == 12);
}

static const char *check_checksums(const struct judged *j)
{
	struct layout outer = {0}, inner = {0};
	const char *wrong;

	lay_out_frame(j->before, &outer);
	wrong = check_packet(j, &outer);
	if (wrong || outer.later || !is_error(j->before, &outer))
		return wrong;
	inner.ip = outer.transport + QUOTE;
	inner.end = outer.end;
	lay_out_packet(j->before, &inner);
	return check_packet(j, &inner) ? "a checksum in the quoted packet did not follow" : NULL;
}

static union ip_addr address_at(const u8 *frame, bool ipv6, u32 at)
{
	union ip_addr address = {.words = {0, 0, __builtin_bswap32(0xffff), 0}};

	if (ipv6)
		memcpy(&address, frame + at, 16);
	else
		memcpy(&address.words[3], frame + at, 4);
	return address;
}

static union ip_addr source_of(const u8 *frame, const struct layout *l)
{
	return address_at(frame, l->ipv6, l->ip + (l->ipv6 ? 8 : 12));
}

static union ip_addr destination_of(const u8 *frame, const struct layout *l)
{
	return address_at(frame, l->ipv6, l->ip + (l->ipv6 ? 24 : 16));
}

static bool is_nat_address(const struct packet_policy *policy, union ip_addr address)
{
	for (u32 i = 0; i < policy->nat_address_count; i++)
		if (!memcmp(&policy->nat_addresses[i], &address, sizeof(address)))
			return true;
	return false;
}

/* What is said of a packet that comes in agrees with where it comes from. */
static const char *check_hairpin(const struct judged *j, bool from_nat_address)
{
	if (j->action != VERDICT_FORWARD || (j->reason == REASON_hairpinned) == from_nat_address)
		return NULL;
	return from_nat_address ? "comes in from a NAT address" : "hairpinned from somewhere else";
}

/*
 * Of a translated packet: one end was a NAT address or is one now, never neither; both only if it
 * is hairpinned.
 */
static const char *check_addresses(const struct packet_policy *policy, const struct judged *j)
{
	struct layout l = {0};
	bool inward;

	lay_out_frame(j->before, &l);
	inward = is_nat_address(policy, destination_of(j->before, &l));
	if (!inward && !is_nat_address(policy, source_of(j->after, &l)))
		return "leaves with an inside source";
	if (inward && is_nat_address(policy, destination_of(j->after, &l)))
		return "comes in for a NAT address";
	return inward ? check_hairpin(j, is_nat_address(policy, source_of(j->after, &l))) : NULL;
}

/* One less if it is forwarded; the kernel counts down itself what it is handed. */
static const char *check_hops(const struct judged *j)
{
	struct layout l = {0};
	u32 at;

	lay_out_frame(j->before, &l);
	at = l.ip + (l.ipv6 ? 7 : 8);
	return j->before[at] == j->after[at] + (j->action == VERDICT_FORWARD)
		       ? NULL
		       : "TTL or hop limit is not what it should be";
}

/* Of a packet that the kernel gets as it came: no rule that translates owns it. */
static const char *check_let_by(const struct packet_policy *policy, const struct judged *j)
{
	union ip_addr source, destination;
	struct layout l = {0};

	if (memcmp(j->before, j->after, j->length))
		return "changed, but not translated";
	if (!j->from_inside || (j->reason != REASON_no_rule && j->reason != REASON_rule_off))
		return NULL;
	lay_out_frame(j->before, &l);
	source = source_of(j->before, &l);
	destination = destination_of(j->before, &l);
	return policy->owns(&source, &destination) ? "let by, though a rule owns it" : NULL;
}

/* An ICMP error, back to the sender, that begins with what it sent; with nothing behind it. */
static const char *check_answer(const struct judged *j)
{
	union ip_addr sender, receiver;
	struct layout before, after;
	u32 quote;

	lay_out_frame(j->before, &before);
	lay_out_frame(j->after, &after);
	if (j->length_after != after.end || !is_error(j->after, &after))
		return "answered by what is no ICMP error";
	sender = source_of(j->before, &before);
	receiver = destination_of(j->after, &after);
	if (memcmp(&sender, &receiver, sizeof(sender)) || memcmp(j->before + 6, j->after, 6) ||
	    memcmp(j->before, j->after + 6, 6))
		return "answered to somebody else";
	if ((!after.ipv6 && sum(j->after, after.ip, after.transport)) ||
	    (transport_sum(j->after, &after) +
	     (after.ipv6 ? after.end - after.transport + after.protocol : 0)) % 65535)
		return "answered with a wrong checksum";
	quote = after.transport + QUOTE;
	return memcmp(j->before + before.ip, j->after + quote, after.end - quote)
		       ? "answered without what was sent"
		       : NULL;
}

static const char *check_reason(const struct judged *j)
{
	bool kernel = j->reason >= REASON_not_ip && j->reason < REASON_FIRST_DROP;
	bool drop = j->reason >= REASON_FIRST_DROP && j->reason < REASON_COUNT;

	switch (j->action) {
	case VERDICT_FORWARD:
		return kernel || drop || !j->ifindex ? "forwarded for a reason that is none" : NULL;
	case VERDICT_HELD:
		return NULL;
	case VERDICT_ANSWER:
	case VERDICT_DROP:
		return drop ? NULL : "dropped for a reason that is none";
	default:
		return kernel ? NULL : "handed to the kernel for a reason that is none";
	}
}

const char *packet_check(const struct packet_policy *policy, const struct judged *j)
{
	const char *wrong = check_reason(j);

	if (wrong || j->action == VERDICT_DROP)
		return wrong;
	if (j->action == VERDICT_HELD)
		return memcmp(j->before, j->after, j->length) ? "held, but changed" : NULL;
	if (j->action == VERDICT_ANSWER)
		return check_answer(j);
	if (j->action == VERDICT_KERNEL)
		return check_let_by(policy, j);
	wrong = check_addresses(policy, j);
	return wrong ? wrong : packet_check_local(j);
}

const char *packet_check_local(const struct judged *j)
{
	const char *wrong = check_hops(j);

	return wrong ? wrong : check_checksums(j);
}
