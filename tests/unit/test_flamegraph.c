// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_profile.h"

#include <zlib.h>

#include "export/exporter.h"
#include "made_trust.h"
#include "profile/figures.h"

static unsigned value_of(char digit)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strchr(digits, digit);

	assert_true(digit && at);
	return (unsigned)(at - digits);
}

/* Undoes base64 in place; returns the number of bytes. Written here so that it is not the code
 * under test. */
static size_t decode(char *text, size_t len)
{
	size_t out = 0;

	assert_int_equal(len % 4, 0);
	for (size_t i = 0; i < len; i += 4) {
		unsigned pad = (text[i + 2] == '=') + (text[i + 3] == '=');
		unsigned bits = value_of(text[i]) << 18 | value_of(text[i + 1]) << 12;

		if (pad < 2)
			bits |= value_of(text[i + 2]) << 6;
		if (pad < 1)
			bits |= value_of(text[i + 3]);
		for (unsigned k = 0; k < 3 - pad; k++)
			text[out++] = (char)(bits >> (16 - 8 * k));
	}
	return out;
}

/* The page's data as JSON, to be freed. */
static char *data_of(const char *page)
{
	const char *mark = "<script id=\"data\" type=\"text/plain\">";
	const char *start = strstr(page, mark), *end;
	uLongf len = 1 << 20;
	char *packed, *json = malloc(len + 1);

	assert_non_null(start);
	start += strlen(mark);
	end = strchr(start, '<');
	packed = strndup(start, (size_t)(end - start));
	assert_int_equal(uncompress((Bytef *)json, &len, (Bytef *)packed,
				 decode(packed, (size_t)(end - start))),
		Z_OK);
	json[len] = 0;
	free(packed);
	return json;
}

static void expect_data(struct profile *profile, const char *expected)
{
	struct trust trust = made_trust();
	char *page = made_text(flamegraph_write, profile, &trust), *json = data_of(page);

	assert_string_equal(json, expected);
	free(json);
	free(page);
	profile_release(profile);
}

#define NO_LINES "\"lines\":{\"frame\":[],\"file\":[],\"line\":[],\"samples\":[]},"
#define KINDS \
	"\"kinds\":[\"root\",\"thread\",\"kernel\",\"native\",\"jit\",\"unnamed\",\"truncated\",\"python\"],"

static void tree_is_in_preorder_heaviest_first(void **state)
{
	struct profile profile = {0};
	uint32_t f[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		f[i] = made_frame(&profile,
			(uint32_t[]){FRAME_FILE, FRAME_FILE, FRAME_KERNEL, FRAME_ANON}[i]);
	made_sample(&profile, "a", (uint32_t[]){f[0], f[2]}, 2, (struct profile_sample){0}, 2);
	made_sample(&profile, "a", (uint32_t[]){f[0], f[1]}, 2, (struct profile_sample){0}, 5);
	made_sample(&profile, "a", (uint32_t[]){f[0]}, 1, (struct profile_sample){0}, 1);
	made_sample(&profile, "b", (uint32_t[]){f[3]}, 1,
		(struct profile_sample){.cut = COUNTER_corrupt}, 9);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_named(&profile, f[0], "main", true);
	made_named(&profile, f[1], "in", true);
	made_named(&profile, f[1], "out", true);
	made_named(&profile, f[2], "read", true);
	made_named(&profile, f[3], "[jit]", false);
	expect_data(&profile,
		"{\"version\":1,\"strings\":[\"all\",\"main\",\"out\",\"in\",\"read_[k]\",\"[jit]"
		"\",\"a\",\"b\","
		"\"[truncated: corrupt]\"]," KINDS
		"\"frames\":{\"name\":[0,1,2,3,4,5,6,7,8],\"kind\":[0,3,3,3,2,5,1,1,6]}," NO_LINES
		"\"tree\":{\"up\":[0,0,0,0,3,0,0,0,2],\"frame\":[0,7,8,5,6,1,2,3,4]},"
		"\"series\":[{\"name\":\"samples\",\"unit\":\"samples\",\"self\":[0,0,0,9,0,1,0,5,"
		"2]}],"
		"\"trust\":{\"taken\":17,\"complete\":1974,\"unverified\":0,\"cut\":4}}");
}

/* With its file, whatever else has lines; a kind of its own. */
static void interpreted_function_has_its_file(void **state)
{
	struct profile profile = {0};
	uint32_t frame = made_frame(&profile, FRAME_RUNTIME);
	const struct profile_name name = {"C.work", "/app/x.py", 12, 10};

	(void)state;
	made_sample(&profile, "a", &frame, 1, (struct profile_sample){0}, 3);
	assert_int_equal(profile_begin_names(&profile), 0);
	assert_int_equal(profile_name(&profile, frame, &name), 0);
	profile.names[frame].named = true;
	profile.names[frame].type = FRAME_TYPE_CPYTHON;
	expect_data(&profile,
		"{\"version\":1,\"strings\":[\"all\",\"C.work (x.py)\",\"a\",\"/app/x.py\"]," KINDS
		"\"frames\":{\"name\":[0,1,2],\"kind\":[0,7,1]},"
		"\"lines\":{\"frame\":[1],\"file\":[3],\"line\":[12],\"samples\":[3]},"
		"\"tree\":{\"up\":[0,0,0],\"frame\":[0,2,1]},"
		"\"series\":[{\"name\":\"samples\",\"unit\":\"samples\",\"self\":[0,0,3]}],"
		"\"trust\":{\"taken\":3,\"complete\":1974,\"unverified\":0,\"cut\":4}}");
}

static void empty_profile_is_a_root(void **state)
{
	struct profile profile = {0};

	(void)state;
	assert_int_equal(profile_begin_names(&profile), 0);
	expect_data(&profile,
		"{\"version\":1,\"strings\":[\"all\"]," KINDS
		"\"frames\":{\"name\":[0],\"kind\":[0]}," NO_LINES
		"\"tree\":{\"up\":[0],\"frame\":[0]},"
		"\"series\":[{\"name\":\"samples\",\"unit\":\"samples\",\"self\":[0]}],"
		"\"trust\":{\"taken\":0,\"complete\":1974,\"unverified\":0,\"cut\":4}}");
}

/* By function, over all stacks; once a stack, however often the function is in it. */
static void lines_are_those_of_functions(void **state)
{
	struct profile profile = {0};
	uint32_t f[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		f[i] = made_frame(&profile, FRAME_FILE);
	made_sample(&profile, "a", (uint32_t[]){f[0], f[0], f[1]}, 3, (struct profile_sample){0}, 2);
	made_sample(&profile, "a", (uint32_t[]){f[2]}, 1, (struct profile_sample){0}, 5);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_line(&profile, f[0], "fib", "/s/f.c", 3);
	made_line(&profile, f[1], "in", "/s/in.h", 9);
	made_line(&profile, f[1], "fib", "/s/f.c", 4);
	made_line(&profile, f[2], "fib", "/s/f.c", 4);
	expect_data(&profile,
		"{\"version\":1,\"strings\":[\"all\",\"fib\",\"in\",\"a\",\"/s/f.c\",\"/s/in.h\"],"
		KINDS "\"frames\":{\"name\":[0,1,2,3],\"kind\":[0,3,3,1]},"
		"\"lines\":{\"frame\":[1,1,2],\"file\":[4,4,5],\"line\":[4,3,9],"
		"\"samples\":[7,2,2]},"
		"\"tree\":{\"up\":[0,0,0,0,0,0],\"frame\":[0,3,1,1,1,2]},"
		"\"series\":[{\"name\":\"samples\",\"unit\":\"samples\",\"self\":[0,0,5,0,0,2]}],"
		"\"trust\":{\"taken\":7,\"complete\":1974,\"unverified\":0,\"cut\":4}}");
}

/* What is not known is no number in the page, neither in its data nor in its summary. */
static void figures_that_are_not_known_are_null(void **state)
{
	struct profile profile = {0};
	struct trust trust;
	char *page, *json;

	(void)state;
	figures_forget(&trust);
	page = made_text(flamegraph_write, &profile, &trust);
	json = data_of(page);
	assert_non_null(strstr(json, "\"trust\":{\"taken\":0,\"complete\":null,\"unverified\":null,\"cut\":0}}"));
	assert_null(strstr(page, "-922337"));
	free(json);
	free(page);
}

/* More than one buffer of JSON and of base64, so that their seams are crossed. */
static void large_profile_is_whole(void **state)
{
	struct profile profile = {0};
	struct trust trust = made_trust();
	uint32_t f[3000];
	char *page, *json;

	(void)state;
	for (int i = 0; i < 3000; i++)
		f[i] = made_frame(&profile, FRAME_FILE);
	for (int i = 0; i < 3000; i++)
		made_sample(&profile, "c", (uint32_t[]){f[i], f[i * 7 % 3000], f[i * 13 % 3000]}, 3,
			(struct profile_sample){0}, 1000000 + (uint64_t)i);
	assert_int_equal(profile_begin_names(&profile), 0);
	for (int i = 0; i < 3000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "function_%08x", (unsigned)i * 2654435761u);
		made_named(&profile, f[i], name, true);
	}
	page = made_text(flamegraph_write, &profile, &trust);
	json = data_of(page);
	assert_true(strlen(json) > 2 * 65536);
	assert_non_null(strstr(json, "\"taken\":3004498500,"));
	assert_int_equal(json[strlen(json) - 1], '}');
	free(json);
	free(page);
	profile_release(&profile);
}

static void hostile_text_is_escaped(void **state)
{
	static struct trust_top top = {"</script><script>alert(1)</script>", "\"'&", 5};
	struct trust trust = made_trust();
	struct profile profile = {0};
	uint32_t f = made_frame(&profile, FRAME_FILE);
	char *page, *json;

	(void)state;
	made_sample(&profile, "<b>\"\\", &f, 1, (struct profile_sample){0}, 1);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_named(&profile, f, "</script><script>alert(2)</script>\x01\xff", true);
	trust.top = &top;
	trust.n_top = 1;
	strcpy(trust.host, "<i>@@DATA@@");
	page = made_text(flamegraph_write, &profile, &trust);
	assert_null(strstr(page, "alert(2)"));
	assert_null(strstr(page, "<script>alert"));
	assert_non_null(strstr(
		page, "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt; &quot;&#39;&amp;"));
	assert_non_null(strstr(page, "<title>&lt;i&gt;@@DATA@@"));
	json = data_of(page);
	assert_non_null(strstr(json, "\"<b>\\\"\\\\\""));
	free(json);
	free(page);
	profile_release(&profile);
}

static void page_needs_nothing_else(void **state)
{
	static const char *const forbidden[] = {"src=", "@import", "url(", "<link", "fetch(",
		"XMLHttpRequest", "innerHTML", "insertAdjacentHTML", "document.write", "eval(",
		"@@"};
	struct profile profile = {0};
	struct trust trust = made_trust();
	char *page, *nonce;

	(void)state;
	assert_int_equal(profile_begin_names(&profile), 0);
	page = made_text(flamegraph_write, &profile, &trust);
	for (unsigned i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (strstr(page, forbidden[i]))
			fail_msg("the page has '%s'", forbidden[i]);
	nonce = strstr(page, "default-src 'none'; script-src 'nonce-");
	assert_non_null(nonce);
	assert_true(strspn(nonce + strlen("default-src 'none'; script-src 'nonce-"),
			    "0123456789abcdef") == 16);
	assert_non_null(strstr(page, "<dt>samples</dt><dd>1,978 of 1,980 expected"));
	assert_non_null(strstr(page, "</html>"));
	free(page);
	profile_release(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_is_in_preorder_heaviest_first),
		cmocka_unit_test(interpreted_function_has_its_file),
		cmocka_unit_test(empty_profile_is_a_root),
		cmocka_unit_test(lines_are_those_of_functions),
		cmocka_unit_test(figures_that_are_not_known_are_null),
		cmocka_unit_test(large_profile_is_whole),
		cmocka_unit_test(hostile_text_is_escaped),
		cmocka_unit_test(page_needs_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
