/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parent asks the child for (parser_protocol.h), and the messages of an answer. */
#ifndef PROFOUND_PARSER_JOB_H
#define PROFOUND_PARSER_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "parser/parser_process.h"
#include "symbolize/batch.h"
#include "symbolize/jit_history.h"

struct parser_job_request {
	enum parser_job job;
	uint32_t flags;
	int fds[PARSER_FDS]; /* borrowed */
	size_t n_fds;
	const struct batch *batch;    /* sorted; NULL: the job has no addresses */
	const struct jit_span *spans; /* one an item, or NULL */
	bool hints;                   /* the items' outermost functions are told as well */
};

/* 0 or a negative errno that ends the job. */
typedef int parser_job_take(void *context, const struct parser_message *head, const void *body, size_t size);

/* 0 or what parser_process_send() says. */
int parser_job_send(struct parser_process *process, const struct parser_job_request *request);

/* Packs the names or lines of items into messages; what fits none is left out. `send` as below. */
struct parser_records {
	int (*send)(void *context, const void *message, size_t size);
	void *context;
	char *message; /* PARSER_MESSAGE_MAX */
	size_t used;
	uint32_t type; /* of the message */
};

int parser_records_line(struct parser_records *records, uint32_t item, const struct code_line *line);
int parser_records_name(struct parser_records *records, uint32_t item, const struct batch_item *named);
/* An array, by itself, in as many messages as it takes. */
int parser_records_array(struct parser_records *records, uint32_t type, const void *data, size_t size);
/* Sends what is left. */
int parser_records_flush(struct parser_records *records);

#endif
