// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "symbolize/demangle.h"

static void expect(const char *in, const char *out)
{
	struct buf buf = {0};
	int err = demangle(in, &buf);

	if (!out) {
		assert_int_equal(err, -ENOENT);
		assert_int_equal(buf.len, 0);
	} else {
		assert_int_equal(err, 0);
		assert_int_equal(buf_putc(&buf, 0), 0);
		assert_string_equal(buf.data, out);
	}
	buf_release(&buf);
}

static void test_cpp(void **state)
{
	(void)state;
	expect("_ZN3foo3barEi", "foo::bar");
	expect("__ZN3foo3barEi", "foo::bar");
	expect("_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back");
	expect("_Z3fooIiEvT_", "foo<int>");
	expect("_ZN3foo3barEi.isra.0", "foo::bar.isra.0");
	expect("_ZN3foo3barEi.part.0.cold", "foo::bar.part.0.cold");
	expect("_ZN3foo3barEi@plt", "foo::bar@plt");
	expect("_ZN12_GLOBAL__N_11fEv", "(anonymous namespace)::f");
	expect("_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()");
	expect("_ZNK3fooeqERKS_", "foo::operator==");
	expect("_ZN3fooC2Ev", "foo::foo");
	expect("_ZN3foo3barEi.constprop.0", "foo::bar.constprop.0");
}

static void test_rust(void **state)
{
	(void)state;
	expect("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt");
	expect("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE.llvm.1234",
		"core::fmt::Write::write_fmt.llvm.1234");
	expect("_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE",
		"<Test + 'static as foo::Bar<Test>>::bar");
	expect("_RNvC6_123foo3bar", "123foo::bar");
	expect("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar");
	expect("_RNvNtCs1234_7mycrate3foo3bar.llvm.9", "mycrate::foo::bar.llvm.9");
	/* rust-lang/rfcs 2603: generic arguments, an impl, a closure */
	expect("_RINvNtCs1234_7mycrate3foo3barlE", "mycrate::foo::bar::<i32>");
	expect("_RNvMs_NtCs1234_7mycrate3fooNtB4_4Shop4sell", "<mycrate::foo::Shop>::sell");
	expect("_RNvXs_Cs1234_7mycrateNtB4_4ShopNtNtCs5678_4core3fmt7Display3fmt",
		"<mycrate::Shop as core::fmt::Display>::fmt");
	expect("_RNCNvCs1234_7mycrate4main0", "mycrate::main::{closure#0}");
}

static void test_d(void **state)
{
	(void)state;
	expect("_D3std5stdio4File5closeMFNeZv", "std.stdio.File.close()");
	expect("_Dmain", "D main");
	expect("_D8demangle4testFZv", "demangle.test()");
	expect("_D8demangle11__T4testTaZv.cold", "demangle.test!(char).cold");
	expect("_Do_it", NULL);
}

/* libphobos' names, with 12 to 16 back-references. */
static void test_d_references(void **state)
{
	(void)state;
	expect("_D3std3uni__T16UnicodeSetParserTSQBf5regex8internal6parser__T6ParserTAyaTSQCuQBpQBmQBg7CodeGenZQBiZQDi"
		"8parseSetMFNfZSQElQEk__T13InversionListTSQFlQFk8GcPolicyZQBh",
		"std.uni.UnicodeSetParser!(std.regex.internal.parser.Parser!(immutable(char)[], std.regex.internal.pa"
		"rser.CodeGen).Parser).UnicodeSetParser.parseSet()");
	expect("_D3std8typecons__T10RefCountedTSQBe3net4curl4SMTP4ImplVEQCcQCb24RefCountedAutoInitializei1ZQCv"
		"15RefCountedStoreQCk8opAssignMFNcNjSQEyQEx__TQErTQEiVQDoi1ZQFfQCkQEgZQBi",
		"std.typecons.RefCounted!(std.net.curl.SMTP.Impl, 1).RefCounted.RefCountedStore.Impl.opAssign(std.typ"
		"econs.RefCounted!(std.net.curl.SMTP.Impl, 1).RefCounted.RefCountedStore.Impl)");
	expect("_D3std6format8internal5write__T12writeAlignedTSQBtQBs8NoOpSinkTAyaTQeTQhTaZQBsFNaNfKQBmQyQBaQBdMKxSQDtQDs"
		"4spec__T10FormatSpecTaZQpbZv",
		"std.format.internal.write.writeAligned!(std.format.NoOpSink, immutable(char)[], immutable(char)[], i"
		"mmutable(char)[], char).writeAligned(ref std.format.NoOpSink, immutable(char)[], immutable(char)[], "
		"immutable(char)[], scope ref const(std.format.spec.FormatSpec!(char).FormatSpec), bool)");
}

/* Each type holds the one before twice: what libiberty would write doubles with 5 more letters. */
static void test_d_references_that_double(void **state)
{
	char name[1200] = "_D1aFHiiHQeQg";
	struct buf buf = {0};

	(void)state;
	for (int i = 1; strlen(name) < 1020; i++) {
		int err;

		strcat(name, "HQgQiZv");
		err = demangle(name, &buf);
		assert_int_equal(err, i < 7 ? 0 : -ENOENT);
		assert_int_equal(buf.len != 0, i < 7);
		buf_clear(&buf);
		name[strlen(name) - 2] = 0;
	}
	buf_release(&buf);
}

/* Swift's names stay as they are: libiberty does not know them. */
static void test_swift(void **state)
{
	static const char *const names[] = {"$s4main3fooyyF", "$S4main3fooyyF", "_T04main3fooyyF",
		"_$s4main5GreetV5helloyyF", "_TtC4main3Foo"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		expect(names[i], NULL);
}

static void test_plain(void **state)
{
	static const char *const names[] = {"main", "", "_", "_Z", "_R", "_D", "__", "_ZN", "_start",
		"_Read", "__libc_start_main", "_Z.cold", "foo._ZN3foo3barEi"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		expect(names[i], NULL);
}

static void test_caps(void **state)
{
	char name[DEMANGLE_IN_MAX + 64] = "_Z";
	struct buf buf = {0};

	(void)state;
	memset(name + 2, 'P', sizeof(name) - 3);
	expect(name, NULL);
	name[DEMANGLE_IN_MAX] = 0;
	expect(name, NULL);
	/* each template argument is twice the one before: A<A<int, int>, A<int, int>> ... */
	strcpy(name, "_Z1fI1AIiiE");
	for (int i = 1; i <= 30; i++) {
		char digit = (char)(i < 10 ? '0' + i : 'A' + i - 10), more[16];

		snprintf(more, sizeof(more), "S0_IS%c_S%c_E", digit, digit);
		strcat(name, more);
		if (i != 2 && i != 30)
			continue;
		strcat(name, "EvT_");
		assert_int_equal(demangle(name, &buf), i == 2 ? 0 : -ENOENT);
		assert_int_equal(buf.len != 0, i == 2);
		buf_clear(&buf);
		name[strlen(name) - 4] = 0;
	}
	buf_release(&buf);
}

/* What is in the buffer already stays. */
static void test_appends(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_int_equal(buf_puts(&buf, "x "), 0);
	assert_int_equal(demangle("_Z1fv", &buf), 0);
	assert_int_equal(demangle("plain", &buf), -ENOENT);
	assert_int_equal(buf.len, 3);
	assert_memory_equal(buf.data, "x f", 3);
	buf_release(&buf);
}

static void test_is_rust(void **state)
{
	static const char *const rust[] = {"_ZN4core3fmt5Write9write_str17h0123456789abcdefE",
		"_ZN3foo3bar17h0123456789abcdefE.llvm.12345", "_RNvCs1234_7mycrate3foo", "_RINvNtC3std3mem8align_ofjdE",
		"_RNCNvC4main4main0B3_"};
	static const char *const other[] = {"main", "_ZN3foo3barEv", "_ZN3foo17h0123456789abcdeE", "_R", "_RN", "_RNv",
		"_RNG_init", "_RC5_encrypt", "_RegisterClass", "_ZN3foo20h0123456789abcdefEE", "h0123456789abcdefE", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(rust) / sizeof(*rust); i++)
		assert_true(demangle_is_rust(rust[i]));
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++)
		assert_false(demangle_is_rust(other[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpp), cmocka_unit_test(test_rust), cmocka_unit_test(test_d),
		cmocka_unit_test(test_d_references), cmocka_unit_test(test_d_references_that_double), cmocka_unit_test(test_swift),
		cmocka_unit_test(test_plain), cmocka_unit_test(test_caps), cmocka_unit_test(test_appends),
		cmocka_unit_test(test_is_rust),
	};

	return cmocka_run_group_tests_name("demangle", tests, NULL, NULL);
}
