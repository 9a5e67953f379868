/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug files by build id from the servers of DEBUGINFOD_URLS, through libdebuginfod (elfutils 0.188, debuginfod(8)),
 * which keeps what it got in its cache. The library is loaded when it is needed: it brings libcurl along. Only with
 * --debuginfod: what runs on this machine is nobody else's matter.
 */
#ifndef PROFOUND_DEBUGINFOD_H
#define PROFOUND_DEBUGINFOD_H

#include <stddef.h>
#include <stdint.h>

#define DEBUGINFOD_SECONDS 120 /* that all files of a run may take together; then nobody is asked any more */
#define DEBUGINFOD_SILENCE "10" /* seconds; DEBUGINFOD_TIMEOUT, where the environment does not say */

struct debuginfod;

/* NULL with a reason, a sentence for people, if there is nobody to ask. */
struct debuginfod *debuginfod_new(const char **reason);
void debuginfod_free(struct debuginfod *servers);

/* A descriptor of what a server says is this build's debug file; -ENOENT; -ETIMEDOUT; another negative errno. */
int debuginfod_open(struct debuginfod *servers, const uint8_t *build_id, size_t size);

#endif
