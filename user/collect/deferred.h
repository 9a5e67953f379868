/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples that the kernel side handed over unwalked (struct abi_deferred): walks them here and resolves them. */
#ifndef PROFOUND_DEFERRED_H
#define PROFOUND_DEFERRED_H

#include <stddef.h>

#include "abi.h"
#include "collect/resolve.h"
#include "unwind/tables.h"

/* Adds one record's sample to the profile. The process's maps are fresh. A record that is cut short is counted as
 * user_memory. */
void deferred_add(struct resolver *resolver, struct tables *tables,
	const struct abi_deferred *record, size_t size);

#endif
