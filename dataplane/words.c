/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/words.h"

#include "abi/reasons.h"

const char *reason_name(u32 reason)
{
	static const char *const names[] = {
#define X(name, text) #name,
		REASONS(X)
#undef X
	};

	return reason < REASON_COUNT ? names[reason] : "?";
}

const char *reason_text(u32 reason)
{
	static const char *const texts[] = {
#define X(name, text) text,
		REASONS(X)
#undef X
	};

	return reason < REASON_COUNT ? texts[reason] : "?";
}

const char *reason_outcome(u32 reason)
{
	if (reason >= REASON_FIRST_DROP)
		return "dropped";
	return reason < REASON_not_ip ? "forwarded" : "kernel";
}

const char *const dataplane_names[DATAPLANE_COUNT] = {"ebpf", "userspace"};

const char *const permit_names[PERMIT_COUNT] = {NULL, "any-remote-host", "target-host",
						"target-host-port"};

const char *selector_name(u32 selector)
{
	switch (selector) {
	case SELECT_ROUND_ROBIN:
		return "round-robin";
	case SELECT_USERSPACE_V1:
		return "userspace-v1";
	case SELECT_EBPF_LEGACY:
		return "ebpf-legacy";
	case SELECT_SHIFTED:
		return "address-shifting";
	}
	return "?";
}
