/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The child that reads DWARF: started by parser_worker as `PROGRAM parser-child` with a socket as descriptor 3. It serves
 * file after file until the socket closes, and opens nothing itself (parser_sandbox.h). Whatever happens to it, the
 * parent only misses lines.
 */
#ifndef PROFOUND_PARSER_CHILD_H
#define PROFOUND_PARSER_CHILD_H

/* An exit status (exit_code.h). */
int parser_child_main(void);

#endif
