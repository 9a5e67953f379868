// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/parser_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int send_to_child(void *context, const void *message, size_t size)
{
	const struct parser_message *head = message;

	return parser_process_send(context, head, head + 1, size - sizeof(*head), NULL, 0);
}

static struct parser_records records_to(struct parser_process *process)
{
	return (struct parser_records){send_to_child, process, process->message, 0, 0};
}

static int send_array(struct parser_process *process, uint32_t type, const void *data, size_t size)
{
	struct parser_records records = records_to(process);

	return parser_records_array(&records, type, data, size);
}

static int send_addresses(struct parser_process *process, const struct batch *batch)
{
	uint64_t *addresses = calloc(batch->count, sizeof(*addresses));
	int err;

	if (!addresses)
		return -ENOMEM;
	for (size_t i = 0; i < batch->count; i++)
		addresses[i] = batch->items[i].address;
	err = send_array(process, PARSER_ADDRESSES, addresses, batch->count * sizeof(*addresses));
	free(addresses);
	return err;
}

static int send_hints(struct parser_process *process, const struct batch *batch)
{
	struct parser_records records = records_to(process);
	int err = 0;

	for (size_t i = 0; i < batch->count && !err; i++) {
		const struct code_line line = {.function = (char *)code_lines_outermost(&batch->items[i].lines)};

		if (line.function)
			err = parser_records_line(&records, (uint32_t)i, &line);
	}
	return err ? err : parser_records_flush(&records);
}

int parser_job_send(struct parser_process *process, const struct parser_job_request *request)
{
	const struct batch *batch = request->batch;
	const struct parser_message ready = {.type = PARSER_READY};
	struct parser_message head = {.type = PARSER_BEGIN, .a = batch ? (uint32_t)batch->count : 0, .job = request->job,
		.flags = request->flags};
	int err;

	if (batch && batch->count > PARSER_ADDRESSES_MAX)
		return -E2BIG;
	err = parser_process_send(process, &head, NULL, 0, request->fds, request->n_fds);
	if (!err && batch)
		err = send_addresses(process, batch);
	if (!err && request->spans)
		err = send_array(process, PARSER_SPANS, request->spans, batch->count * sizeof(*request->spans));
	if (!err && request->hints)
		err = send_hints(process, batch);
	if (!err && batch && request->job != PARSER_JOB_LINES)
		err = parser_process_send(process, &ready, NULL, 0, NULL, 0);
	return err;
}

static uint16_t string_len(const char *string)
{
	size_t len = string ? strnlen(string, PARSER_STRING_MAX) : PARSER_STRING_MAX;

	return len < PARSER_STRING_MAX ? (uint16_t)len : PARSER_NO_STRING;
}

static size_t bytes_of(uint16_t len)
{
	return len == PARSER_NO_STRING ? 0 : len;
}

int parser_records_flush(struct parser_records *records)
{
	const struct parser_message head = {.type = records->type};
	int err = 0;

	if (records->used > sizeof(head)) {
		memcpy(records->message, &head, sizeof(head));
		err = records->send(records->context, records->message, records->used);
	}
	records->used = sizeof(head);
	return err;
}

static int make_room(struct parser_records *records, uint32_t type, size_t size)
{
	int err = 0;

	if (records->type != type || size > PARSER_MESSAGE_MAX - records->used)
		err = parser_records_flush(records);
	records->type = type;
	return err;
}

/* `data` NULL: what is not known has no bytes. */
static void put(struct parser_records *records, const void *data, size_t size)
{
	if (!size)
		return;
	memcpy(records->message + records->used, data, size);
	records->used += size;
}

int parser_records_line(struct parser_records *records, uint32_t item, const struct code_line *line)
{
	const struct parser_record record = {
		.item = item, .line = line->line, .first_line = line->first_line,
		.function_len = string_len(line->function), .file_len = string_len(line->file),
	};
	const size_t function = bytes_of(record.function_len), file = bytes_of(record.file_len);
	int err = make_room(records, PARSER_LINES, sizeof(record) + function + file);

	if (err)
		return err;
	put(records, &record, sizeof(record));
	put(records, line->function, function);
	put(records, line->file, file);
	return 0;
}

int parser_records_name(struct parser_records *records, uint32_t item, const struct batch_item *named)
{
	const struct parser_name record = {.item = item, .len = string_len(named->name), .type = (uint8_t)named->type,
		.renamed = named->renamed};
	int err = make_room(records, PARSER_NAMES, sizeof(record) + bytes_of(record.len));

	if (err)
		return err;
	put(records, &record, sizeof(record));
	put(records, named->name, bytes_of(record.len));
	return 0;
}

int parser_records_array(struct parser_records *records, uint32_t type, const void *data, size_t size)
{
	const struct parser_message head = {.type = type};
	const size_t most = (PARSER_MESSAGE_MAX - sizeof(head)) / 16 * 16;
	int err = 0;

	for (size_t done = 0; done < size && !err;) {
		size_t n = size - done < most ? size - done : most;

		memcpy(records->message, &head, sizeof(head));
		memcpy(records->message + sizeof(head), (const char *)data + done, n);
		err = records->send(records->context, records->message, sizeof(head) + n);
		done += n;
	}
	return err;
}
