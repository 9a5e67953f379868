// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/row_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object/row_order.h"

#define UNSUPPORTED 1 /* rules.h */
#define OFFSET_MAX (ABI_ROW_UNUSED - 1)

void row_set_init(struct row_set *set, const struct elf *elf, struct rules *rules)
{
	*set = (struct row_set){.elf = elf, .rules = rules};
}

void row_set_release(struct row_set *set)
{
	free(set->rows);
	free(set->ranges);
	*set = (struct row_set){0};
}

/* Room for one more; doubles up to `max`. */
static int grow(void **array, uint32_t *cap, uint32_t max, size_t size)
{
	uint32_t wanted = *cap ? 2 * *cap : 1024;
	void *grown;

	if (wanted > max)
		wanted = max;
	grown = realloc(*array, wanted * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*cap = wanted;
	return 0;
}

/* The end of the executable segment at `address`; 0: there is none. */
static uint64_t code_end(const struct elf *elf, uint64_t address)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_flags & PF_X && address - segment->p_vaddr < segment->p_memsz)
			return segment->p_vaddr + segment->p_memsz;
	}
	return 0;
}

static int open_range(struct row_set *set, uint64_t start)
{
	if (set->n_ranges == ROW_SET_RANGES) {
		set->open = false;
		set->no_room++;
		return 0;
	}
	if (set->n_ranges == set->ranges_cap &&
		grow((void **)&set->ranges, &set->ranges_cap, ROW_SET_RANGES, sizeof(*set->ranges)))
		return -ENOMEM;
	set->ranges[set->n_ranges++] = (struct row_range){
		.start = start, .length = (uint32_t)(set->end - start), .row = set->n_rows};
	return 0;
}

static int take_range(void *context, uint64_t start, uint64_t end)
{
	struct row_set *set = context;
	uint64_t limit = code_end(set->elf, start);

	if (end > limit)
		end = limit;
	set->open = start < end && end - start <= UINT32_MAX;
	set->end = end;
	if (set->n_rows == ROW_SET_ROWS)
		set->open = false;
	return set->open ? open_range(set, start) : 0;
}

static int append(struct row_set *set, struct row_range *range, uint32_t offset, uint16_t rule)
{
	if (set->n_rows == set->rows_cap &&
		grow((void **)&set->rows, &set->rows_cap, ROW_SET_ROWS, sizeof(*set->rows)))
		return -ENOMEM;
	set->rows[set->n_rows++] = (struct abi_row){(uint16_t)offset, rule};
	range->count++;
	return 0;
}

/* What follows has no row of its own: it must not seem to have the row before it. */
static int close_at_limit(struct row_set *set, struct row_range *range, uint32_t offset)
{
	set->open = false;
	set->no_room++;
	return append(set, range, offset, UNSUPPORTED);
}

static uint16_t rule_id(struct row_set *set, const struct abi_rule *rule)
{
	uint16_t id = rules_add(set->rules, rule);

	if (id == UNSUPPORTED && rule->cfa != CFA_UNSUPPORTED)
		set->no_room++;
	return id;
}

/* Offsets of a range fit a row: from the first that does not on, the rest is a range of its own. */
static int split(struct row_set *set, struct row_range **range, uint64_t start)
{
	int err;

	(*range)->length = (uint32_t)(start - (*range)->start);
	err = open_range(set, start);
	*range = &set->ranges[set->n_ranges - 1];
	return err;
}

static int put_row(struct row_set *set, uint64_t start, uint16_t rule)
{
	struct row_range *range = &set->ranges[set->n_ranges - 1];
	struct abi_row *last = range->count ? &set->rows[set->n_rows - 1] : NULL;
	uint64_t offset = start - range->start;

	if (last && offset < last->offset)
		return 0;
	if (last && offset == last->offset) {
		last->rule = rule;
		return 0;
	}
	if (last && rule == last->rule)
		return 0;
	if (offset > OFFSET_MAX) {
		int err = split(set, &range, start);

		if (err || !set->open)
			return err;
		offset = 0;
	}
	if (set->n_rows == ROW_SET_ROWS - 1)
		return close_at_limit(set, range, (uint32_t)offset);
	return append(set, range, (uint32_t)offset, rule);
}

static int take_row(void *context, uint64_t start, const struct abi_rule *rule)
{
	struct row_set *set = context;

	if (set->n_rows == ROW_SET_ROWS)
		set->no_room++;
	if (!set->open || start >= set->end || start < set->ranges[set->n_ranges - 1].start)
		return 0;
	return put_row(set, start, rule_id(set, rule));
}

struct row_sink row_set_sink(struct row_set *set)
{
	return (struct row_sink){.range = take_range, .row = take_row, .context = set};
}

int row_set_settle(struct row_set *set)
{
	int err;

	set->open = false;
	err = row_order_sort(set->ranges + set->n_settled, set->n_ranges - set->n_settled);
	if (err)
		return err;
	set->n_ranges = set->n_settled + row_order_disjoin(set->ranges + set->n_settled,
						 set->n_ranges - set->n_settled, &set->overlaps);
	if (set->n_settled && set->n_ranges > set->n_settled)
		err = row_order_merge(
			&set->ranges, set->n_settled, &set->n_ranges, &set->ranges_cap);
	if (!err)
		set->n_settled = set->n_ranges;
	return err;
}

struct stream {
	int (*row)(void *context, uint64_t start, uint16_t rule);
	void *context;
};

/* The rows of one range, from the one that holds at its first address on. */
static int stream_range(
	const struct row_set *set, const struct row_range *range, const struct stream *to)
{
	const struct abi_row *rows = &set->rows[range->row];
	uint16_t rule = 0;
	uint32_t i = 0;
	int err;

	while (i < range->count && rows[i].offset <= range->skip)
		rule = rows[i++].rule;
	err = to->row(to->context, range->start + range->skip, rule);
	for (; !err && i < range->count && rows[i].offset < range->length; i++)
		err = to->row(to->context, range->start + rows[i].offset, rows[i].rule);
	return err;
}

int row_set_each(const struct row_set *set,
	int (*row)(void *context, uint64_t start, uint16_t rule), void *context)
{
	const struct stream to = {row, context};

	for (uint32_t i = 0; i < set->n_settled; i++) {
		const struct row_range *range = &set->ranges[i];
		uint64_t end = range->start + range->length;
		int err = stream_range(set, range, &to);

		if (!err && (i + 1 == set->n_settled ||
				    set->ranges[i + 1].start + set->ranges[i + 1].skip > end))
			err = row(context, end, 0);
		if (err)
			return err;
	}
	return 0;
}
