// SPDX-License-Identifier: GPL-2.0-or-later
#include "shapes.h"

namespace geometry {

template <typename T> static double sum_of(const std::vector<std::unique_ptr<Shape>> &shapes, T factor)
{
	double sum = 0;

	for (const auto &shape : shapes)
		sum += shape->area() * factor;
	return sum;
}

double area(int n)
{
	std::vector<std::unique_ptr<Shape>> shapes;

	for (int i = 0; i < n; i++) {
		shapes.push_back(std::make_unique<Box<int>>(i, n));
		shapes.emplace_back(new Box<double>(i * 0.5, n));
	}
	return sum_of(shapes, 2) + sum_of(shapes, 0.5f);
}
}
