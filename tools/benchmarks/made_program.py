# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs with code of their own: C made from a number, so that no two share a function and each has unwind tables of
a real program's size, dynamically linked, without frame pointers."""
import concurrent.futures
import os
import random
import subprocess

FLAGS = ["-Og", "-w", "-fomit-frame-pointer"] # -O2 has the same number of rows, and takes three times as long
CHAIN = 12 # functions that call one another in a row
PARAMETERS = ", ".join(f"unsigned long {name}" for name in "abcdef")


def function(r, number, calls):
    """More variables than registers, an early return, a loop: pushes, pops and two ways out."""
    work = []
    for _ in range(r.randint(3, 8)):
        to, by = r.sample("abcdef", 2)
        work.append(f"{to} = ({to} {r.choice('+^-')} {by} * {r.randrange(3, 99)}ul) {r.choice(['>> 1', '+ 7', '^ 5'])};")
    work.append(f"for (unsigned long k = a & {r.choice([3, 7, 15])}; k; k--) c += k * b;")
    work.append("kept ^= c;")
    if r.random() < 0.5:
        work.append("if (d & 1) return a ^ e;")
    if calls:
        work.append(f"if (a & {r.choice([1, 3])}) b ^= f{number + 1}(c, d, e, f, a, b);")
    return f"F f{number}({PARAMETERS}) {{ {' '.join(work)} return a + b + c + d + e + f; }}"


PACE = r"""
#include <time.h>
static long long used(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}
static long long spent, second;
/* So many nanoseconds of CPU in each second, which begins at another time in each program. */
static void pace(long long share, long long phase)
{
	struct timespec until;
	long long now;
	if (used(CLOCK_PROCESS_CPUTIME_ID) - spent < share)
		return;
	now = used(CLOCK_MONOTONIC);
	second = second + 1000000000 > now ? second + 1000000000 : now - now % 1000000000 + 1000000000 + phase;
	until = (struct timespec){second / 1000000000, second % 1000000000};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0);
	spent = used(CLOCK_PROCESS_CPUTIME_ID);
}
"""


def source(number):
    """The C of program `number`: it runs through all its functions until it is killed, all the time, or for as many
    microseconds in each second as its argument says."""
    r = random.Random(number)
    n = CHAIN * r.randint(14, 28)
    functions = [function(r, i, (i + 1) % CHAIN) for i in reversed(range(n))]
    calls = "".join(f" x += f{i}(x, 2, 3, 4, 5, 6);" for i in range(0, n, CHAIN))
    return "\n".join(["#include <stdlib.h>", "volatile unsigned long kept;",
                      "#define F __attribute__((noinline, noclone)) static unsigned long", *functions,
                      PACE,
                      "int main(int argc, char **argv) { unsigned long x = 1; long long share = argc > 1 ? atoll(argv[1]) * 1000 : 0;",
                      f"for (;;) {{{calls} if (share) pace(share, {r.randrange(10**9)}); }} }}\n"])


def compile_one(folder, number):
    path = folder / f"paced{number}"
    if not path.exists():
        partial = path.with_suffix(".partial")
        subprocess.run(["gcc", *FLAGS, "-x", "c", "-", "-o", partial],
                       input=source(number).encode(), check=True)
        partial.rename(path)
    return path


def compile_all(folder, count):
    """Paths of so many programs in a folder that keeps them: half a second each the first time."""
    folder.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda number: compile_one(folder, number), range(count)))
