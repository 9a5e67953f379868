/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile without the stacks, or the functions, that a person does not want to see. The names are those of the
 * labels, which must be of this profile as it is and are good for nothing once it is changed.
 */
#ifndef PROFOUND_SIEVE_H
#define PROFOUND_SIEVE_H

#include "profile/profile.h"
#include "report/labels.h"
#include "report/pattern.h"

/*
 * Keeps the samples whose stack has a function that `focus` matches, and takes the functions that `hide` matches out
 * of the stacks (NULL: none is asked for). Focus sees hidden functions, too. What is left without a function keeps its
 * samples; the cause that cut a stack is never hidden. Labels of functions. 0; or -ENOMEM and the profile unchanged.
 */
int sieve_stacks(struct profile *profile, struct labels *labels, const struct pattern *focus,
	const struct pattern *hide);

/* Keeps the samples that belong to a row that `filter` matches. 0; or -ENOMEM and the profile unchanged. */
int sieve_rows(struct profile *profile, struct labels *labels, const struct pattern *filter);

/* Keeps the samples of the processes for which keep[] is true. 0; or -ENOMEM and the profile unchanged. */
int sieve_processes(struct profile *profile, const bool *keep);

#endif
