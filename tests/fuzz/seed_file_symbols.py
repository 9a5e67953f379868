#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes tests/fuzz/corpus/fuzz_file_symbols: for each shape of a PLT what fuzz_file_symbols.c makes sections of."""
import lzma
import pathlib
import struct
import zlib

PART = 0x200
HEADER = bytes.fromhex("ff3500000000ff25000000000f1f4000")
SHAPES = {
    "lazy": (HEADER, bytes.fromhex("ff25000000006800000000e900000000"), 2),
    "tracked": (HEADER, bytes.fromhex("f30f1efa6800000000e9000000006690"), None),
    "second": (b"", bytes.fromhex("f30f1efaff2500000000660f1f440000"), 6),
    "short": (b"", bytes.fromhex("ff25000000006690"), 2),
}


def symbol(name, value=0, size=0, section=0, info=0x12):
    return struct.pack("<IBBHQQ", name, info, 0, section, value, size)


def part(data):
    assert len(data) <= PART
    return data.ljust(PART, b"\0")


def image(header, entry, slot):
    """Two entries, one of a symbol and one of an IFUNC that is the function at 0x1100."""
    code, relocations = header, b""
    for i, (kind, addend) in enumerate(((1 << 32 | 7, 0), (37, 0x1100))):
        at, got = 0x1000 + len(code), 0x3000 + 8 * i
        made = bytearray(entry)
        if slot:
            made[slot:slot + 4] = struct.pack("<i", got - (at + slot + 4))
        code += bytes(made)
        relocations += struct.pack("<QQq", got, kind, addend)
    strings = b"\0imported\0chooser\0"
    symbols = symbol(0, info=0) + symbol(1) + symbol(10, 0x1100, 16, 1)
    return part(code) + part(relocations) + part(symbols) + part(strings)


def main():
    folder = pathlib.Path(__file__).resolve().parent / "corpus/fuzz_file_symbols"
    folder.mkdir(parents=True, exist_ok=True)
    link = b"a.debug\0" + struct.pack("<I", zlib.crc32(b"whatever"))
    packed = lzma.compress(b"\x7fELF\2\1\1" + bytes(57), check=lzma.CHECK_CRC32)
    for name, (header, entry, slot) in SHAPES.items():
        (folder / name).write_bytes(image(header, entry, slot) + (link if slot else packed))


if __name__ == "__main__":
    main()
