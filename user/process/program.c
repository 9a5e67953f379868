// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/program.h"

void program_inherit(struct program *program, const struct program *parent)
{
	if (!program->now_ns && !program->now)
		program->now = parent->now;
}

void program_exec(struct program *program, uint64_t time_ns)
{
	program->before = program->now;
	program->before_ns = program->now_ns;
	program->now = 0;
	program->now_ns = time_ns;
	program->comes = true;
}

bool program_takes_mapping(struct program *program)
{
	bool takes = program->comes;

	program->comes = false;
	return takes;
}

void program_settle(struct program *program, bool lost, uint64_t time_ns)
{
	if (!program->read)
		return;
	if (lost && program->read != program->now) {
		program->before = 0;
		program->before_ns = program->now_ns;
		program->now_ns = time_ns;
	}
	program->now = program->read;
	program->comes = false;
}

uint32_t program_at(const struct program *program, uint64_t time_ns)
{
	if (time_ns >= program->now_ns)
		return program->now;
	return time_ns >= program->before_ns ? program->before : 0;
}
