/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that nobody who records ever makes, and that whoever broke into it would: they fail with EPERM from here on,
 * in all threads and in all children. It is a list of what is denied, not of what is allowed: the same process runs libcurl,
 * TLS and name resolution of whatever distribution it is on, loaded at run time, whose calls differ from release to release;
 * one that were missing from a list made here would cost somebody's profiles at night, and no test of ours would have told.
 * What parses hostile files alone, and with libraries that are linked in, has a list of what is allowed (parser_sandbox.h).
 */
#ifndef PROFOUND_CALL_FILTER_H
#define PROFOUND_CALL_FILTER_H

/*
 * For good. Sets no_new_privs. The one program that may still be executed is `program`, known by its address, not its text:
 * a constant, parser_process_program. It inherits the filter and gains nothing, whatever is executed in its place. 0 or a
 * negative errno: a kernel without seccomp filters.
 */
int call_filter_install(const char *program);

#endif
