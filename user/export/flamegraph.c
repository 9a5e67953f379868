// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The flame graph page: one HTML file that needs nothing else. The template is page/page.html;
 * @@NAME@@ in it is replaced by a part below. The profile is JSON inside zlib inside base64, so no
 * byte of it is ever HTML:
 *
 *   strings  [text]
 *   kinds    [name of a kind]
 *   frames   {name: [string], kind: [kind]}
 *            columns, one row a frame; more columns may come
 *   lines    {frame: [frame], file: [string], line: [number], samples: [value]}
 *            the heaviest source lines of a frame, over all its nodes; a frame's stand together, heaviest first
 *   tree     {up: [levels], frame: [frame]}
 *            in preorder; a node's parent is `up` levels above its predecessor: 0 is the predecessor itself
 *   series   [{name, unit, self: [value]}]
 *            one value a node; more series may come (diff, timeline)
 *   trust    {taken, complete, unverified, cut}; complete and unverified may be null
 *
 * Children stand heaviest first, equals by name, so that what matters is on the left and the page
 * is stable.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/buf.h"
#include "export/exporter.h"
#include "export/hot_lines.h"
#include "export/pack.h"
#include "export/summary.h"
#include "export/text.h"
#include "export/tree.h"

#define BUFFERED 65536

extern const char page_html[], page_html_end[], page_css[], page_css_end[];
extern const char page_model_js[], page_model_js_end[], page_graph_js[], page_graph_js_end[];
extern const char page_page_js[], page_page_js_end[];

static const char *const kind_names[TREE_KINDS] = {
	[TREE_ROOT] = "root",
	[TREE_COMM] = "thread",
	[TREE_KERNEL] = "kernel",
	[TREE_NATIVE] = "native",
	[TREE_JIT] = "jit",
	[TREE_PYTHON] = "python",
	[TREE_UNNAMED] = "unnamed",
	[TREE_CUT] = "truncated",
};

struct page {
	const struct profile *profile;
	const struct trust *trust;
	FILE *stream;
	char nonce[17]; /* only the page's own script and style may run */
	/* the tree in the order of the page */
	struct tree tree;
	uint64_t *totals; /* by node */
	uint32_t *depths; /* by node */
	uint32_t *order;  /* nodes in preorder */
	struct hot_lines lines; /* their files as ids of tree.names */
	/* the data on its way out */
	struct buf json;
	struct pack pack;
	int err;
};

struct sorting {
	const struct tree *tree;
	const uint64_t *totals;
};

static int compare_nodes(const void *left, const void *right, void *context)
{
	const struct sorting *sorting = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int order;

	if (sorting->totals[a] != sorting->totals[b])
		return sorting->totals[a] < sorting->totals[b] ? 1 : -1;
	order = strcmp(tree_name(sorting->tree, a), tree_name(sorting->tree, b));
	return order ? order : (a > b) - (a < b);
}

/* Children have greater indices than their parents: one pass each way does it. */
static void add_up(struct page *page)
{
	const struct tree *tree = &page->tree;

	for (uint32_t i = tree->n_nodes; i--;) {
		page->totals[i] += tree->nodes[i].self;
		if (i)
			page->totals[tree->nodes[i].parent] += page->totals[i];
	}
	for (uint32_t i = 1; i < tree->n_nodes; i++)
		page->depths[i] = page->depths[tree->nodes[i].parent] + 1;
}

/* No node is on the stack twice, so it has room for all. */
static int put_in_order(struct page *page)
{
	struct sorting sorting = {&page->tree, page->totals};
	uint32_t n_nodes = page->tree.n_nodes, done = 0, n_stack = 0;
	struct tree_children children;
	uint32_t *stack = malloc((size_t)n_nodes * sizeof(*stack));
	int err = stack ? tree_children_init(&children, &page->tree) : -ENOMEM;

	if (err)
		goto free_stack;
	stack[n_stack++] = 0;
	while (n_stack) {
		uint32_t node = stack[--n_stack];
		uint32_t first = children.first[node], end = children.first[node + 1];

		page->order[done++] = node;
		qsort_r(children.list + first, end - first, sizeof(*children.list), compare_nodes,
			&sorting);
		while (end > first)
			stack[n_stack++] = children.list[--end];
	}
	tree_children_release(&children);
free_stack:
	free(stack);
	return err;
}

/* Paths join the names, so that all text is in one table. */
static int build_lines(struct page *page)
{
	int err = hot_lines_init(&page->lines, &page->tree, page->profile);

	for (uint32_t i = 0; i < page->lines.count && !err; i++) {
		struct hot_line *line = &page->lines.at[i];

		err = intern_text(&page->tree.names, profile_text(page->profile, line->file),
			&line->file);
	}
	return err;
}

static int build_tree(struct page *page)
{
	int err = tree_init(&page->tree, page->profile, TREE_WITH_KINDS);
	size_t count = page->tree.n_nodes;

	if (err)
		return err;
	page->totals = calloc(count, sizeof(*page->totals));
	page->depths = calloc(count, sizeof(*page->depths));
	page->order = calloc(count, sizeof(*page->order));
	if (!page->totals || !page->depths || !page->order)
		return -ENOMEM;
	add_up(page);
	err = put_in_order(page);
	return err ? err : build_lines(page);
}

/* Hands the JSON on when enough has come together. */
static void spill(struct page *page, size_t least)
{
	if (page->json.failed)
		page->err = -ENOMEM;
	if (page->err || page->json.len < least)
		return;
	page->err = pack_write(&page->pack, page->json.data, page->json.len);
	buf_clear(&page->json);
}

static void put_numbers(struct page *page, const char *name, uint32_t count,
	uint64_t (*value)(const struct page *page, uint32_t i))
{
	buf_printf(&page->json, "\"%s\":[", name);
	for (uint32_t i = 0; i < count && !page->err; i++) {
		buf_printf(&page->json, i ? ",%" PRIu64 : "%" PRIu64, value(page, i));
		spill(page, BUFFERED);
	}
	buf_putc(&page->json, ']');
}

static const struct tree_frame *frame_at(const struct page *page, uint32_t i)
{
	return intern_get(&page->tree.frames, i, NULL);
}

static uint64_t name_of_frame(const struct page *page, uint32_t i)
{
	return frame_at(page, i)->name;
}

static uint64_t kind_of_frame(const struct page *page, uint32_t i)
{
	return frame_at(page, i)->kind;
}

static uint64_t up_of_node(const struct page *page, uint32_t i)
{
	return i ? page->depths[page->order[i - 1]] + 1 - page->depths[page->order[i]] : 0;
}

static uint64_t frame_of_node(const struct page *page, uint32_t i)
{
	return page->tree.nodes[page->order[i]].frame;
}

static uint64_t self_of_node(const struct page *page, uint32_t i)
{
	return page->tree.nodes[page->order[i]].self;
}

static uint64_t frame_of_line(const struct page *page, uint32_t i)
{
	return page->lines.at[i].frame;
}

static uint64_t file_of_line(const struct page *page, uint32_t i)
{
	return page->lines.at[i].file;
}

static uint64_t number_of_line(const struct page *page, uint32_t i)
{
	return page->lines.at[i].line;
}

static uint64_t samples_of_line(const struct page *page, uint32_t i)
{
	return page->lines.at[i].samples;
}

static void put_lines(struct page *page)
{
	uint32_t count = page->lines.count;

	buf_puts(&page->json, "\"lines\":{");
	put_numbers(page, "frame", count, frame_of_line);
	buf_putc(&page->json, ',');
	put_numbers(page, "file", count, file_of_line);
	buf_putc(&page->json, ',');
	put_numbers(page, "line", count, number_of_line);
	buf_putc(&page->json, ',');
	put_numbers(page, "samples", count, samples_of_line);
	buf_puts(&page->json, "},");
}

static void put_strings(struct page *page)
{
	buf_puts(&page->json, "\"strings\":[");
	for (uint32_t i = 0; i < page->tree.names.count && !page->err; i++) {
		if (i)
			buf_putc(&page->json, ',');
		text_json(&page->json, intern_get(&page->tree.names, i, NULL));
		spill(page, BUFFERED);
	}
	buf_puts(&page->json, "],\"kinds\":[");
	for (int i = 0; i < TREE_KINDS; i++)
		buf_printf(&page->json, i ? ",\"%s\"" : "\"%s\"", kind_names[i]);
	buf_putc(&page->json, ']');
}

static void put_figure(struct page *page, const char *key, int64_t figure)
{
	if (figure == TRUST_NULL)
		buf_printf(&page->json, "\"%s\":null,", key);
	else
		buf_printf(&page->json, "\"%s\":%" PRId64 ",", key, figure);
}

static void put_trust(struct page *page)
{
	const struct trust *trust = page->trust;
	int64_t cut = 0;

	for (int i = 0; i < COUNTERS; i++)
		if (counter_specs[i].class == CLASS_CUT && trust->counter[i] != TRUST_NULL)
			cut += trust->counter[i];
	buf_printf(&page->json, "\"trust\":{\"taken\":%" PRIu64 ",", page->totals[0]);
	put_figure(page, "complete", trust->complete);
	put_figure(page, "unverified", trust->unverified);
	buf_printf(&page->json, "\"cut\":%" PRId64 "}", cut);
}

/* Of what is counted one by one, the unit is what it is called. */
static void put_unit(struct page *page)
{
	const struct profile_value *value = &page->profile->value;
	const char *type = "samples", *unit = "count";

	if (!profile_counts_samples(page->profile)) {
		type = profile_text(page->profile, value->type);
		unit = profile_text(page->profile, value->unit);
	}
	buf_puts(&page->json, "\"name\":");
	text_json(&page->json, type);
	buf_puts(&page->json, ",\"unit\":");
	text_json(&page->json, strcmp(unit, "count") ? unit : type);
	buf_putc(&page->json, ',');
}

static void put_data(struct page *page)
{
	uint32_t n_frames = page->tree.frames.count, n_nodes = page->tree.n_nodes;

	buf_puts(&page->json, "{\"version\":1,");
	put_strings(page);
	buf_puts(&page->json, ",\"frames\":{");
	put_numbers(page, "name", n_frames, name_of_frame);
	buf_putc(&page->json, ',');
	put_numbers(page, "kind", n_frames, kind_of_frame);
	buf_puts(&page->json, "},");
	put_lines(page);
	buf_puts(&page->json, "\"tree\":{");
	put_numbers(page, "up", n_nodes, up_of_node);
	buf_putc(&page->json, ',');
	put_numbers(page, "frame", n_nodes, frame_of_node);
	buf_puts(&page->json, "},\"series\":[{");
	put_unit(page);
	put_numbers(page, "self", n_nodes, self_of_node);
	buf_puts(&page->json, "}],");
	put_trust(page);
	buf_putc(&page->json, '}');
	spill(page, 1);
}

static void write_data(struct page *page)
{
	page->err = pack_init(&page->pack, page->stream);
	if (page->err)
		return;
	put_data(page);
	if (!page->err)
		page->err = pack_finish(&page->pack);
	pack_release(&page->pack);
}

static void write_escaped(struct page *page, const char *text)
{
	struct buf escaped = {0};

	text_html(&escaped, text);
	if (escaped.failed)
		page->err = -ENOMEM;
	else if (escaped.len)
		fwrite(escaped.data, 1, escaped.len, page->stream);
	buf_release(&escaped);
}

static void write_host(struct page *page)
{
	write_escaped(page, page->trust->host[0] ? page->trust->host : "profile");
}

static void write_time(struct page *page)
{
	time_t seconds = (time_t)(page->trust->start_unix_ns / 1000000000);
	struct tm local;
	char text[64];

	if (page->trust->start_unix_ns <= 0 || !localtime_r(&seconds, &local))
		return;
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", &local);
	write_escaped(page, text);
	if (page->trust->sampled_seconds >= 0)
		fprintf(page->stream, " · %.1f s", page->trust->sampled_seconds);
}

static void write_kernel(struct page *page)
{
	if (!page->trust->kernel[0])
		return;
	fputs("Linux ", page->stream);
	write_escaped(page, page->trust->kernel);
}

static void write_version(struct page *page)
{
	fputs(PROFOUND_VERSION, page->stream);
}

static void write_nonce(struct page *page)
{
	fputs(page->nonce, page->stream);
}

static void write_summary(struct page *page)
{
	struct summary summary;

	page->err = summary_init(&summary, page->trust, page->profile);
	if (page->err)
		return;
	for (unsigned i = 0; i < summary.count; i++) {
		if (summary.lines[i].label[0])
			fprintf(page->stream, "%s<div><dt>%s</dt>", i ? "</div>\n" : "",
				summary.lines[i].label);
		fputs("<dd>", page->stream);
		write_escaped(page, summary.lines[i].text);
		fputs("</dd>", page->stream);
	}
	fputs("</div>\n", page->stream);
	summary_release(&summary);
}

static void write_span(struct page *page, const char *start, const char *end)
{
	fwrite(start, 1, (size_t)(end - start), page->stream);
}

static void write_css(struct page *page)
{
	write_span(page, page_css, page_css_end);
}

static void write_js(struct page *page)
{
	write_span(page, page_model_js, page_model_js_end);
	write_span(page, page_graph_js, page_graph_js_end);
	write_span(page, page_page_js, page_page_js_end);
}

static const struct {
	const char *mark;
	void (*write)(struct page *page);
} parts[] = {
	{"@@NONCE@@", write_nonce},
	{"@@HOST@@", write_host},
	{"@@TIME@@", write_time},
	{"@@KERNEL@@", write_kernel},
	{"@@VERSION@@", write_version},
	{"@@SUMMARY@@", write_summary},
	{"@@CSS@@", write_css},
	{"@@JS@@", write_js},
	{"@@DATA@@", write_data},
};

/* Writes the part whose mark stands at `at` and returns the mark's length; 0: none does. */
static size_t write_part(struct page *page, const char *at)
{
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t len = strlen(parts[i].mark);

		if (strncmp(at, parts[i].mark, len))
			continue;
		parts[i].write(page);
		return len;
	}
	return 0;
}

static void write_template(struct page *page)
{
	const char *at = page_html;

	while (at < page_html_end && !page->err && !ferror(page->stream)) {
		const char *mark = strstr(at, "@@");

		write_span(page, at, mark ? mark : page_html_end);
		if (!mark)
			return;
		at = mark + write_part(page, mark);
		if (at == mark) {
			write_span(page, at, at + 2);
			at += 2;
		}
	}
}

static void make_nonce(char nonce[17])
{
	uint64_t random = 0;

	getrandom(&random, sizeof(random), GRND_NONBLOCK);
	snprintf(nonce, 17, "%016" PRIx64, random);
}

int flamegraph_write(const struct export_view *view, FILE *stream)
{
	struct page page = {.profile = view->profile, .trust = view->trust, .stream = stream};

	make_nonce(page.nonce);
	page.err = build_tree(&page);
	if (!page.err)
		write_template(&page);
	buf_release(&page.json);
	free(page.order);
	free(page.depths);
	free(page.totals);
	hot_lines_release(&page.lines);
	tree_release(&page.tree);
	return page.err;
}
