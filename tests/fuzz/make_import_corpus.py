#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes tests/fuzz/corpus/fuzz_import_{otlp,pprof,folded,input}: one small file of each that has all that is read."""
import gzip
import pathlib
import struct


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7f:
        out, value = out + bytes([value & 0x7f | 0x80]), value >> 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, *parts):
    data = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return varint(field << 3 | 2) + varint(len(data)) + data


def packed(field, *values):
    return message(field, *map(varint, values))


def fixed(field, value):
    return varint(field << 3 | 1) + struct.pack("<Q", value)


STRINGS = ["", "samples", "count", "cpu", "nanoseconds", "main", "work", "/src/a.c", "/usr/bin/x", "0123abcd",
           "[kernel.kallsyms]", "vfs_read", "[truncated: corrupt]", "profile.frame.type", "native", "kernel",
           "thread.name", "web", "process.executable.build_id.gnu", "profound.unverified", "profound.samples.taken",
           "profound.cost.cpu_seconds", "comm", "unverified", "true", "service.name", "shop",
           "profound.samples.taken=5", "[x+0x12]", "off_cpu", "process.pid"]
AT = {text: i for i, text in enumerate(STRINGS)}


def otlp():
    attributes = [("", b""), ("profile.frame.type", message(1, "native")), ("profile.frame.type", message(1, "kernel")),
                  ("thread.name", message(1, "web")), ("process.executable.build_id.gnu", number(8, AT["0123abcd"])),
                  ("profound.unverified", number(2, 1)), ("profound.samples.taken", number(3, 5)),
                  ("profound.cost.cpu_seconds", varint(4 << 3 | 1) + struct.pack("<d", 0.5))]
    functions = ["", "main", "work", "vfs_read", "[truncated: corrupt]", "[x+0x12]"]
    dictionary = b"".join(message(5, text) for text in STRINGS)
    dictionary += b"".join(message(6, number(1, AT[key]), message(2, value)) for key, value in attributes)
    dictionary += message(1) + message(1, number(1, 0x1000), number(2, 0x9000), number(3, 0x1000),
                                       number(4, AT["/usr/bin/x"]), packed(5, 4))
    dictionary += message(1, number(4, AT["[kernel.kallsyms]"])) + message(4)
    dictionary += b"".join(message(3, number(1, AT[name]), number(3, AT["/src/a.c"]), number(4, 3)) for name in functions)
    dictionary += message(2)
    dictionary += message(2, number(1, 1), number(2, 0x1234), message(3, number(1, 2), number(2, 10)),
                          message(3, number(1, 1), number(2, 20)), packed(4, 1))
    dictionary += message(2, number(1, 2), message(3, number(1, 3)), packed(4, 2))
    dictionary += message(2, message(3, number(1, 4))) + message(2, number(1, 1), number(2, 0x2000))
    dictionary += message(2, number(1, 1), message(3, number(1, 5)))
    dictionary += message(7) + message(7, packed(1, 2, 1)) + message(7, packed(1, 1, 4, 3)) + message(7, packed(1, 5))

    def profile(type_, *samples):
        return message(2, message(1, number(1, AT[type_]), number(2, AT["count"])), *(message(2, one) for one in samples),
                       fixed(3, 10 ** 18), number(4, 10 ** 9), message(5, number(1, AT["cpu"]),
                                                                      number(2, AT["nanoseconds"])),
                       number(6, 10101010), message(7, bytes(range(16))), packed(11, 6, 7))

    stamps = message(5, struct.pack("<2Q", 10 ** 18, 10 ** 18 + 5))
    resource = message(1, message(1, message(1, "service.name"), message(2, message(1, "shop"))),
                       message(1, number(3, AT["process.pid"]), message(2, number(3, 17))))
    first = profile("samples", number(1, 1) + packed(2, 3, 5) + packed(4, 2), number(1, 2) + number(2, 3) + number(4, 1))
    second = profile("samples", number(1, 3) + stamps)
    other = profile("off_cpu", number(1, 1) + packed(4, 5, 6) + stamps)
    scope = message(1, message(1, "profound"))
    return (message(1, resource, message(2, scope, first, other)) + message(1, message(2, second)) +
            message(2, dictionary))


def pprof():
    types = b"".join(message(1, number(1, AT[kind]), number(2, AT[unit]))
                     for kind, unit in (("samples", "count"), ("cpu", "nanoseconds")))
    mappings = message(3, number(1, 1), number(2, 0x1000), number(3, 0x9000), number(5, AT["/usr/bin/x"]),
                       number(6, AT["0123abcd"])) + message(3, number(1, 7), number(5, AT["[kernel.kallsyms]"]))
    functions = b"".join(message(5, number(1, i), number(2, AT[name]), number(4, AT["/src/a.c"]), number(5, 3))
                         for i, name in ((1, "main"), (2, "work"), (9, "vfs_read"), (4, "[truncated: corrupt]")))
    locations = message(4, number(1, 1), number(2, 1), number(3, 0x1234), message(4, number(1, 2), number(2, 10)),
                        message(4, number(1, 1), number(2, 20)))
    locations += message(4, number(1, 5), number(2, 7), message(4, number(1, 9)))
    locations += message(4, number(1, 3), message(4, number(1, 4))) + message(4, number(1, 4), number(2, 1), number(3, 0x2000))

    def label(key, value):
        return message(3, number(1, AT[key]), number(2, AT[value]))

    samples = message(2, packed(1, 5, 1), packed(2, 2, 20202020), label("comm", "web"), label("unverified", "true"),
                      label("service.name", "shop"))
    samples += message(2, number(1, 4), number(1, 3), number(2, 3), number(2, 30303030),
                       message(3, number(1, AT["process.pid"]), number(3, 17)))
    rest = number(9, 10 ** 18) + number(10, 10 ** 9) + message(11, number(1, AT["cpu"]), number(2, AT["nanoseconds"]))
    rest += number(12, 10101010) + packed(13, AT["profound.samples.taken=5"]) + number(14, AT["samples"])
    return types + samples + mappings + locations + functions + b"".join(message(6, text) for text in STRINGS) + rest


FOLDED = b"""# a comment

web;main;work (a.c:10);vfs_read_[k] 2
web;[truncated: corrupt];[x+0x12];[jit] 1
;;[unknown] 9223372036854775800
only 3\r
"""


def main():
    top = pathlib.Path(__file__).resolve().parent / "corpus"
    made = {"otlp": otlp(), "pprof": pprof(), "folded": FOLDED}
    for name, data in made.items():
        folder = top / f"fuzz_import_{name}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    folder = top / "fuzz_import_input"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        (folder / name).write_bytes(data)
        (folder / f"{name}.gz").write_bytes(gzip.compress(data, mtime=0))


if __name__ == "__main__":
    main()
