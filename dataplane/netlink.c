/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "dataplane/netlink_private.h"

/* Marks what is ours, so that a later process can tell: a number that nobody else uses. */
enum { HOLDFAST_PROTOCOL = 72 };

struct netlink {
	struct mnl_socket *socket;
	u32 port;
	u32 sequence;
};

int netlink_open(struct netlink **netlink, struct error *error)
{
	struct netlink *new = calloc(1, sizeof(*new));

	if (!new)
		return error_set(error, ENOMEM, "out of memory");
	new->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!new->socket || mnl_socket_bind(new->socket, 0, MNL_SOCKET_AUTOPID)) {
		(void)error_set_errno(error, errno, "opening a netlink socket");
		netlink_close(new);
		return -EIO;
	}
	new->port = mnl_socket_get_portid(new->socket);
	new->sequence = (u32)time(NULL);
	*netlink = new;
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (!netlink)
		return;
	if (netlink->socket)
		(void)mnl_socket_close(netlink->socket);
	free(netlink);
}

static struct nlmsghdr *netlink_request(struct netlink *netlink, void *buffer, u16 type, u16 flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	header->nlmsg_type = type;
	header->nlmsg_flags = (u16)(NLM_F_REQUEST | flags);
	header->nlmsg_seq = ++netlink->sequence;
	return header;
}

/* Sends a request and hands every answer to `visit`. => 0 or a negative errno */
static int netlink_exchange(struct netlink *netlink, struct nlmsghdr *header, mnl_cb_t visit,
			    void *context)
{
	char buffer[32768];
	ssize_t bytes;
	int result;

	if (mnl_socket_sendto(netlink->socket, header, header->nlmsg_len) < 0)
		return -errno;
	do {
		bytes = mnl_socket_recvfrom(netlink->socket, buffer, sizeof(buffer));
		if (bytes < 0)
			return -errno;
		result = mnl_cb_run(buffer, (size_t)bytes, netlink->sequence, netlink->port, visit,
				    context);
	} while (result == MNL_CB_OK);
	return result < 0 ? -errno : 0;
}

static union ip_addr address_of_attribute(const struct nlattr *attribute, u8 family)
{
	union ip_addr address = {.words = {0, 0, htonl(0xffff), 0}};

	if (family == AF_INET)
		memcpy(&address.words[3], mnl_attr_get_payload(attribute), 4);
	else
		memcpy(&address, mnl_attr_get_payload(attribute), 16);
	return address;
}

static bool attribute_holds_address(const struct nlattr *attribute, u8 family)
{
	return attribute && mnl_attr_get_payload_len(attribute) == (family == AF_INET ? 4 : 16);
}

struct attributes {
	const struct nlattr *by_type[64];
};

static int collect_attribute(const struct nlattr *attribute, void *context)
{
	struct attributes *attributes = context;
	u16 type = mnl_attr_get_type(attribute);

	if (type < sizeof(attributes->by_type) / sizeof(attributes->by_type[0]))
		attributes->by_type[type] = attribute;
	return MNL_CB_OK;
}

/* Interfaces and addresses. */

struct network_reader {
	struct network *network;
	int result;
};

static int read_link(const struct nlmsghdr *header, void *context)
{
	struct network_reader *reader = context;
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(header);
	struct attributes attributes = {{0}};
	struct link_addr ethernet = {{0}};
	const struct nlattr *address;

	(void)mnl_attr_parse(header, sizeof(*link), collect_attribute, &attributes);
	address = attributes.by_type[IFLA_ADDRESS];
	if (address && mnl_attr_get_payload_len(address) == sizeof(ethernet))
		memcpy(&ethernet, mnl_attr_get_payload(address), sizeof(ethernet));
	if (attributes.by_type[IFLA_IFNAME] && !reader->result)
		reader->result = network_add_interface(
			reader->network, (u32)link->ifi_index,
			mnl_attr_get_str(attributes.by_type[IFLA_IFNAME]), &ethernet);
	return MNL_CB_OK;
}

static int read_address(const struct nlmsghdr *header, void *context)
{
	struct network_reader *reader = context;
	const struct ifaddrmsg *message = mnl_nlmsg_get_payload(header);
	struct attributes attributes = {{0}};
	struct network_address address = {.ifindex = message->ifa_index};
	const struct nlattr *local;
	u32 flags = message->ifa_flags;

	if (message->ifa_family != AF_INET && message->ifa_family != AF_INET6)
		return MNL_CB_OK;
	(void)mnl_attr_parse(header, sizeof(*message), collect_attribute, &attributes);
	local = attributes.by_type[IFA_LOCAL];
	if (!local)
		local = attributes.by_type[IFA_ADDRESS];
	if (!attribute_holds_address(local, message->ifa_family) || reader->result)
		return MNL_CB_OK;
	if (attributes.by_type[IFA_FLAGS])
		flags = mnl_attr_get_u32(attributes.by_type[IFA_FLAGS]);
	address.family = message->ifa_family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
	address.address = address_of_attribute(local, message->ifa_family);
	address.for_nat = message->ifa_scope == RT_SCOPE_UNIVERSE &&
			  !(flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED));
	if (address.family == FAMILY_IPV6 && (flags & IFA_F_TEMPORARY))
		address.for_nat = false;
	reader->result = network_add_address(reader->network, &address);
	return MNL_CB_OK;
}

static int read_dump(struct netlink *netlink, u16 type, mnl_cb_t visit,
		     struct network_reader *reader)
{
	char buffer[256];
	struct nlmsghdr *header = netlink_request(netlink, buffer, type, NLM_F_DUMP);
	struct rtgenmsg *general = mnl_nlmsg_put_extra_header(header, sizeof(struct ifinfomsg));
	int result;

	general->rtgen_family = AF_UNSPEC;
	result = netlink_exchange(netlink, header, visit, reader);
	return result ? result : reader->result;
}

int netlink_read_network(struct netlink *netlink, struct network *network, struct error *error)
{
	struct network_reader reader = {.network = network};
	int result = read_dump(netlink, RTM_GETLINK, read_link, &reader);

	if (!result)
		result = read_dump(netlink, RTM_GETADDR, read_address, &reader);
	if (!result)
		return 0;
	network_free(network);
	return error_set_errno(error, -result, "asking the kernel for interfaces and addresses");
}

/* Neighbours. */

bool netlink_parse_neighbour(const struct nlmsghdr *header, struct netlink_neighbour *neighbour)
{
	const struct ndmsg *message = mnl_nlmsg_get_payload(header);
	struct attributes attributes = {{0}};
	const struct nlattr *link;

	if (message->ndm_family != AF_INET && message->ndm_family != AF_INET6)
		return false;
	(void)mnl_attr_parse(header, sizeof(*message), collect_attribute, &attributes);
	if (!attribute_holds_address(attributes.by_type[NDA_DST], message->ndm_family))
		return false;
	*neighbour = (struct netlink_neighbour){
		.ifindex = (u32)message->ndm_ifindex,
		.family = message->ndm_family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6,
		.address = address_of_attribute(attributes.by_type[NDA_DST], message->ndm_family),
		.proxy = message->ndm_flags & NTF_PROXY,
		.state = message->ndm_state,
	};
	neighbour->ours = attributes.by_type[NDA_PROTOCOL] &&
			  mnl_attr_get_u8(attributes.by_type[NDA_PROTOCOL]) == HOLDFAST_PROTOCOL;
	link = attributes.by_type[NDA_LLADDR];
	if (link && mnl_attr_get_payload_len(link) == sizeof(neighbour->link)) {
		memcpy(&neighbour->link, mnl_attr_get_payload(link), sizeof(neighbour->link));
		neighbour->has_link = true;
	}
	return true;
}

struct neighbour_reader {
	netlink_visit_neighbour *visit;
	void *context;
	int result;
};

static int read_neighbour(const struct nlmsghdr *header, void *context)
{
	struct neighbour_reader *reader = context;
	struct netlink_neighbour neighbour;

	if (!reader->result && netlink_parse_neighbour(header, &neighbour))
		reader->result = reader->visit(&neighbour, reader->context);
	return MNL_CB_OK;
}

int netlink_neighbours(struct netlink *netlink, bool proxies, netlink_visit_neighbour *visit,
		       void *context, struct error *error)
{
	struct neighbour_reader reader = {.visit = visit, .context = context};
	char buffer[256];
	struct nlmsghdr *header = netlink_request(netlink, buffer, RTM_GETNEIGH, NLM_F_DUMP);
	struct ndmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
	int result;

	message->ndm_flags = proxies ? NTF_PROXY : 0;
	result = netlink_exchange(netlink, header, read_neighbour, &reader);
	if (result)
		return error_set_errno(error, -result, "asking the kernel for neighbours");
	return reader.result;
}

static void put_address(struct nlmsghdr *header, u16 type, enum ip_family family,
			const union ip_addr *address)
{
	if (family == FAMILY_IPV4)
		mnl_attr_put(header, type, 4, &address->words[3]);
	else
		mnl_attr_put(header, type, 16, address);
}

static int netlink_command(struct netlink *netlink, struct nlmsghdr *header)
{
	return netlink_exchange(netlink, header, NULL, NULL);
}

static struct nlmsghdr *neighbour_request(struct netlink *netlink, void *buffer, u16 type,
					  u16 flags, u32 ifindex, enum ip_family family,
					  const union ip_addr *address, u8 neighbour_flags)
{
	struct nlmsghdr *header =
		netlink_request(netlink, buffer, type, (u16)(NLM_F_ACK | flags));
	struct ndmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));

	message->ndm_family = family == FAMILY_IPV4 ? AF_INET : AF_INET6;
	message->ndm_ifindex = (int)ifindex;
	message->ndm_flags = neighbour_flags;
	put_address(header, NDA_DST, family, address);
	if (neighbour_flags & NTF_PROXY)
		mnl_attr_put_u8(header, NDA_PROTOCOL, HOLDFAST_PROTOCOL);
	return header;
}

int netlink_set_proxy(struct netlink *netlink, u32 ifindex, enum ip_family family,
		      const union ip_addr *address, bool add, struct error *error)
{
	char buffer[256];
	int result = netlink_command(
		netlink, neighbour_request(netlink, buffer, add ? RTM_NEWNEIGH : RTM_DELNEIGH,
					   add ? NLM_F_CREATE | NLM_F_REPLACE : 0, ifindex, family,
					   address, NTF_PROXY));

	if (!add && result == -ENOENT)
		return 0;
	return result ? error_set_errno(error, -result, "%s a proxy neighbour entry",
					add ? "adding" : "removing")
		      : 0;
}

int netlink_use_neighbour(struct netlink *netlink, const struct netlink_neighbour *neighbour,
			  struct error *error)
{
	char buffer[256];
	int result = netlink_command(
		netlink, neighbour_request(netlink, buffer, RTM_NEWNEIGH, NLM_F_REPLACE,
					   neighbour->ifindex, neighbour->family,
					   &neighbour->address, NTF_USE));

	return result ? error_set_errno(error, -result, "probing a neighbour") : 0;
}

static int set_host_route(struct netlink *netlink, u16 type, u16 flags, u32 ifindex,
			  const union ip_addr *address)
{
	char buffer[256];
	struct nlmsghdr *header =
		netlink_request(netlink, buffer, type, (u16)(NLM_F_ACK | flags));
	struct rtmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));

	message->rtm_family = AF_INET;
	message->rtm_dst_len = 32;
	message->rtm_table = RT_TABLE_MAIN;
	message->rtm_protocol = HOLDFAST_PROTOCOL;
	message->rtm_scope = RT_SCOPE_LINK;
	message->rtm_type = RTN_UNICAST;
	mnl_attr_put(header, RTA_DST, 4, &address->words[3]);
	if (ifindex)
		mnl_attr_put_u32(header, RTA_OIF, ifindex);
	return netlink_command(netlink, header);
}

int netlink_add_host_route(struct netlink *netlink, u32 ifindex, const union ip_addr *address,
			   struct error *error)
{
	int result = set_host_route(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, ifindex,
				    address);

	return result ? error_set_errno(error, -result, "adding a host route") : 0;
}

int netlink_remove_host_route(struct netlink *netlink, const union ip_addr *address,
			      struct error *error)
{
	int result = set_host_route(netlink, RTM_DELROUTE, 0, 0, address);

	if (result == -ESRCH)
		return 0;
	return result ? error_set_errno(error, -result, "removing a host route") : 0;
}
