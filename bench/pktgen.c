/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends UDP flows from one network namespace through a gateway into another, counts what arrives,
 * and prints one line of JSON for each line that it reads: "FLOWS FIRST_FLOW PACKETS". The seconds
 * are those between the first packet and the last; what the kernel needs to begin and to end is
 * not among them.
 *
 *     pktgen FROM_NS DEVICE GATEWAY_MAC DESTINATION SINK_NS SINK_DEVICE CPU BYTES [BARE_NS IN OUT]
 *
 * With BARE_NS, the gateway is a bare XDP_REDIRECT from IN to OUT.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "abi/types.h"
#include "bench/place.h"

/* Generated. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "pktgen.skel.h"
#pragma GCC diagnostic pop

enum { BATCH = 64, MAX_BYTES = 1514, SETTLE_MS = 20 };

static void die(const char *what)
{
	(void)fprintf(stderr, "pktgen: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int index_of(const char *device)
{
	int index = (int)if_nametoindex(device);

	if (!index)
		die(device);
	return index;
}

static void attach(const char *device, const struct bpf_program *program)
{
	if (bpf_xdp_attach(index_of(device), bpf_program__fd(program), XDP_FLAGS_DRV_MODE, NULL))
		die(device);
}

static void detach(const char *namespace, const char *device)
{
	place_enter_namespace(namespace);
	(void)bpf_xdp_detach(index_of(device), XDP_FLAGS_DRV_MODE, NULL);
}

static void parse_mac(const char *text, struct link_addr *link)
{
	unsigned int b[6];

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
		die(text);
	for (int i = 0; i < 6; i++)
		((u8 *)link)[i] = (u8)b[i];
}

static void own_mac(const char *device, struct link_addr *link)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		die(device);
	memcpy(link, request.ifr_hwaddr.sa_data, sizeof(*link));
	(void)close(fd);
}

static struct pktgen *load(char **argv, int argc)
{
	struct pktgen *pktgen = pktgen__open();
	struct link_addr link;
	struct in_addr destination;

	if (!pktgen || inet_pton(AF_INET, argv[4], &destination) != 1)
		die(argv[4]);
	place_enter_namespace(argv[1]);
	pktgen->rodata->out_ifindex = (u32)index_of(argv[2]);
	pktgen->rodata->destination = destination.s_addr;
	parse_mac(argv[3], &link);
	memcpy((void *)(uintptr_t)&pktgen->rodata->link_to, &link, sizeof(link));
	own_mac(argv[2], &link);
	memcpy((void *)(uintptr_t)&pktgen->rodata->link_from, &link, sizeof(link));
	if (argc == 12) {
		place_enter_namespace(argv[9]);
		pktgen->rodata->bare_ifindex = (u32)index_of(argv[11]);
	}
	if (pktgen__load(pktgen))
		die("loading");
	return pktgen;
}

static void measure(struct pktgen *pktgen, const char *device, u32 bytes, u32 packets)
{
	static u8 frame[MAX_BYTES];
	struct xdp_md context = {.data_end = bytes, .ingress_ifindex = (u32)index_of(device)};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = bytes,
		    .ctx_in = &context, .ctx_size_in = sizeof(context),
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .repeat = (int)packets,
		    .batch_size = BATCH);
	const struct timespec settle = {.tv_nsec = SETTLE_MS * 1000000};

	pktgen->bss->sent = pktgen->bss->received = 0;
	pktgen->bss->packets = packets;
	if (bpf_prog_test_run_opts(bpf_program__fd(pktgen->progs.generate), &options))
		die("test run");
	(void)nanosleep(&settle, NULL); /* what is in queues arrives, and is counted as received */
	(void)printf("{\"seconds\": %.6f, \"sent\": %llu, \"received\": %llu}\n",
		     (double)(pktgen->bss->ended_ns - pktgen->bss->began_ns) / 1e9,
		     pktgen->bss->sent, pktgen->bss->received);
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	struct pktgen *pktgen;
	u32 flows, packets;
	unsigned long long first;

	if (argc != 9 && argc != 12) {
		(void)fputs("usage: pktgen FROM_NS DEVICE GATEWAY_MAC DESTINATION SINK_NS "
			    "SINK_DEVICE CPU BYTES [BARE_NS IN OUT]\n",
			    stderr);
		return 2;
	}
	pktgen = load(argv, argc);
	if (argc == 12) {
		attach(argv[10], pktgen->progs.bare_redirect);
		attach(argv[11], pktgen->progs.bare_redirect);
	}
	place_enter_namespace(argv[5]);
	attach(argv[6], pktgen->progs.sink);
	place_enter_namespace(argv[1]);
	attach(argv[2], pktgen->progs.sink); /* a veth takes redirected frames then */
	place_use_cpu(argv[7]);
	while (scanf("%u %llu %u", &flows, &first, &packets) == 3) {
		pktgen->bss->flows = flows;
		pktgen->bss->first_flow = first;
		measure(pktgen, argv[2], (u32)atoi(argv[8]), packets);
	}
	detach(argv[1], argv[2]);
	detach(argv[5], argv[6]);
	if (argc == 12) {
		detach(argv[9], argv[10]);
		detach(argv[9], argv[11]);
	}
	pktgen__destroy(pktgen);
	return 0;
}
