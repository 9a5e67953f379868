/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lets the host's tests include bpf/maps.bpf.h for `struct walk`: of the kernel's types it needs only these. */
#ifndef PROFOUND_TESTS_VMLINUX_H
#define PROFOUND_TESTS_VMLINUX_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#undef SEC
#define SEC(name) /* nothing is placed in a section here */

#endif
