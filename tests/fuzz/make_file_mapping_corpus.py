#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
tests/fuzz/make_file_mapping_corpus.py FOLDER: writes the seed of fuzz_file_mapping: an ELF file of two segments, one of
them executable, with the build ids of the GNU tools and of Go, and where frames are.
"""
import pathlib
import struct
import sys

NAMES = b"\0.note.go.buildid\0.note.gnu.build-id\0.shstrtab\0"
GO = struct.pack("<3I4s", 4, 23, 4, b"Go") + b"abc/def/ghi/klmnop12345\0"
GNU = struct.pack("<3I4s", 4, 20, 3, b"GNU") + bytes(range(20))
HEADER, SEGMENT, SECTION = 64, 56, 64


def segment(flags, offset, address, size):
    return struct.pack("<2I6Q", 1, flags, offset, address, address, size, size, 0x1000)


def section(name, kind, offset, size):
    return struct.pack("<2I4Q2I2Q", name, kind, 0, 0, offset, size, 0, 0, 4, 0)


at = HEADER + 2 * SEGMENT
go, gnu, names = at, at + len(GO), at + len(GO) + len(GNU)
sections = names + len(NAMES)
frames = struct.pack("<8Q", 0x100, 0x10, 0x80, 0x1c0, 0x40, 0x7fffffff, 0x90, 2 ** 64 - 1)
content = (b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
           + struct.pack("<2HI3QI6H", 3, 62, 1, 0, HEADER, sections, 0, HEADER, SEGMENT, 2, SECTION, 4, 3)
           + segment(5, 0x80, 0x201080, 0x100) + segment(4, 0, 0x200000, 0x180)
           + GO + GNU + NAMES
           + section(0, 0, 0, 0) + section(NAMES.index(b".note.go"), 7, go, len(GO))
           + section(NAMES.index(b".note.gnu"), 7, gnu, len(GNU)) + section(NAMES.index(b".shstr"), 3, names, len(NAMES))
           + frames)
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
(folder / "elf").write_bytes(content)
