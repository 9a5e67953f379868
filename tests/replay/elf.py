# SPDX-License-Identifier: GPL-2.0-or-later
"""Where an address of a process is in its files, from /proc/PID/maps and program headers: nothing of profound's."""
import pathlib
import struct


def segments(path):
    """(offset, address, size) of each PT_LOAD."""
    data = pathlib.Path(path).read_bytes()
    at, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for i in range(count):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, at + i * size)
        if kind == 1:
            yield offset, address, length


def strip_sections(source, path):
    """A copy that has no section table, as a packer leaves it."""
    data = bytearray(pathlib.Path(source).read_bytes())
    struct.pack_into("<Q", data, 40, 0)
    struct.pack_into("<HH", data, 60, 0, 0)
    pathlib.Path(path).write_bytes(data)
    pathlib.Path(path).chmod(0o755)


class Maps:
    def __init__(self, pid):
        self.lines = []
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            area, mode, offset, _, _, *path = line.split(maxsplit=5)
            start, end = (int(x, 16) for x in area.split("-"))
            if "x" in mode:
                self.lines.append((start, end, int(offset, 16), path[0] if path else ""))

    def made(self):
        """(start, end) of executable memory without a file."""
        return [(start, end) for start, end, _, path in self.lines if not path]

    def place(self, address):
        """file+0xADDRESS as the tables of that file count, or [jit]."""
        for start, end, offset, path in self.lines:
            if not start <= address < end:
                continue
            if path == "[vdso]":
                return f"[vdso]+{address - start:#x}"
            if not path.startswith("/"):
                return "[jit]"
            offset += address - start
            for at, virtual, size in segments(path):
                if at <= offset < at + size:
                    return f"{pathlib.Path(path).name}+{offset - at + virtual:#x}"
        return "nowhere"
