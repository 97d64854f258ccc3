/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The few atomic operations that the core uses, for BPF and for native code.
 *
 * Every read-modify-write that returns a value is a full barrier in both. BPF has no other
 * barrier, so the core publishes with such an operation, and readers reach what was published
 * through an address that they loaded from it (an index entry, an owner word), which
 * orders the loads on every machine.
 */
#ifndef CORE_ATOMIC_H
#define CORE_ATOMIC_H

#include "abi/types.h"

#ifdef __bpf__

#define atomic_read(p)      (*(const volatile typeof(*(p)) *)(p))
#define atomic_write(p, v)  (*(volatile typeof(*(p)) *)(p) = (v))
#define atomic_add(p, v)    ((void)__sync_fetch_and_add((p), (v)))
#define atomic_fetch_add(p, v) __sync_fetch_and_add((p), (v))
#define atomic_and(p, v)    ((void)__sync_fetch_and_and((p), (v)))
#define atomic_or(p, v)     ((void)__sync_fetch_and_or((p), (v)))
#define atomic_swap(p, v)   __sync_lock_test_and_set((p), (v))
/* => true if *p was old and is now new */
#define atomic_replace(p, old, new) (__sync_val_compare_and_swap((p), (old), (new)) == (old))

#else

#define atomic_read(p)      __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_write(p, v)  __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_add(p, v)    ((void)__atomic_fetch_add((p), (v), __ATOMIC_RELAXED))
#define atomic_fetch_add(p, v) __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define atomic_and(p, v)    ((void)__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST))
#define atomic_or(p, v)     ((void)__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST))
#define atomic_swap(p, v)   __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define atomic_replace(p, old, new)                                                            \
	({                                                                                     \
		typeof(*(p)) expected__ = (old);                                               \
		__atomic_compare_exchange_n((p), &expected__, (new), false, __ATOMIC_SEQ_CST,  \
					    __ATOMIC_SEQ_CST);                                 \
	})

#endif
#endif
