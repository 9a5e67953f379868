/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The resource of an OTLP ResourceProfiles: texts and integers stay. */
#ifndef PROFOUND_OTLP_RESOURCE_H
#define PROFOUND_OTLP_RESOURCE_H

#include "import/otlp_tables.h"
#include "import/attribute_set.h"

/* 0, -EBADMSG with the fault set, or -ENOMEM. */
int otlp_resource_read(const struct otlp_tables *tables, const struct wire_field *resource_profiles,
	struct attribute_set *resource);

#endif
