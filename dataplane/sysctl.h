/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel settings that a gateway's interfaces need, under /proc/sys/net.
 */
#ifndef DATAPLANE_SYSCTL_H
#define DATAPLANE_SYSCTL_H

#include "dataplane/error.h"

/* => the number in the file under /proc/sys/net, or a negative errno */
int sysctl_read(const char *path);

/* Writes a number where it is not there yet. => 1 if it changed, 0 if not, or a negative errno */
int sysctl_write(const char *path, int value);

/*
 * Lets the kernel forward from an interface, and accept there packets that Holdfast has translated
 * to an address of the gateway (spoofed ones are dropped before). `ipv6`: for IPv6 as well,
 * which the kernel only has for all interfaces at once.
 * => 0 or a negative errno
 */
int sysctl_prepare_interface(const char *name, int ipv6, struct error *error);

/* Lets the kernel answer for proxies on an interface, without its random delay. */
int sysctl_prepare_proxy(const char *name, struct error *error);

#endif
