#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
tests/fuzz/make_go_corpus.py FOLDER: writes the seeds of fuzz_go_symbols: what its made file holds, 0x400 bytes of code
at 0x1000 and data at 0x1400: a table of two functions, one of which has two others inlined, its tree and moduledata.
"""
import pathlib
import struct
import sys

TEXT, DATA = 0x1000, 0x1400
NAMES = b"main.inner\0main.outer[...]\0main.main\0main.other\0"
FILES = b"/src/a.go\0/src/b.go\0"
NAME = {name: NAMES.index(name) for name in NAMES.split(b"\0") if name}
CODE = 64  # bytes a function


def varint(value):
    out = b""
    while value > 0x7f:
        out, value = out + bytes([value & 0x7f | 0x80]), value >> 7
    return out + bytes([value])


def values(*pairs):
    """A table of pctab: (value, bytes) ..."""
    out, before = b"", -1
    for value, size in pairs:
        change, before = value - before, value
        out += varint(change << 1 if change >= 0 else (-change << 1) - 1) + varint(size)
    return out + b"\0"


TABLES = [values((0, CODE)), values((0, 32), (1, 32)), values((10, 16), (20, 16), (30, 32)),
          values((-1, 16), (0, 8), (1, 8), (-1, 32))]  # pcsp, pcfile, pcln, PCDATA_InlTreeIndex


def seed(magic):
    word = 8 if magic == 0xfffffffa else 4
    pctab, offsets = b"\0", []
    for table in TABLES:
        offsets.append(len(pctab))
        pctab += table
    size = 72 if word == 4 else 64
    parts = [NAMES, struct.pack("<2I", 0, FILES.index(b"/src/b")), FILES, pctab]
    at, positions = size, []
    for i, part in enumerate(parts):
        at += -at % 8
        positions.append(at)
        at += len(part)
    at += -at % 8
    positions.append(at)
    head = 5 * word + (-(5 * word) % 8)
    fixed = {0xfffffffa: 44, 0xfffffff0: 40, 0xfffffff1: 44}[magic]
    funcs = [head, head + 96]
    tree = positions[4] + head + 192
    names = [b"main.main", b"main.other"]

    def func(i):
        out = struct.pack("<Q" if word == 8 else "<I", (TEXT if word == 8 else 0) + i * CODE)
        out += struct.pack("<IiI", NAME[names[i]], 0, 0) + struct.pack("<3I", *offsets[:3]) + struct.pack("<II", 3, 0)
        out += struct.pack("<i", 5) if magic == 0xfffffff1 else b""
        out += bytes([0, 0, 0, 4])
        assert len(out) == fixed
        out += struct.pack("<3I", 0, 0, offsets[3] if not i else 0)
        if word == 8:
            out += bytes(-(positions[4] + funcs[i] + len(out)) % 8) + struct.pack("<4Q", 0, 0, 0, DATA + tree)
        else:
            out += struct.pack("<4I", *[0xffffffff] * 3, 0)
        return out.ljust(96, b"\0")

    functab = b""
    for i in range(2):
        functab += struct.pack("<QQ" if word == 8 else "<II", (TEXT if word == 8 else 0) + i * CODE, funcs[i])
    functab += struct.pack("<Q" if word == 8 else "<I", (TEXT if word == 8 else 0) + 2 * CODE)
    functab = functab.ljust(head, b"\0") + func(0) + func(1)
    if magic == 0xfffffff1:
        functab += struct.pack("<4I", 0, NAME[b"main.outer[...]"], 4, 3) + struct.pack("<4I", 0, 0, 20, 7)
    else:
        functab += struct.pack("<hBBIIII", -1, 0, 0, 0, 1, NAME[b"main.outer[...]"], 4)
        functab += struct.pack("<hBBIIII", 0, 0, 0, 0, 1, 0, 20)
    out = struct.pack("<QQQ", magic | 0x0801 << 48, 2, 2) + (bytes(8) if word == 4 else b"") + struct.pack("<5Q", *positions)
    for position, part in zip(positions, [*parts, functab]):
        out = out.ljust(position, b"\0") + part
    out += bytes(-len(out) % 8)
    module = [0] * 41
    module[0], module[20], module[21], module[22], module[23] = DATA, TEXT, TEXT + 2 * CODE, TEXT, TEXT + 0x400
    module[38 if magic == 0xfffffff0 else 40] = DATA + tree
    return bytes([0x90]) * 0x400 + out + struct.pack("<41Q", *module)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, magic in (("go116", 0xfffffffa), ("go118", 0xfffffff0), ("go120", 0xfffffff1)):
        (folder / name).write_bytes(seed(magic))


main()
