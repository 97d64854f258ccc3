/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps NAT clear of the ports that the gateway itself uses: on NAT addresses that are also
 * addresses of the gateway, the kernel's ephemeral range and every port that a socket is bound to
 * are never given to a flow [contract 3, `interface`].
 */
#ifndef DATAPLANE_KERNEL_PORTS_H
#define DATAPLANE_KERNEL_PORTS_H

#include "dataplane/error.h"
#include "dataplane/network.h"
#include "dataplane/tables.h"

/*
 * Brings the port tables of all NAT addresses up to date with the sockets that are there now. A port
 * that a flow owns already is left to the flow.
 * => 0 or a negative errno
 */
int kernel_ports_update(struct tables *tables, const struct network *network,
			struct error *error);

#endif
