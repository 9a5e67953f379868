// SPDX-License-Identifier: GPL-2.0-or-later

package main

// The C side: a file that exports cannot define it.

// #cgo CFLAGS: -O2 -fomit-frame-pointer
// #include <stdint.h>
// extern uint64_t called(uint64_t x);
// static __attribute__((noinline)) uint64_t inner(uint64_t x, int back)
// {
//     if (back)
//         return called(x) + 1;
//     for (int i = 0; i < 400000; i++) {
//         x ^= x << 13;
//         x ^= x >> 7;
//         __asm__ volatile("" : "+r"(x));
//     }
//     return x;
// }
// uint64_t outer(uint64_t x, int back)
// {
//     uint64_t y = inner(x, back);
//
//     __asm__ volatile("" ::: "memory");
//     return y + 1;
// }
import "C"
