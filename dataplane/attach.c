/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/attach.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* Generated. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "ask.skel.h"
#include "tc.skel.h"
#include "xdp.skel.h"
#pragma GCC diagnostic pop

enum { TC_HANDLE = 1, TC_PRIORITY = 0x4846 };

struct attached {
	u32 ifindex;
	int link; /* fd */
};

struct attach {
	struct holdfast_xdp *xdp;
	struct holdfast_tc *tc;
	struct holdfast_ask *ask;
	char directory[PATH_MAX / 2];
	struct attached attached[MAX_INTERFACES];
	u32 count;
};

static void link_path(const struct attach *attach, u32 ifindex, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s/link_%u", attach->directory, ifindex);
}

static int load_programs(struct attach *attach, const struct state *state, struct error *error)
{
	int result;

	attach->xdp = holdfast_xdp__open();
	attach->tc = holdfast_tc__open();
	attach->ask = holdfast_ask__open();
	if (!attach->xdp || !attach->tc || !attach->ask)
		return error_set_errno(error, errno, "opening the BPF programs");
	result = state_lend_maps(state, attach->xdp->obj, error);
	if (!result)
		result = state_lend_maps(state, attach->tc->obj, error);
	if (!result)
		result = state_lend_maps(state, attach->ask->obj, error);
	if (result)
		return result;
	result = holdfast_xdp__load(attach->xdp);
	if (!result)
		result = holdfast_tc__load(attach->tc);
	if (!result)
		result = holdfast_ask__load(attach->ask);
	return result ? error_set_errno(error, -result, "loading the BPF programs") : 0;
}

/* => the interface of a link; 0 if it has gone */
static u32 link_ifindex(int link)
{
	struct bpf_link_info info = {0};
	u32 bytes = sizeof(info);

	return bpf_obj_get_info_by_fd(link, &info, &bytes) ? 0 : info.xdp.ifindex;
}

static int attach_tc(struct bpf_program *program, u32 ifindex, enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = TC_PRIORITY,
		    .prog_fd = bpf_program__fd(program), .flags = BPF_TC_F_REPLACE);
	int result = bpf_tc_hook_create(&hook);

	return result && result != -EEXIST ? result : bpf_tc_attach(&hook, &options);
}

static void detach_tc(u32 ifindex, enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = TC_PRIORITY);

	(void)bpf_tc_detach(&hook, &options);
}

static int attach_kernel_path(const struct attach *attach, u32 ifindex, struct error *error)
{
	int result = attach_tc(attach->tc->progs.holdfast_handover, ifindex, BPF_TC_INGRESS);

	if (!result)
		result = attach_tc(attach->tc->progs.holdfast_egress, ifindex, BPF_TC_EGRESS);
	return result ? error_set_errno(error, -result, "attaching to clsact of interface %u",
					ifindex)
		      : 0;
}

/* A link that an earlier process left: the new program goes behind it, in one step. */
static int adopt_link(void *context, const char *path, struct error *error)
{
	struct attach *attach = context;
	int link = bpf_obj_get(path);
	u32 ifindex;

	if (link < 0)
		return error_set_errno(error, errno, "opening %s", path);
	ifindex = link_ifindex(link);
	if (!ifindex || attach->count == MAX_INTERFACES) {
		(void)close(link);
		(void)unlink(path);
		return 0;
	}
	attach->attached[attach->count++] = (struct attached){ifindex, link};
	if (bpf_link_update(link, bpf_program__fd(attach->xdp->progs.holdfast_xdp), NULL))
		return error_set_errno(error, errno, "replacing the program of interface %u",
				       ifindex);
	return attach_kernel_path(attach, ifindex, error);
}

typedef int visit_link(void *context, const char *path, struct error *error);

/* Calls `visit` for each pinned link until it returns non-zero. => that, 0, or a negative errno */
static int visit_links(const char *directory, visit_link *visit, void *context,
		       struct error *error)
{
	DIR *pins = opendir(directory);
	const struct dirent *entry;
	int result = 0;

	if (!pins)
		return error_set_errno(error, errno, "opening %s", directory);
	while (!result && (entry = readdir(pins))) {
		char path[PATH_MAX];

		if (strncmp(entry->d_name, "link_", 5))
			continue;
		(void)snprintf(path, sizeof(path), "%.*s/%.32s", PATH_MAX / 2, directory,
			       entry->d_name);
		result = visit(context, path, error);
	}
	(void)closedir(pins);
	return result;
}

int attach_open(struct attach **attach, const struct state *state, struct error *error)
{
	struct attach *new = calloc(1, sizeof(*new));
	int result;

	if (!new)
		return error_set(error, ENOMEM, "out of memory");
	(void)snprintf(new->directory, sizeof(new->directory), "%s", state->directory);
	result = load_programs(new, state, error);
	if (!result)
		result = visit_links(new->directory, adopt_link, new, error);
	if (result)
		attach_close(new);
	else
		*attach = new;
	return result;
}

void attach_close(struct attach *attach)
{
	if (!attach)
		return;
	for (u32 i = 0; i < attach->count; i++)
		(void)close(attach->attached[i].link);
	holdfast_xdp__destroy(attach->xdp);
	holdfast_tc__destroy(attach->tc);
	holdfast_ask__destroy(attach->ask);
	free(attach);
}

static struct attached *find_attached(const struct attach *attach, u32 ifindex)
{
	for (u32 i = 0; i < attach->count; i++)
		if (attach->attached[i].ifindex == ifindex)
			return (struct attached *)(uintptr_t)&attach->attached[i];
	return NULL;
}

bool attach_mode(const struct attach *attach, u32 ifindex, enum snapshot_xdp_mode *mode)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (!find_attached(attach, ifindex) || bpf_xdp_query((int)ifindex, 0, &query))
		return false;
	*mode = query.attach_mode == XDP_ATTACHED_SKB ? XDP_MODE_GENERIC : XDP_MODE_NATIVE;
	return true;
}

static int report_attach(int code, u32 ifindex, enum snapshot_xdp_mode mode, struct error *error)
{
	if (code == -EBUSY || code == -EEXIST)
		return error_set(error, EBUSY,
				 "interface %u has another XDP program; detach it first "
				 "(ip link set dev ... xdp off)",
				 ifindex);
	if (code == -EOPNOTSUPP && mode == XDP_MODE_NATIVE)
		return error_set(error, EOPNOTSUPP,
				 "the driver of interface %u has no native XDP; `xdp-mode generic` "
				 "works with every driver, more slowly",
				 ifindex);
	return error_set_errno(error, -code, "attaching to interface %u", ifindex);
}

static int create_link(struct attach *attach, u32 ifindex, enum snapshot_xdp_mode mode,
		       struct error *error)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = mode == XDP_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	int link = bpf_link_create(bpf_program__fd(attach->xdp->progs.holdfast_xdp), (int)ifindex,
				   BPF_XDP, &options);
	char path[PATH_MAX];

	if (link < 0)
		return report_attach(link, ifindex, mode, error);
	link_path(attach, ifindex, path);
	(void)unlink(path);
	if (bpf_obj_pin(link, path)) {
		int code = errno;

		(void)close(link);
		return error_set_errno(error, code, "pinning %s", path);
	}
	attach->attached[attach->count++] = (struct attached){ifindex, link};
	return 0;
}

int attach_interface(struct attach *attach, u32 ifindex, enum snapshot_xdp_mode mode,
		     struct error *error)
{
	enum snapshot_xdp_mode current;
	int result;

	if (attach_mode(attach, ifindex, &current)) {
		if (current == mode)
			return 0;
		attach_remove(attach, ifindex);
	}
	if (attach->count == MAX_INTERFACES)
		return error_set(error, ENOSPC, "more than %d interfaces", MAX_INTERFACES);
	result = attach_kernel_path(attach, ifindex, error);
	if (!result)
		result = create_link(attach, ifindex, mode, error);
	return result ? result : 1;
}

void attach_remove(struct attach *attach, u32 ifindex)
{
	struct attached *found = find_attached(attach, ifindex);
	char path[PATH_MAX];

	if (!found)
		return;
	link_path(attach, ifindex, path);
	(void)unlink(path);
	(void)bpf_link_detach(found->link);
	(void)close(found->link);
	*found = attach->attached[--attach->count];
	detach_tc(ifindex, BPF_TC_INGRESS);
	detach_tc(ifindex, BPF_TC_EGRESS);
}

int attach_uplink(const struct attach *attach, u32 ifindex, struct error *error)
{
	int result = attach_tc(attach->tc->progs.holdfast_uplink, ifindex, BPF_TC_INGRESS);

	return result ? error_set_errno(error, -result, "attaching to the uplink") : 0;
}

int attach_route_program(const struct attach *attach)
{
	return bpf_program__fd(attach->ask->progs.holdfast_route);
}

int attach_rehearse_program(const struct attach *attach)
{
	return bpf_program__fd(attach->ask->progs.holdfast_rehearse);
}

int attach_read_clock(const struct attach *attach, struct clock_reading *reading,
		      struct error *error)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = reading,
		    .ctx_size_in = sizeof(*reading));
	int result = bpf_prog_test_run_opts(
		bpf_program__fd(attach->tc->progs.holdfast_clock), &options);

	return result ? error_set_errno(error, -result, "reading the kernel's clock") : 0;
}

/* An interface number means nothing in another namespace; whose program runs there tells. */
static bool link_is_here(const struct bpf_link_info *info)
{
	u32 program;

	return !bpf_xdp_query_id((int)info->xdp.ifindex, 0, &program) && program == info->prog_id;
}

static int discard_kernel_path(void *context, const char *path, struct error *error)
{
	struct bpf_link_info info = {0};
	u32 bytes = sizeof(info);
	int link = bpf_obj_get(path);

	(void)context;
	if (link < 0)
		return error_set_errno(error, errno, "opening %s", path);
	if (!bpf_obj_get_info_by_fd(link, &info, &bytes) && link_is_here(&info)) {
		detach_tc(info.xdp.ifindex, BPF_TC_INGRESS);
		detach_tc(info.xdp.ifindex, BPF_TC_EGRESS);
	}
	(void)close(link);
	return 0;
}

int attach_discard(const char *instance, struct error *error)
{
	char directory[PATH_MAX / 2];

	state_directory(instance, directory, sizeof(directory));
	return visit_links(directory, discard_kernel_path, NULL, error);
}

void attach_visit(const struct attach *attach, void (*visit)(u32 ifindex, void *context),
		  void *context)
{
	for (u32 i = 0; i < attach->count; i++)
		visit(attach->attached[i].ifindex, context);
}
