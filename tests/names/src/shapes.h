// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <memory>
#include <vector>

namespace geometry {

class Shape {
public:
	virtual ~Shape() = default;
	virtual double area() const = 0;
};

template <typename T> class Box : public Shape {
	T width, height;

public:
	Box(T w, T h) : width(w), height(h) {}
	double area() const override { return scaled(1); }
	double scaled(T by) const
	{
		double sum = 0;
		for (int i = 0; i < (int)by; i++)
			sum += width * height;
		return sum;
	}
};

double area(int n);
}
