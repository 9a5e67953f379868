// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/selection_options.h"

#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "collect/container.h"

#define MOST_PID (1U << 22) /* PID_MAX_LIMIT */

/* Calls `add` with each comma-separated, non-empty item of a copy. */
static int each_item(const char *list, int (*add)(void *to, const char *item, struct fault *fault),
	void *to, struct fault *fault)
{
	char item[64];

	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");
		int err;

		if (!len || len >= sizeof(item))
			return fault_set(fault, -EINVAL, "'%s' is no comma-separated list", list);
		memcpy(item, at, len);
		item[len] = 0;
		err = add(to, item, fault);
		if (err)
			return err;
		at += len;
		if (!*at)
			return 0;
	}
}

static int add_id(void *to, const char *item, struct fault *fault)
{
	struct selection_ids *ids = to;
	uint64_t id;

	if (number_decimal(item, &id) || !id || id > MOST_PID)
		return fault_set(
			fault, -EINVAL, "'%s' is no id: a number from 1 to %u", item, MOST_PID);
	for (unsigned i = 0; i < ids->n; i++)
		if (ids->id[i] == id)
			return 0;
	if (ids->n == SELECTION_IDS)
		return fault_set(fault, -EINVAL, "more than %d ids", SELECTION_IDS);
	ids->id[ids->n++] = id;
	return 0;
}

static int add_user(void *to, const char *item, struct fault *fault)
{
	struct selection_users *users = to;

	if (users->n == ABI_SELECT)
		return fault_set(
			fault, -EINVAL, "'%s' is one too many: at most %d", item, ABI_SELECT);
	strcpy(users->name[users->n++], item);
	return 0;
}

int selection_options_word(struct selection_words *words, const char *word, struct fault *fault)
{
	if (!*word)
		return fault_set(fault, -EINVAL, "an empty name");
	if (words->n == ABI_SELECT)
		return fault_set(
			fault, -EINVAL, "'%s' is one too many: at most %d", word, ABI_SELECT);
	words->word[words->n++] = word;
	return 0;
}

int selection_options_pid(struct selection_request *selection, const char *value, struct fault *fault)
{
	return each_item(value, add_id, &selection->pids, fault);
}

int selection_options_tid(struct selection_request *selection, const char *value, struct fault *fault)
{
	return each_item(value, add_id, &selection->tids, fault);
}

int selection_options_cpu(struct selection_request *selection, const char *value, struct fault *fault)
{
	if (cpu_mask_parse(&selection->cpus, value))
		return fault_set(
			fault, -EINVAL, "'%s' is no list of CPUs: write it like 0-3,7", value);
	selection->by_cpu = true;
	return 0;
}

int selection_options_user(struct selection_request *selection, const char *value, struct fault *fault)
{
	return each_item(value, add_user, &selection->users, fault);
}

int selection_options_cgroup(struct selection_request *selection, const char *value, struct fault *fault)
{
	return selection_options_word(&selection->cgroups, value, fault);
}

int selection_options_container(struct selection_request *selection, const char *value, struct fault *fault)
{
	int err = container_check(value, fault);

	return err ? err : selection_options_word(&selection->containers, value, fault);
}

int selection_options_comm(struct selection_request *selection, const char *value, struct fault *fault)
{
	if (strlen(value) >= ABI_COMM)
		return fault_set(fault, -EINVAL,
			"'%s' is %zu bytes: the kernel keeps 15 bytes of a thread's name; "
			"use '%.15s'",
			value, strlen(value), value);
	return selection_options_word(&selection->comms, value, fault);
}
