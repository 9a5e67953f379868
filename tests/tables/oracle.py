# SPDX-License-Identifier: GPL-2.0-or-later
"""What binutils' readelf says about a file's CFI, as a function of the address; nothing here is profound's."""
import bisect
import collections
import re
import subprocess

# What one address needs: the CFA, rbp and ra columns, the rsp column ("u" when there is none), and the texts of
# expressions where a column says "exp".
Row = collections.namedtuple("Row", "cfa rbp ra rsp extra")
NONE = None
RBP = 6
HEX = frozenset("0123456789abcdef")

FDE = re.compile(r"([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ FDE (?:cie=([0-9a-f]+) )?pc=([0-9a-f]+)\.\.([0-9a-f]+)")
CIE = re.compile(r"([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ CIE")


def readelf(path, *options):
    """The output's lines. -wN: a file of debug information elsewhere is not this file."""
    return subprocess.run(["readelf", "-wN", "-W", *options, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=False).stdout.decode(errors="replace").splitlines()


def entry(path):
    """e_entry; where no code is when there is none."""
    found = re.search(r"Entry point address:\s+0x([0-9a-f]+)", "\n".join(readelf(path, "-h")))
    return int(found[1], 16) or 1 << 64


def sections(path):
    """{name: (type, address, size, flags, offset)}"""
    found = {}
    for line in readelf(path, "-S"):
        match = re.match(r" *\[ *\d+\] (\S+) +(\S+) +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) [0-9a-f]+ +([A-Za-z]*) ", line)
        if match:
            found[match[1]] = (match[2], int(match[3], 16), int(match[5], 16), match[6], int(match[4], 16))
    return found


def code_segments(path):
    """[(start, end)] of executable PT_LOAD segments."""
    found = []
    for line in readelf(path, "-l"):
        fields = line.split()
        if fields[:1] == ["LOAD"] and "E" in "".join(fields[6:-1]):
            found.append((int(fields[2], 16), int(fields[2], 16) + int(fields[5], 16)))
    return found


def expressions(path):
    """{(section, FDE's offset): (end, {address: Extra})} for the FDEs that have expressions or undefine rbp."""
    found, block, section, offset, start, end, signals, signal = {}, [], None, None, 0, 0, {}, False

    def end_block():
        if offset is not None and any("expression" in line or "undefined: r6" in line for line in block):
            found[section, offset] = end, follow(block, start, signal)
        block.clear()

    for line in readelf(path, "--debug-dump=frames"):
        if line.startswith("  "):
            if offset is not None:
                block.append(line)
            elif "Augmentation:" in line:
                signals[section, cie] = "S" in line.split('"')[1]
            continue
        match = FDE.match(line)
        if match:
            end_block()
            offset, start, end = match[1], int(match[3], 16), int(match[4], 16)
            signal = signals.get((section, match[2].lstrip("0")), False)
            continue
        match = CIE.match(line)
        if match:
            end_block()
            offset, cie = None, match[1].lstrip("0")
        elif line.startswith("Contents of the "):
            end_block()
            section, offset = line.split()[3], None
    end_block()
    return found


Extra = collections.namedtuple("Extra", "cfa saved undefined signal")


def follow(block, start, signal):
    """What the expressions are from each address of one FDE on: a small CFA machine over readelf's words."""
    cfa, saved, undefined, stack, at, found = None, {}, frozenset(), [], start, {}
    for line in block:
        word, _, rest = line.strip().partition(" ")
        word = word.rstrip(":")
        register = re.search(r"r(\d+)", rest)
        if word in ("DW_CFA_set_loc", "DW_CFA_advance_loc", "DW_CFA_advance_loc1", "DW_CFA_advance_loc2",
                    "DW_CFA_advance_loc4"):
            at = int(rest.split()[-1], 16)
        elif word == "DW_CFA_def_cfa_expression":
            cfa = rest[rest.index("(") + 1:rest.rindex(")")]
        elif word.startswith("DW_CFA_def_cfa"):
            cfa = None
        elif word == "DW_CFA_remember_state":
            stack.append((cfa, saved, undefined))
        elif word == "DW_CFA_restore_state":
            cfa, saved, undefined = stack.pop()
        elif word == "DW_CFA_expression":
            body = rest.split(") (", 1)[1]
            saved, undefined = {**saved, int(register[1]): body[:body.rindex(")")]}, undefined - {int(register[1])}
        elif word == "DW_CFA_undefined":
            saved = {k: v for k, v in saved.items() if k != int(register[1])}
            undefined = undefined | {int(register[1])}
        elif register and word.startswith(("DW_CFA_offset", "DW_CFA_restore", "DW_CFA_same", "DW_CFA_val",
                                           "DW_CFA_register", "DW_CFA_GNU_neg")):
            saved = {k: v for k, v in saved.items() if k != int(register[1])}
            undefined = undefined - {int(register[1])}
        found[at] = Extra(cfa, saved, undefined, signal)
    return found


def functions(path):
    """
    {section: [(start, end, [(address, Row)])]} in the file's order. readelf prints no row for an FDE without
    instructions: its CIE's row holds then.
    """
    found, cies, rows, columns, cache, texts = {}, {}, None, None, {}, None
    inherited = False
    for line in readelf(path, "--debug-dump=frames-interp"):
        if rows is not None and len(line) > 17 and line[16] == " " and line[0] in HEX:
            tail = line[17:]
            row = cache.get((columns, tail))
            if row is None:
                row = cache[columns, tail] = read_row(columns, line.split())
            at = int(line[:16], 16)
            if "exp" in row:
                texts = expressions(path) if texts is None else texts
                row = row._replace(extra=texts[section, offset][1][at])
            if inherited:
                rows.clear()
                inherited = False
            rows.append((at, row))
        elif line.startswith("   LOC "):
            columns = tuple(line.split())
        elif line.startswith("Contents of the "):
            section, rows = line.split()[3], None
            found[section] = []
        elif line:
            match = FDE.match(line)
            if match:
                offset, start = match[1], int(match[3], 16)
                rows = [(start, row) for _, row in cies[section, int(match[2], 16)][-1:]]
                inherited = True
                found[section].append((start, int(match[4], 16), rows))
            match = CIE.match(line)
            if match:
                rows, inherited = cies.setdefault((section, int(match[1], 16)), []), False
    return found


def read_row(columns, words):
    """A register is two words, "r10 (r10)"."""
    fields = dict(zip(columns, [word for word in words if not word.startswith("(")]))
    return Row(fields["CFA"], fields.get("rbp", "u"), fields.get("ra"), fields.get("rsp", "u"), None)


def undefined_rbp(texts):
    """[(start, end)] where rbp is undefined: readelf's "u" does not tell."""
    found = []
    for end, places in texts.values():
        starts = sorted(places)
        found += [(a, b) for a, b in zip(starts, starts[1:] + [end]) if RBP in places[a].undefined]
    return found


def flatten(found, segments, keep):
    """
    [(address, Row or NONE)], each address once: sections in the order of `keep`; in one the lower start wins, then
    the first; code outside of the segments does not count.
    """
    flat = []
    for section in keep:
        pieces, covered = [], 0
        for start, end, rows in sorted(found.get(section, ()), key=lambda fde: fde[0]):
            limit = next((b for a, b in segments if a <= start < b), 0)
            end = min(end, limit)
            if end > max(start, covered):
                pieces.append((max(start, covered), end, rows))
                covered = end
        flat = merge(flat, pieces)
    out, last = [], None
    for start, end, rows in flat:
        if last is not None and start > last:
            out.append((last, NONE))
        at = bisect.bisect_right(rows, start, key=lambda row: row[0])
        if not at:
            out.append((start, NONE))
        else:
            out.append((start, rows[at - 1][1]))
        out += [row for row in rows[at:] if row[0] < end]
        last = end
    return out + ([(last, NONE)] if last is not None else [])


def merge(first, second):
    """`first`, and what it leaves of `second`."""
    if not first:
        return second
    out, starts = list(first), [piece[0] for piece in first]
    for start, end, rows in second:
        at = max(bisect.bisect_right(starts, start) - 1, 0)
        while start < end:
            wall = first[at] if at < len(first) else None
            if wall and wall[1] <= start:
                at += 1
                continue
            stop = min(end, wall[0]) if wall else end
            if start < stop:
                out.append((start, stop, rows))
            start = max(wall[1], start) if wall else end
    return sorted(out, key=lambda piece: piece[0])
