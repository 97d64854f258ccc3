/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/kernel_ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/ports.h"
#include "dataplane/address.h"

enum { TRANSPORTS = 2 }; /* TCP and UDP, as in enum port_protocol */

/* A port that a socket is bound to. */
struct bound {
	union ip_addr address; /* all zero: every address */
	u16 port;
	u8 transport;
};

struct sockets {
	struct bound *list;
	size_t count;
	u8 transport; /* of the dump under way */
	int result;
};

static bool address_is_any(const union ip_addr *address)
{
	return !address->longs[0] &&
	       (!address->longs[1] || (ip_addr_family(address) == FAMILY_IPV4 &&
				       !address->words[3]));
}

static int collect_socket(const struct nlmsghdr *header, void *context)
{
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);
	struct sockets *sockets = context;
	struct bound bound = {.port = ntohs(message->id.idiag_sport),
			      .transport = sockets->transport};
	struct bound *grown;

	if (message->idiag_family == AF_INET) {
		bound.address.words[2] = htonl(0xffff);
		bound.address.words[3] = message->id.idiag_src[0];
	} else {
		memcpy(&bound.address, message->id.idiag_src, sizeof(bound.address));
	}
	grown = reallocarray(sockets->list, sockets->count + 1, sizeof(*grown));
	if (!grown) {
		sockets->result = -ENOMEM;
		return MNL_CB_STOP;
	}
	if (address_is_any(&bound.address))
		memset(&bound.address, 0, sizeof(bound.address));
	sockets->list = grown;
	grown[sockets->count++] = bound;
	return MNL_CB_OK;
}

static int dump_sockets(struct mnl_socket *socket, u8 family, u8 protocol,
			struct sockets *sockets)
{
	char buffer[32768];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request;
	ssize_t bytes;
	int result;

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	request->sdiag_family = family;
	request->sdiag_protocol = protocol;
	request->idiag_states = ~0u;
	if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
		return -errno;
	do {
		bytes = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (bytes < 0)
			return -errno;
		result = mnl_cb_run(buffer, (size_t)bytes, 0, 0, collect_socket, sockets);
	} while (result == MNL_CB_OK);
	return result < 0 ? -errno : sockets->result;
}

static int collect_sockets(struct sockets *sockets, struct error *error)
{
	static const u8 protocols[TRANSPORTS] = {IPPROTO_TCP, IPPROTO_UDP};
	static const u8 families[] = {AF_INET, AF_INET6};
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	int result = 0;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID))
		result = -errno;
	for (u32 i = 0; !result && i < TRANSPORTS * sizeof(families); i++) {
		sockets->transport = (u8)(i / sizeof(families));
		result = dump_sockets(socket, families[i % sizeof(families)],
				      protocols[sockets->transport], sockets);
	}
	if (socket)
		(void)mnl_socket_close(socket);
	return result ? error_set_errno(error, -result, "asking the kernel for its sockets") : 0;
}

static void read_ephemeral_range(struct port_range *range)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	unsigned int low = 32768, high = 60999;

	if (file && fscanf(file, "%u %u", &low, &high) != 2)
		low = 32768, high = 60999;
	if (file)
		(void)fclose(file);
	*range = (struct port_range){(u16)low, (u16)high};
}

/* Which ports of one transport the kernel uses on an address. */
static void mark_ports(const struct sockets *sockets, const struct port_range *ephemeral,
		       const union ip_addr *address, u8 transport, bool used[PORTS_PER_SPACE])
{
	memset(used, 0, PORTS_PER_SPACE * sizeof(used[0]));
	for (u32 port = ephemeral->low; port <= ephemeral->high; port++)
		used[port] = true;
	for (size_t i = 0; i < sockets->count; i++) {
		const struct bound *bound = &sockets->list[i];

		if (bound->transport == transport &&
		    (address_is_any(&bound->address) ||
		     !memcmp(&bound->address, address, sizeof(*address))))
			used[bound->port] = true;
	}
}

static void update_space(struct port_space *space, const bool used[PORTS_PER_SPACE])
{
	for (u32 port = 0; port < PORTS_PER_SPACE; port++) {
		if (used[port])
			(void)ports_reserve(space, (u16)port);
		else
			ports_unreserve(space, (u16)port);
	}
}

/* One address: the ports that its sockets use, or none when it is not the gateway's (any more). */
static void update_address(struct address_entry *entry, struct address_ports *ports, bool local,
			   const struct sockets *sockets, const struct port_range *ephemeral)
{
	bool used[PORTS_PER_SPACE] = {false};

	if (!local && !entry->has_kernel)
		return;
	for (u32 transport = 0; transport < TRANSPORTS; transport++) {
		if (local)
			mark_ports(sockets, ephemeral, &entry->address, (u8)transport, used);
		update_space(&ports->spaces[transport], used);
	}
	entry->has_kernel = local;
}

int kernel_ports_update(struct tables *tables, const struct network *network, struct error *error)
{
	struct sockets sockets = {0};
	struct port_range ephemeral;
	int result = collect_sockets(&sockets, error);

	read_ephemeral_range(&ephemeral);
	for (u32 slot = 0; !result && slot < MAX_ADDRESS_SLOTS; slot++) {
		struct address_entry *entry = &tables->control->addresses.slots[slot];

		if (tables->ports[slot])
			update_address(entry, tables->ports[slot],
				       network_is_local(network, &entry->address), &sockets,
				       &ephemeral);
	}
	free(sockets.list);
	return result;
}
