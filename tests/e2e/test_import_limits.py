# SPDX-License-Identifier: GPL-2.0-or-later
"""Profile files that are hostile: one clear line, or what they say; never more memory and work than their size allows."""
import gzip
import random
import resource
import sys
import zlib

import pytest

import importing

sys.path.insert(0, str(importing.TOP / "tests/fuzz"))
import make_import_corpus as corpus  # noqa: E402
from make_import_corpus import message, number, packed, varint  # noqa: E402

SIZE = 1 << 20   # of a hostile file
FACTOR = 64      # bytes of memory for one of the file
FREE = 32 << 20  # and these: the program and its libraries
SECONDS = 20     # of CPU: none takes one


@pytest.fixture(scope="module", autouse=True)
def built():
    importing.build()


def run_within(path, format_="stats", memory=None):
    """(exit status, what it says) of a reader that may map so much memory."""
    memory = memory or FACTOR * path.stat().st_size + FREE

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    done = importing.run("/dev/null", format_, path, preexec_fn=limit)
    return done.returncode, done.stderr


def otlp(dictionary, *profiles):
    return message(2, dictionary) + message(1, message(2, *(message(2, one) for one in profiles or [b""])))


def pprof(*parts):
    return b"\x32\x00" + message(1, number(1, 0) + b"\x08\x00") + b"".join(parts)


def times(size, make):
    return b"".join(make(i) for i in range(SIZE // size))


MAPPED = message(1) + message(1, number(1, 1), number(2, 1 << 40))
LONG = message(5) + message(5, b"n" * 8000)
DIFFERENT = message(2) + b"".join(message(2, number(1, 1), number(2, i)) for i in range(1, 128))


def three(i):
    return bytes([i % 127 + 1, i // 127 % 127 + 1, i // 127 // 127 % 127 + 1])


def distinct_stacks():
    return MAPPED + DIFFERENT + message(7) + times(14, lambda i: b"\x3a\x05\x0a\x03" + three(i))


# What makes most of few bytes: each names a table, or something that is kept once for each.
HOSTILE = {
    **{f"otlp-table-{field}": lambda field=field: otlp(bytes([field << 3 | 2, 0]) * (SIZE // 2)) for field in range(1, 8)},
    "otlp-locations": lambda: otlp(MAPPED + message(2) + times(9, lambda i: message(2, number(1, 1), number(2, i + 1)))),
    "otlp-long-names": lambda: otlp(
        LONG + message(1) + message(1, number(1, 1), number(2, 1 << 40), number(4, 1)) + message(2) +
        times(10, lambda i: message(2, number(1, 1), number(2, i + 1)))),
    "otlp-long-functions": lambda: otlp(
        LONG + message(3) + message(3, number(1, 1)) + MAPPED + message(2) +
        times(15, lambda i: message(2, number(1, 1), number(2, i + 1), message(3, number(1, 1))))),
    "otlp-strings": lambda: otlp(times(6, lambda i: message(5, b"%x" % i))),
    "otlp-stack": lambda: otlp(message(2) + message(7, message(1, bytes(SIZE)))),
    "otlp-stacks": lambda: otlp(distinct_stacks()),
    "otlp-samples": lambda: otlp(distinct_stacks(), times(14, lambda i: message(2, number(1, i), number(4, 1)))),
    "otlp-lines": lambda: otlp(message(2) + times(120000, lambda i: message(2, b"\x1a\x00" * 60000))),
    "otlp-resources": lambda: message(2, b"") + times(24, lambda i: message(
        1, message(1, message(1, message(1, b"k"), message(2, message(1, b"%x" % i)))), message(2, message(2)))),
    "otlp-figures": lambda: otlp(
        message(5) + message(5, "profound.kernel") + message(5, b"v" * 8000) + message(6) +
        message(6, number(1, 1), message(2, number(8, 2))), message(11, b"\x01" * SIZE)),
    "pprof-strings": lambda: pprof(b"\x32\x00" * (SIZE // 2)),
    "pprof-mappings": lambda: pprof(times(6, lambda i: message(3, number(1, i + 1)))),
    "pprof-functions": lambda: pprof(times(6, lambda i: message(5, number(1, i + 1)))),
    "pprof-backwards": lambda: pprof(times(6, lambda i: message(5, number(1, SIZE - i)))),
    "pprof-locations": lambda: pprof(message(3, number(1, 1), number(2, 1), number(3, 1 << 40)), times(
        12, lambda i: message(4, number(1, i + 1), number(2, 1), number(3, i + 1)))),
    "pprof-samples": lambda: pprof(
        message(3, number(1, 1), number(2, 1), number(3, 1 << 40)),
        b"".join(message(4, number(1, i + 1), number(2, 1), number(3, i + 1)) for i in range(127)),
        times(9, lambda i: message(2, message(1, three(i)), number(2, 1)))),
    "pprof-comments": lambda: pprof(message(6, b"profound.kernel=" + b"v" * 8000), message(13, b"\x01" * SIZE)),
    "folded-deep": lambda: b";".join([b"a"] * (SIZE // 2)) + b" 1\n",
    "folded-comms": lambda: times(8, lambda i: b"%x 1\n" % i),
    "folded-names": lambda: b";".join(b"%x" % i for i in range(SIZE // 6)) + b" 1\n",
    "folded-stacks": lambda: times(9, lambda i: b"a;%x 1\n" % i),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_memory_and_work_are_a_constant_times_the_file(tmp_path, name):
    path = tmp_path / "file"
    path.write_bytes(HOSTILE[name]())
    size = path.stat().st_size
    assert SIZE / 2 < size < SIZE * 3
    assert run_within(path) == (0, "")


def shared_stack(samples):
    """One stack of 20,000 frames, and threads that all were in it: to be written out 20,000 times."""
    dictionary = b"".join(message(5, b"" if not i else b"t%d" % i if i > 1 else b"thread.name") for i in range(20000))
    dictionary += message(6) + b"".join(message(6, number(1, 1), message(2, number(8, i))) for i in range(1, 20000))
    dictionary += message(2) + message(7) + message(7, message(1, bytes(20000)))
    return otlp(dictionary, samples)


def test_samples_that_share_a_stack_are_read_once(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(shared_stack(message(2, number(1, 1), number(4, 1)) * 1000000))
    assert run_within(path, "folded") == (0, "")


def test_stacks_that_nobody_could_write_out_are_refused(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(shared_stack(b"".join(message(2, number(1, 1), packed(2, i), number(4, 1)) for i in range(1, 20000))))
    status, said = run_within(path, "folded")
    assert status == 1 and "deeper in all than a file of its size may have them" in said


def bomb(size):
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(pack.compress(bytes(1 << 20)) for _ in range(size >> 20)), pack.flush()])


def test_gzip_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bomb(64 << 20))
    assert run_within(path, memory=FREE + (64 << 20)) == (
        1, f"{path}: unpacks to more than 256 times its size, or to more than 1 GiB: no profile does\n")
    # What is packed well is read.
    path.write_bytes(gzip.compress(b"comm;" + b";".join([b"main"] * 2000000) + b" 1\n"))
    assert run_within(path, memory=1 << 30) == (0, "")


def test_files_that_are_too_large_are_not_read(tmp_path):
    path = tmp_path / "file"
    with open(path, "wb") as file:
        file.truncate((1 << 30) + 1)
    assert run_within(path, memory=FREE + (64 << 20)) == (1, f"{path}: larger than 1 GiB, the most that is read\n")


def test_packed_twice_and_in_a_row(tmp_path):
    data = corpus.otlp()
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(data[:40]) + gzip.compress(data[40:]))
    assert importing.folded(tmp_path / "x", path) == importing.folded(tmp_path / "y", write(tmp_path / "plain", data))
    assert "no profile" in importing.refuse(tmp_path / "none", write(path, gzip.compress(gzip.compress(data))))
    for data in (gzip.compress(data)[:-9], gzip.compress(data)[:5], gzip.compress(data) + b"junk",
                 gzip.compress(data)[:-8] + bytes(8)):
        assert importing.refuse(tmp_path / "none", write(path, data)) == f"{path}: its gzip data is damaged or cut off"


def write(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("data", [
    b"\x7fELF\2\1\1" + bytes(57), bytes(100), b"PERFILE2" + bytes(96), b"\x28\xb5\x2f\xfd" + bytes(20), b"{\"a\": \0}"])
def test_what_is_no_profile(tmp_path, data):
    path = write(tmp_path / "file", data)
    assert importing.refuse(tmp_path / "x", path) == f"{path}: no profile: neither OTLP nor pprof nor folded lines"


BAD_OTLP = {
    "string": (message(5) + message(3, number(1, 9)), b"", "an index past the end of the string table"),
    "attribute": (b"", message(2, packed(2, 7)), "an index past the end of the attribute table"),
    "mapping": (message(2, number(1, 4)), b"", "an index past the end of the mapping table"),
    "function": (message(2, message(3, number(1, 4))), b"", "an index past the end of the function table"),
    "location": (message(7, packed(1, 0)), b"", "an index past the end of the location table"),
    "itself": (message(2) + message(7, packed(1, 1)), b"", "an index past the end of the location table"),
    "stack": (b"", message(2, number(1, 1 << 31)), "an index past the end of the stack table"),
    "negative index": (b"", message(2, number(1, -1)), "an index past the end of the stack table"),
    "negative": (b"", message(2, packed(4, 3, -1)), "a value below 0"),
    "too much": (b"", message(2, number(4, 2 ** 63 - 1)) * 2, "add up to more than 2^63 - 1"),
    "too much in one": (b"", message(2, packed(4, *[2 ** 63 - 1] * 3)), "add up to more than 2^63 - 1"),
    "nothing": (b"", message(2, number(1, 0)), "a sample without values and timestamps"),
    "timestamps": (b"", message(2, message(5, bytes(12))), "timestamps that are not 8 bytes each"),
    "group": (b"\x0b", b"", "cut off, or no protobuf"),
    "length": (b"\x3a" + varint(2 ** 63), b"", "cut off, or no protobuf"),
    "lines": (message(2, b"\x1a\x00" * 65536), b"", "a location of more than 65,535 functions"),
    "types": (b"".join(message(5, b"%d" % i if i else b"") for i in range(70)),
              [message(1, number(1, i)) for i in range(70)], "more than 64 sample types"),
}


@pytest.mark.parametrize("name", BAD_OTLP)
def test_otlp_that_makes_no_sense(tmp_path, name):
    dictionary, profiles, what = BAD_OTLP[name]
    path = write(tmp_path / "file", otlp(dictionary, *(profiles if isinstance(profiles, list) else [profiles])))
    said = importing.refuse(tmp_path / "x", path)
    assert said.startswith(f"{path}: at byte ") and ": OTLP: " in said and what in said


def mutate(data, rng):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at:at + rng.randint(1, 9)]
            case 2:
                data[at:at] = rng.randbytes(rng.randint(1, 9))
            case 3:
                data[at:at + 1] = varint(rng.choice([2 ** 63, 2 ** 32 - 1, 2 ** 31, 2 ** 64 - 1]))
        if not data:
            break
    return bytes(data)


@pytest.mark.parametrize("name", ["otlp", "pprof", "folded", "gzip"])
def test_damaged_files_are_read_or_refused_in_one_line(tmp_path, name):
    whole = {"otlp": corpus.otlp(), "pprof": corpus.pprof(), "folded": corpus.FOLDED,
             "gzip": gzip.compress(corpus.pprof())}[name]
    rng, refused = random.Random(6), 0
    damaged = [whole[:len(whole) * i // 40] for i in range(40)] + [mutate(whole, rng) for _ in range(160)]
    for data in damaged:
        path = write(tmp_path / "file", data)
        done = importing.run("/dev/null", "folded", path)
        assert done.returncode in (0, 1)
        if done.returncode:
            assert done.stderr.count("\n") == 1 and done.stderr.startswith(f"{path}: ")
            refused += 1
        else:
            assert done.stderr == ""
    assert refused > 40
