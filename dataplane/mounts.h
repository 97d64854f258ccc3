/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF file system that keeps the state while no process does.
 *
 * `ip netns exec` gives a program mounts of its own, without the machine's /sys/fs/bpf; what would
 * be pinned there would be gone with the program.
 */
#ifndef DATAPLANE_MOUNTS_H
#define DATAPLANE_MOUNTS_H

#include "dataplane/error.h"

#define BPF_ROOT "/sys/fs/bpf"

/*
 * Makes sure that BPF_ROOT is a BPF file system. If it is not, the calling thread joins the mounts
 * of the machine's first process, or else of its own oldest ancestor that lets it, and mounts one
 * there if need be. For processes with one thread, before they lose their ancestors.
 * => 0 or a negative errno
 */
int mounts_reach_bpf(struct error *error);

#endif
