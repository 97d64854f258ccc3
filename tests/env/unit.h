/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka and what it wants included before it. */
#ifndef TESTS_ENV_UNIT_H
#define TESTS_ENV_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#endif
