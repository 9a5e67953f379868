/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child that parses (parser_child.h), as its parent has it: started when it is needed, and what is said to it and by it. */
#ifndef PROFOUND_PARSER_PROCESS_H
#define PROFOUND_PARSER_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "parser/parser_protocol.h"

/* The program that is executed. */
extern const char parser_process_program[];

struct parser_process {
	const char *argument; /* of /proc/self/exe */
	pid_t pid;            /* 0: none runs */
	int socket;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC: nothing is waited for after it */
	uint64_t cpu_ns;      /* of those that ended */
	char message[PARSER_MESSAGE_MAX]; /* the last one that was received */
};

/* If none runs. 0 or a negative errno. */
int parser_process_start(struct parser_process *process);
/* Ends it, or leaves it after a second if it does not die. */
void parser_process_stop(struct parser_process *process);
/* CPU time of all of them so far. */
uint64_t parser_process_cpu_ns(const struct parser_process *process);

/* With up to PARSER_FDS descriptors. 0; -ETIMEDOUT; -EPIPE: it is gone; another negative errno. */
int parser_process_send(struct parser_process *process, const struct parser_message *head, const void *body, size_t size,
	const int *fds, size_t n_fds);
/* *size: of what came after the head, in process->message. Descriptors that the child sends are dropped by the kernel: there is no
 * room. The same, and -EPROTO. */
int parser_process_receive(struct parser_process *process, struct parser_message *head, size_t *size);

#endif
