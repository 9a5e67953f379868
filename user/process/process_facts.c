// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/process_facts.h"

#define NOTHING "," /* a list without attributes, unlike "": not known */

void process_facts_inherit(struct process_facts *facts, const struct process_facts *parent)
{
	program_inherit(&facts->program, &parent->program);
	program_inherit(&facts->stated, &parent->stated);
}

void process_facts_exec(struct process_facts *facts, uint64_t time_ns)
{
	program_exec(&facts->program, time_ns);
	program_exec(&facts->stated, time_ns);
	facts->published = false;
}

int process_facts_map(struct process_facts *facts, struct intern *texts, const struct object *object, const char *path)
{
	if ((object && object->kind == OBJECT_VDSO) || !program_takes_mapping(&facts->program))
		return 0;
	return object ? intern_text(texts, path, &facts->program.now) : 0;
}

void process_facts_read(struct process_facts *facts, struct intern *texts, const struct proc_read *read)
{
	facts->program.read = facts->stated.read = 0;
	if (read->exe)
		(void)intern_text(texts, read->exe, &facts->program.read);
	if (read->stated)
		(void)intern_text(texts, read->stated[0] ? read->stated : NOTHING, &facts->stated.read);
	if (read->cgroup)
		(void)intern_text(texts, read->cgroup, &facts->cgroup);
}

void process_facts_settle(struct process_facts *facts, const struct proc_read *read, bool lost)
{
	if (facts->stated.now && !read->published && !lost)
		facts->stated.read = 0;
	facts->published |= read->published;
	program_settle(&facts->program, lost, read->time_ns);
	program_settle(&facts->stated, lost, read->time_ns);
}

static const char *text_of(const struct intern *texts, uint32_t id)
{
	return id ? intern_get(texts, id, NULL) : NULL;
}

const char *process_facts_exe(const struct process_facts *facts, const struct intern *texts, uint64_t time_ns)
{
	return text_of(texts, program_at(&facts->program, time_ns));
}

const char *process_facts_stated(const struct process_facts *facts, const struct intern *texts, uint64_t time_ns)
{
	return text_of(texts, program_at(&facts->stated, time_ns));
}

const char *process_facts_cgroup(const struct process_facts *facts, const struct intern *texts)
{
	return text_of(texts, facts->cgroup);
}
