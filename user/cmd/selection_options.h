/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that say what is sampled, for every command that samples: SELECTION_SETTERS() makes the setters of a command's
 * struct, SELECTION_ROWS the rows of its table. What the arguments alone show is checked here. 0; -EINVAL with the fault
 * filled.
 */
#ifndef PROFOUND_SELECTION_OPTIONS_H
#define PROFOUND_SELECTION_OPTIONS_H

#include "base/fault.h"
#include "collect/selection.h"

int selection_options_pid(struct selection_request *selection, const char *value, struct fault *fault);
int selection_options_tid(struct selection_request *selection, const char *value, struct fault *fault);
int selection_options_cpu(struct selection_request *selection, const char *value, struct fault *fault);
int selection_options_user(struct selection_request *selection, const char *value, struct fault *fault);
int selection_options_cgroup(struct selection_request *selection, const char *value, struct fault *fault);
int selection_options_container(struct selection_request *selection, const char *value, struct fault *fault);
int selection_options_comm(struct selection_request *selection, const char *value, struct fault *fault);

/* One more name of a list. */
int selection_options_word(struct selection_words *words, const char *word, struct fault *fault);

#define SELECTION_SETTER(type, field, name)                                                   \
	static int set_##name(void *into, const char *value, struct fault *fault)             \
	{                                                                                     \
		return selection_options_##name(&((type *)into)->field, value, fault);        \
	}

#define SELECTION_SETTERS(type, field)           \
	SELECTION_SETTER(type, field, pid)       \
	SELECTION_SETTER(type, field, tid)       \
	SELECTION_SETTER(type, field, cpu)       \
	SELECTION_SETTER(type, field, user)      \
	SELECTION_SETTER(type, field, cgroup)    \
	SELECTION_SETTER(type, field, container) \
	SELECTION_SETTER(type, field, comm)

#define SELECTION_ROWS                                                                                                   \
	{"selection", 'p', "pid", "PID[,PID]", "these processes and their children", set_pid},                           \
	{"selection", 't', "tid", "TID[,TID]", "these threads (also -L)", set_tid},                                      \
	{"selection", 'L', NULL, "TID[,TID]", NULL, set_tid},                                                            \
	{"selection", 'C', "cpu", "LIST", "these CPUs, like 0-3,7", set_cpu},                                            \
	{"selection", 'u', "uid", "UID|USER[,..]", "these effective users; repeatable", set_user},                       \
	{"selection", 'G', "cgroup", "CGROUP", "this cgroup and those below it; repeatable", set_cgroup},                \
	{"selection", 0, "container", "ID", "its id's first 6 digits or more, or a pod UID; repeatable", set_container}, \
	{"selection", 0, "comm", "NAME", "threads of exactly this name; repeatable", set_comm},

#endif
