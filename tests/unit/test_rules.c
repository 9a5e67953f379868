// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "object/rules.h"

static struct abi_rule made(int32_t offset)
{
	return (struct abi_rule){.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = offset, .ra_offset = -8};
}

static void test_fixed_ids(void **state)
{
	struct rules rules;

	(void)state;
	assert_int_equal(rules_init(&rules, NULL), 0);
	assert_int_equal(rules.count, 3);
	assert_int_equal(rules.rule[0].cfa, CFA_NONE);
	assert_int_equal(rules.rule[1].cfa, CFA_UNSUPPORTED);
	assert_int_equal(rules.rule[2].cfa, CFA_END);
	assert_int_equal(rules_add(&rules, &(struct abi_rule){.cfa = CFA_NONE}), 0);
	assert_int_equal(rules_add(&rules, &(struct abi_rule){.cfa = CFA_UNSUPPORTED}), 1);
	assert_int_equal(rules_add(&rules, &(struct abi_rule){.cfa = CFA_END}), 2);
	assert_int_equal(rules.count, 3);
	rules_release(&rules);
	rules_release(&rules);
}

static void test_equal_rules_are_one(void **state)
{
	struct abi_rule rule = made(8), other = made(8);
	struct rules rules;
	uint16_t id;

	(void)state;
	assert_int_equal(rules_init(&rules, NULL), 0);
	id = rules_add(&rules, &rule);
	assert_int_equal(id, 3);
	assert_int_equal(rules_add(&rules, &rule), id);
	other.rbp = SAVED_CFA;
	other.rbp_offset = -16;
	assert_int_equal(rules_add(&rules, &other), id + 1);
	assert_memory_equal(&rules.rule[id], &rule, sizeof(rule));
	assert_memory_equal(&rules.rule[id + 1], &other, sizeof(other));
	rules_release(&rules);
}

static void test_full(void **state)
{
	struct rules rules;
	struct abi_rule rule;

	(void)state;
	assert_int_equal(rules_init(&rules, NULL), 0);
	for (int32_t i = 3; i < ABI_RULES; i++) {
		rule = made(i);
		assert_int_equal(rules_add(&rules, &rule), i);
	}
	rule = made(ABI_RULES);
	assert_int_equal(rules_add(&rules, &rule), 1);
	assert_int_equal(rules.count, ABI_RULES);
	for (int32_t i = 3; i < ABI_RULES; i++) {
		rule = made(i);
		assert_int_equal(rules_add(&rules, &rule), i);
	}
	rules_release(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_ids),
		cmocka_unit_test(test_equal_rules_are_one),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
