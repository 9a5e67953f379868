/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One consistent read of /proc/PID. The directory is opened once: a descriptor of it belongs to that very process,
 * never to one that gets its number later. A read that an exec falls into is begun anew.
 */
#ifndef PROFOUND_PROC_READ_H
#define PROFOUND_PROC_READ_H

#include "object/object.h"
#include "process/clocks.h"
#include "process/mappings.h"

#define PROC_CONTEXTS 4

enum proc_read_more { /* what costs, and is read when asked for */
	PROC_READ_CGROUP = 1, /* takes a lock of the whole machine (cgroup_mutex, proc_cgroup_show()) */
	PROC_READ_STATED = 2,  /* the environment, and with the next one what is published */
	PROC_READ_CONTEXT = 4,
};

struct proc_read {
	uint64_t time_ns;    /* before anything was read */
	uint32_t inner_pid;  /* 0: not known */
	uint32_t uid;        /* effective; -1: not known */
	bool cut;            /* more than MAPPINGS_MAX executable mappings */
	int root_fd;         /* O_PATH of root, when there is executable anonymous memory; -1: none */
	char *exe;           /* its program's path, " (deleted)" cut off; NULL: not known; owned */
	char *cgroup;        /* the path that says most (cgroup_file.h); NULL: not asked for, not known; owned */
	char *stated;        /* stated.h; "": nothing; NULL: not asked for, not known; owned */
	bool published;      /* a process context is part of it */
	bool hung;           /* a process kept the read of its context from ending */
	uint64_t contexts[PROC_CONTEXTS]; /* addresses of what may be process contexts */
	unsigned n_contexts;
	struct mapping *found; /* sorted; owned */
	uint32_t count;
};

/*
 * Reads the process `pid` if its start is start_ns (CLOCK_BOOTTIME; 0: whoever it is); `more`: enum proc_read_more, ored.
 * 0; -ESRCH when it is gone, a zombie, or another one; -EAGAIN when it kept exec'ing; -ENOMEM; -EMFILE and what else open(2) says.
 */
int proc_read(struct proc_read *read, struct objects *objects, const struct clocks *clocks,
	uint32_t pid, uint64_t start_ns, unsigned more);
void proc_read_release(struct proc_read *read);

/* The object of an identity, or NULL for what is anonymous, in *out. 0 or -ENOMEM. `path` is edited. */
int proc_object(struct objects *objects, const struct object_identity *identity, char *path,
	struct object **out, bool *skip);

#endif
