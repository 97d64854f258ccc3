/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/parity/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ADDRESSES_BYTES = 2 * ETH_ALEN, /* in front of a VLAN tag */
	TAG_BYTES = 4,
	GROUP_BIT = 1, /* of the first byte */
};

static void open_end(struct wire_end *end, const struct network_interface *interface)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	*end = (struct wire_end){.ifindex = interface->ifindex,
				 .fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
	(void)snprintf(end->name, sizeof(end->name), "%s", interface->name);
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface->name);
	if (end->fd < 0 || ioctl(end->fd, TUNSETIFF, &request))
		kernel_run_give_up(interface->name, strerror(errno));
	if (if_nametoindex(interface->name) != interface->ifindex)
		kernel_run_give_up(interface->name, "its index is not the scenario's");
}

static void set_option(int fd, int option)
{
	const int on = 1;

	if (setsockopt(fd, SOL_PACKET, option, &on, sizeof(on)))
		kernel_run_give_up("packet socket", strerror(errno));
}

static int open_packet_socket(void)
{
	const struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		kernel_run_give_up("packet socket", strerror(errno));
	set_option(fd, PACKET_IGNORE_OUTGOING);
	set_option(fd, PACKET_AUXDATA);
	if (bind(fd, (const struct sockaddr *)&all, sizeof(all)))
		kernel_run_give_up("packet socket", strerror(errno));
	return fd;
}

void wire_open(struct wire *wire, const struct network *network)
{
	wire->end_count = 0;
	for (size_t i = 0; i < network->interface_count; i++) {
		if (wire->end_count == RUN_INTERFACES)
			kernel_run_give_up("interfaces", "too many");
		open_end(&wire->ends[wire->end_count++], &network->interfaces[i]);
	}
	wire->handed = open_packet_socket();
}

void wire_close(struct wire *wire)
{
	for (u32 i = 0; i < wire->end_count; i++)
		(void)close(wire->ends[i].fd);
	(void)close(wire->handed);
}

static const struct wire_end *end_of(const struct wire *wire, u32 ifindex)
{
	for (u32 i = 0; i < wire->end_count; i++)
		if (wire->ends[i].ifindex == ifindex)
			return &wire->ends[i];
	kernel_run_give_up("trace", "a packet for an interface that is not the scenario's");
}

void wire_send(const struct wire *wire, u32 ifindex, const u8 *frame, u16 bytes)
{
	if (write(end_of(wire, ifindex)->fd, frame, bytes) != bytes)
		kernel_run_give_up("sending a frame", strerror(errno));
}

/* Catching. */

/* What the kernel itself says to its neighbours is not of the trace. */
static bool catch_sent(const struct wire_end *end, struct caught *caught)
{
	ssize_t bytes;

	do
		bytes = read(end->fd, caught->frame, sizeof(caught->frame));
	while (bytes > 0 && caught->frame[0] & GROUP_BIT);
	if (bytes < 0 && errno != EAGAIN)
		kernel_run_give_up(end->name, strerror(errno));
	caught->bytes = bytes > 0 ? (size_t)bytes : 0;
	caught->ifindex = end->ifindex;
	caught->sent = true;
	return bytes > 0;
}

/* The kernel takes the first VLAN tag out of a frame that it is handed. */
static void put_tag_back(struct caught *caught, const struct tpacket_auxdata *told)
{
	const __be16 tag[] = {htons(told->tp_vlan_tpid), htons(told->tp_vlan_tci)};

	memmove(caught->frame + ADDRESSES_BYTES + TAG_BYTES, caught->frame + ADDRESSES_BYTES,
		caught->bytes - ADDRESSES_BYTES);
	memcpy(caught->frame + ADDRESSES_BYTES, tag, sizeof(tag));
	caught->bytes += TAG_BYTES;
}

static void restore(struct caught *caught, struct msghdr *message)
{
	struct tpacket_auxdata told;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&told, CMSG_DATA(c), sizeof(told));
		if (told.tp_status & TP_STATUS_VLAN_VALID)
			put_tag_back(caught, &told);
	}
}

static bool catch_handed(const struct wire *wire, struct caught *caught)
{
	struct sockaddr_ll from = {0};
	u8 room[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct iovec part = {caught->frame, sizeof(caught->frame) - TAG_BYTES};
	struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part,
				 .msg_iovlen = 1, .msg_control = room,
				 .msg_controllen = sizeof(room)};
	ssize_t bytes = recvmsg(wire->handed, &message, 0);

	if (bytes < 0 && errno != EAGAIN)
		kernel_run_give_up("packet socket", strerror(errno));
	if (bytes < ETH_HLEN)
		return false;
	caught->bytes = (size_t)bytes;
	caught->ifindex = (u32)from.sll_ifindex;
	caught->sent = false;
	restore(caught, &message);
	return true;
}

static bool catch_ready(const struct wire *wire, const struct pollfd *polls, struct caught *caught)
{
	for (u32 i = 0; i < wire->end_count; i++)
		if (polls[i].revents && catch_sent(&wire->ends[i], caught))
			return true;
	return polls[wire->end_count].revents && catch_handed(wire, caught);
}

bool wire_catch(const struct wire *wire, int wait_ms, struct caught *caught)
{
	struct pollfd polls[RUN_INTERFACES + 1];

	for (u32 i = 0; i < wire->end_count; i++)
		polls[i] = (struct pollfd){.fd = wire->ends[i].fd, .events = POLLIN};
	polls[wire->end_count] = (struct pollfd){.fd = wire->handed, .events = POLLIN};
	while (poll(polls, wire->end_count + 1, wait_ms) > 0)
		if (catch_ready(wire, polls, caught))
			return true;
	return false;
}

u64 wire_passed(const struct wire *wire, u32 ifindex)
{
	const struct wire_end *end = end_of(wire, ifindex);
	FILE *file = fopen("/proc/thread-self/net/dev", "re");
	char line[512], name[64];
	unsigned long long packets;

	if (!file)
		kernel_run_give_up("/proc/thread-self/net/dev", strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " %63[^:]: %*u %llu", name, &packets) == 2 &&
		    !strcmp(name, end->name)) {
			(void)fclose(file);
			return packets;
		}
	kernel_run_give_up(end->name, "the kernel does not list it");
}
