/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A library with one function, WORK_NAME: two of them are laid out alike, so that a mix-up shows as a wrong name. */
#include <stdint.h>

#include "spin.h"

void WORK_NAME(const volatile int *over);

__attribute__((aligned(64))) void WORK_NAME(const volatile int *over)
{
	SPIN_WHILE(!*over);
	KEEP();
}
