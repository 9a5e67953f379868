# SPDX-License-Identifier: GPL-2.0-or-later
"""What readelf's symbol tables say an address is called: a set of acceptable names; and objdump's labels of PLTs."""
import bisect
import collections
import lzma
import os
import pathlib
import re
import subprocess
import tempfile

Section = collections.namedtuple("Section", "number name type address size flags")
Symbol = collections.namedtuple("Symbol", "start end section name")
MARKERS = {"_etext", "etext", "__etext", "__executable_start", "__bss_start", "_edata", "_end"}
PLTS = (".plt", ".plt.sec", ".plt.got", ".plt.bnd", ".iplt")


def said(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
                          text=True, errors="surrogateescape", env={**os.environ, "LC_ALL": "C"}).stdout


def sections(path):
    """Those with code, by number."""
    out = {}
    for line in said("readelf", "-SW", path).splitlines():
        match = re.match(r"\s*\[ *(\d+)\] (\S+)\s+(\S+)\s+([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +([A-Zo]*X[A-Zo]*) ",
                         line)
        if match:
            number, name, kind, address, size, flags = match.groups()
            out[int(number)] = Section(int(number), name, kind, int(address, 16), int(size, 16), flags)
    return out


def is_name(name, kind):
    """An assembly label that names code."""
    if kind != "NOTYPE":
        return True
    return not (name.startswith(("$", ".L", "__start_", "__stop_")) or name in MARKERS)


class Table:
    """One symbol table: sized symbols and labels, sorted by their start."""

    def __init__(self, code, whole):
        self.code, self.whole, self.sized, self.labels = code, whole, [], []

    def add(self, line):
        fields = line.split(None, 7)
        if len(fields) < 8 or fields[3] not in ("FUNC", "IFUNC", "NOTYPE") or not fields[6].isdigit():
            return
        value, kind, section = int(fields[1], 16), fields[3], self.code.get(int(fields[6]))
        size = int(fields[2], 0)
        if not section or not section.address <= value < section.address + section.size:
            return
        name = re.sub(r"(?<=.)@.*| \(\d+\)$", "", fields[7])
        end = section.address + section.size
        if size:
            self.sized.append(Symbol(value, min(end, value + size), section, name))
        elif is_name(name, kind):
            self.labels.append(Symbol(value, end, section, name))

    def sort(self):
        self.sized.sort(key=lambda symbol: symbol.start)
        self.labels.sort(key=lambda symbol: symbol.start)
        self.starts = [symbol.start for symbol in self.sized]
        # The largest end of all that start before: where looking further back is in vain.
        self.reach, reach = [], 0
        for symbol in self.sized:
            reach = max(reach, symbol.end)
            self.reach.append(reach)

    def covers(self, address):
        """Names of the innermost ones with a size."""
        start, names = None, set()
        for i in range(bisect.bisect_right(self.starts, address) - 1, -1, -1):
            symbol = self.sized[i]
            if self.reach[i] <= address or (start is not None and symbol.start < start):
                break
            if address < symbol.end:
                start = symbol.start
                names.add(symbol.name)
        return names


def tables(path):
    """.symtab first, then .dynsym; in between those of an installed debug file and of .gnu_debugdata."""
    found = {}
    code = sections(path)
    for line in said("readelf", "-sW", path).splitlines():
        head = re.match(r"Symbol table '(.*)' contains", line)
        if head:
            current = found.setdefault(head[1], Table(code, head[1] == ".symtab"))
        elif found:
            current.add(line)
    order = [found[name] for name in (".symtab", ".dynsym") if name in found]
    debug = debug_file(path)
    further = [table for other in ((debug,) if debug and debug != path else ()) for table in tables(other)]
    order[1 if ".symtab" in found else 0:0] = further + mini_tables(path)
    for table in order:
        table.sort()
    return order


def mini_tables(path):
    """Those of the file in .gnu_debugdata."""
    if ".gnu_debugdata" not in said("readelf", "-SW", path):
        return []
    with tempfile.NamedTemporaryFile() as packed, tempfile.NamedTemporaryFile() as inner:
        said("objcopy", "-O", "binary", "--only-section=.gnu_debugdata", "--set-section-flags",
             ".gnu_debugdata=alloc", path, packed.name)
        try:
            inner.write(lzma.decompress(pathlib.Path(packed.name).read_bytes()))
        except (lzma.LZMAError, EOFError):
            return []
        inner.flush()
        return tables(inner.name)


def debug_file(path):
    match = re.search(r"Build ID: ([0-9a-f]{2})([0-9a-f]+)", said("readelf", "-nW", path))
    debug = f"/usr/lib/debug/.build-id/{match[1]}/{match[2]}.debug" if match else ""
    return debug if os.path.exists(debug) else None


def label_names(order, address):
    """The labels nearest before an address, unless something with a size ends in between."""
    best, names = -1, set()
    for table in order:
        i = bisect.bisect_right([symbol.start for symbol in table.labels], address) - 1
        while i >= 0 and table.labels[i].start >= best:
            symbol = table.labels[i]
            if symbol.start > best:
                best, names = symbol.start, set()
            if address < symbol.end:
                names.add(symbol.name)
            i -= 1
    for table in order:
        for symbol in table.sized:
            if symbol.start > address:
                break
            if best < symbol.end <= address:
                return set()
    return names


def names_of(order, address):
    """All names that are right; empty: it must have none (but that of a PLT entry)."""
    for table in order:
        names = table.covers(address)
        if names:
            return names
    labels = label_names(order, address)
    # Only .dynsym: what was stripped may follow a label, and no name is right too.
    return labels | {""} if labels and not any(table.whole for table in order) else labels


def plt_labels(path):
    """{address: name without @plt} as objdump names PLT entries; "" where it has only an address to tell."""
    out = {}
    for section in sections(path).values():
        if section.name not in PLTS or section.type != "PROGBITS":
            continue
        for line in said("objdump", "-d", "-j", section.name, path).splitlines():
            match = re.match(r"([0-9a-f]+) <(.*)@plt>:", line)
            if match:
                name = match[2]
                out[int(match[1], 16)] = "" if name.startswith("*ABS*") else re.sub(r"(?<=.)@.*", "", name)
    return out
