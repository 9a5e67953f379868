// SPDX-License-Identifier: GPL-2.0-or-later
// What compilers inline: templates, lambdas, members of classes in namespaces, and C. Never run.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "shapes.h"

extern "C" int c_work(int n, const char *text);

namespace {
int square(int x) { return x * x; }
struct Local {
	std::vector<std::string> words;
	void add(int n) { words.push_back(std::to_string(square(n))); }
	size_t total() const
	{
		size_t sum = 0;
		for (const auto &word : words)
			sum += word.size();
		return sum;
	}
};
}

static int sorted(std::vector<int> &v)
{
	int calls = 0;
	auto less = [&calls](int a, int b) { calls++; return square(a) < square(b); };

	std::sort(v.begin(), v.end(), less);
	std::stable_sort(v.begin(), v.end(), [](int a, int b) { return a > b; });
	return calls;
}

static size_t counted(int n)
{
	std::map<std::string, std::vector<int>> ordered;
	std::unordered_map<int, std::shared_ptr<Local>> hashed;

	for (int i = 0; i < n; i++) {
		ordered[std::to_string(i % 7)].push_back(i);
		auto &local = hashed[i % 5];
		if (!local)
			local = std::make_shared<Local>();
		local->add(i);
	}
	for (auto &entry : hashed)
		ordered["x"].push_back((int)entry.second->total());
	return ordered.size();
}

static int nested(int n)
{
	struct Inside {
		int twice(int x) { return square(x) * 2; }
		__attribute__((noinline)) int thrice(int x) { return twice(x) + square(x); }
	};
	std::function<int(int)> f = [n](int x) { return Inside().thrice(x) + n; };

	return f(n) + f(n + 1);
}

int main(int argc, char **argv)
{
	std::vector<int> v;

	try {
		for (int i = 0; i < argc * 100; i++)
			v.push_back(i ^ 0x55);
		printf("%d %zu %d %d %f\n", sorted(v), counted(argc), nested(argc), c_work(argc, argv[0]),
			geometry::area(argc));
	} catch (const std::exception &error) {
		puts(error.what());
	}
	return 0;
}
