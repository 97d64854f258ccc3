/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast-dp, seen from holdfastd: finding one that runs or starting one, asking it, noticing
 * its end. It outlives holdfastd; what it holds outlives it.
 */
#ifndef CONTROL_HELPER_H
#define CONTROL_HELPER_H

#include <limits.h>
#include <sys/types.h>

#include <jansson.h>

#include "abi/types.h"
#include "dataplane/error.h"

struct helper {
	const char *instance;
	const char *run_dir;
	char socket_path[PATH_MAX];
	bool to_syslog; /* it shall log there */
	pid_t pid;      /* 0 while there is none */
	int pidfd;      /* readable at its end; -1 while there is none */
	u32 restarts;
	u32 next_wait_s; /* before it is started once more */
	s64 started_s;
};

/* Zeroed before, apart from to_syslog. => 0 or a negative errno */
int helper_init(struct helper *helper, const char *instance, const char *run_dir,
		struct error *error);

/*
 * Takes up with the holdfast-dp that listens at RUN_DIR/dp.sock, if it is of this version and
 * instance, and otherwise starts one and waits until it listens.
 * => 0 or a negative errno
 */
int helper_open(struct helper *helper, struct error *error);

/*
 * After its end: notes it, and says after how many seconds helper_open() is to be called. That grows
 * while it dies young.
 */
u32 helper_lost(struct helper *helper);

/*
 * Asks {"request": name, ...}; takes over `fields`, which may be NULL.
 * => the answer, a new reference; NULL and the error, which the answer may have brought
 */
json_t *helper_ask(struct helper *helper, const char *name, json_t *fields, struct error *error);

void helper_close(struct helper *helper);

#endif
