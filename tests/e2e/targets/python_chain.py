# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains that are known: argv[1] CPU seconds in each of the modes argv[2:]. Runs on CPython 3.6 and later."""
import asyncio
import functools
import itertools
import sys
import threading
import time

try:
    import ctypes
except ImportError:
    ctypes = None  # of builds without libffi

SECONDS = float(sys.argv[1])


def say(name, value):
    print(name, value, flush=True)


def leaf(n=4000):
    total = 0
    for i in range(n):
        total += i ^ n
    return total


def until(call):
    """Calls it again and again, for our share of CPU time."""
    end = time.thread_time() + SECONDS if hasattr(time, "thread_time") else time.process_time() + SECONDS
    clock = getattr(time, "thread_time", time.process_time)
    while clock() < end:
        call()


def mode_warm():
    until(leaf)


class Chain:
    def method(self):
        return self.by_class()

    @classmethod
    def by_class(cls):
        return cls.by_nobody()

    @staticmethod
    def by_nobody():
        return (lambda: leaf())()


def mode_functions():
    until(Chain().method)


def expression():
    return sum(leaf(n) for n in (4000, 4000))


def mode_comprehension():
    until(expression)


def inner_generator():
    while True:
        yield leaf()


def outer_generator():
    yield from inner_generator()


def mode_generators():
    generator = outer_generator()
    until(lambda: next(generator))


def decorator(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper


@decorator
@decorator
def decorated():
    return leaf()


def mode_decorators():
    until(decorated)


async def inner_coroutine():
    return leaf()


async def outer_coroutine():
    return await inner_coroutine()


async def coroutines():
    end = time.process_time() + SECONDS
    while time.process_time() < end:
        await outer_coroutine()
        await asyncio.sleep(0)


def mode_async():
    loop = asyncio.new_event_loop()
    loop.run_until_complete(coroutines())
    loop.close()


def compare(a, b):
    leaf(2000)
    return a[0] - b[0]


if ctypes:
    compare = ctypes.CFUNCTYPE(ctypes.c_int, *2 * [ctypes.POINTER(ctypes.c_int)])(compare)


def sort_in_c():
    numbers = (ctypes.c_int * 4)(3, 1, 4, 1)
    ctypes.CDLL(None).qsort(numbers, 4, 4, compare)


def mode_callback():
    until(sort_in_c)


def key_of(number):
    return leaf() + number


def sort_by_key():
    return sorted([2, 1, 3], key=key_of)


def mode_key():
    until(sort_by_key)


class Made:
    def __init__(self):
        self.value = leaf()


def make_one():
    return Made()


def mode_classes():
    """3.12 and later run code of their own between the two."""
    until(make_one)


def in_thread():
    until(leaf)


def mode_threads():
    threads = [threading.Thread(target=in_thread) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def recurse(depth):
    return leaf(20000) if depth == 0 else recurse(depth - 1)


def mode_deep():
    until(lambda: recurse(400))


def two_lines(size):
    sum(i ^ 1 for i in range(0))
    max(range(3 * size))
    max(range(1 * size))


def mode_lines():
    """Never twice the same size in a row: a loop of one length can keep step with the samples."""
    sizes = itertools.cycle([7000, 12100, 5300, 15700, 9100, 3500, 13300])
    until(lambda: two_lines(next(sizes)))


def ünïcode_中文_𐎀():
    return leaf()


def mode_unicode():
    until(ünïcode_中文_𐎀)


sys.setrecursionlimit(5000)
say("begin", 1)
for mode in sys.argv[2:]:
    globals()["mode_" + mode]()
say("end", 1)
