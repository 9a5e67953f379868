/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dictionary of an OTLP encoding: what everything in it refers to by index. This file has its strings and
 * attributes; otlp_locations.h and otlp_stacks.h fill the other tables. Texts of the profile are hostile bytes: they
 * are written as text_plain() makes them, since a protobuf string is UTF-8.
 *
 * Order: locations and all attributes before stacks, which need no other table any more.
 */
#ifndef PROFOUND_OTLP_DICTIONARY_H
#define PROFOUND_OTLP_DICTIONARY_H

#include <stdint.h>

#include "base/buf.h"
#include "export/otlp_table.h"
#include "profile/figures.h"
#include "profile/profile.h"

struct otlp_dictionary {
	const struct profile *profile;
	struct wire *out;
	struct otlp_table strings, attributes, mappings, functions, locations, stacks;
	uint32_t *strings_of;  /* by text id: index + 1 */
	uint32_t *comms;       /* by text id: index of its thread.name */
	struct intern tids;    /* of uint32_t */
	struct buf threads;    /* by id in tids: uint32_t, index of its thread.id */
	uint32_t unverified;   /* index of its attribute, once there is one */
	struct buf text;       /* the one that is being made plain */
};

/* Writes the zero entries of all tables. 0 or -ENOMEM. */
int otlp_dictionary_init(struct otlp_dictionary *dictionary, const struct profile *profile, struct wire *out);
void otlp_dictionary_release(struct otlp_dictionary *dictionary);

/* Nothing but stacks comes any more: what told entries apart is freed. Indices that are known can still be asked for. */
void otlp_dictionary_seal(struct otlp_dictionary *dictionary);

/* Indices of strings. Not inside an entry of any table. `text` of the first is ours, and plain. */
uint32_t otlp_string(struct otlp_dictionary *dictionary, const char *text);
uint32_t otlp_text(struct otlp_dictionary *dictionary, uint32_t text);

/* Indices of attributes. One of an empty text is 0: there is none. */
uint32_t otlp_attribute_string(struct otlp_dictionary *dictionary, const char *key, const char *value);
uint32_t otlp_attribute_figure(struct otlp_dictionary *dictionary, const struct figure *figure);
/* Of samples: they can be asked for again once the dictionary is sealed. thread.name of a comm: */
uint32_t otlp_attribute_comm(struct otlp_dictionary *dictionary, uint32_t comm);
/* thread.id; 0 for 0. */
uint32_t otlp_attribute_thread(struct otlp_dictionary *dictionary, uint32_t tid);
uint32_t otlp_attribute_unverified(struct otlp_dictionary *dictionary);

/* The text as it is written: its bytes are good until the next call. */
const char *otlp_plain(struct otlp_dictionary *dictionary, const char *text, size_t *len);

#endif
