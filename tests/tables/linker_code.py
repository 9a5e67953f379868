# SPDX-License-Identifier: GPL-2.0-or-later
"""What the instructions of .init, .fini, the PLTs and crtbegin.o's functions do to rsp, read off objdump's words: the
oracle for the rows of code that linkers add without unwind information. Nothing here knows the bytes that profound
looks for."""
import re
import struct
import subprocess

import oracle

SECTIONS = (".init", ".fini", ".plt", ".plt.got", ".plt.sec")
NAME = "linker code" # beside .eh_frame and .debug_frame
MARK = oracle.Extra(None, {}, frozenset(), False)
MAYBE = oracle.Extra(None, {}, frozenset(), False) # crtbegin.o of any compiler: we know gcc's, and say nothing of others
HARMLESS = ("endbr64", "mov", "movb", "lea", "test", "cmp", "cmpb", "cmpq", "sub", "add", "shr", "sar", "je", "jne",
            "call", "nop", "nopl", "nopw", "xchg", "data16")
FUNCTION = 96 # bytes: none of crtbegin.o's is longer


def instructions(path, *options):
    """{section: [(address, words)]}"""
    found, section = {}, None
    done = subprocess.run(["objdump", "-d", "--no-show-raw-insn", *options, path], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    for line in done.stdout.decode(errors="replace").splitlines():
        if line.startswith("Disassembly of section "):
            section = found.setdefault(line.split()[3].rstrip(":"), [])
        elif section is not None and re.match(r" *[0-9a-f]+:\t", line):
            address, _, text = line.partition(":\t")
            section.append((int(address, 16), text.split("#")[0].removeprefix("bnd ").split()))
    return found


def change(words):
    """What an instruction adds to the frame; None: it does something else to it, or nobody knows."""
    name, operand = words[0], words[1] if len(words) > 1 else ""
    if name in ("push", "pushq"):
        return 8
    if name in ("pop", "popq"):
        return -8
    match = re.fullmatch(r"\$0x([0-9a-f]+),%rsp", operand)
    if match and name in ("add", "sub"):
        return int(match[1], 16) * (1 if name == "sub" else -1)
    if words == ["mov", "%rsp,%rbp"]:
        return 0
    return 0 if name in HARMLESS and not operand.endswith(("%rsp", "%rbp")) else None


def is_padding(words):
    return words[0].startswith(("nop", "data16")) or words == ["xchg", "%ax,%ax"]


def follow(section, body):
    """[(address, CFA's offset)] of each instruction, up to the first that nobody knows."""
    frame, fresh, out, entry = 8, False, [], 0
    for address, words in body:
        if fresh and not is_padding(words):
            frame, fresh, entry = 8, False, len(out)
        elif section == ".plt" and not out and words[0].startswith("push") and words[1].endswith("(%rip)"):
            frame = 16 # PLT0: its callers have pushed a number
        out.append((address, frame))
        if words[0] in ("jmp", "ret", "jmpq", "retq"):
            fresh = True
            continue
        by = change(words)
        if by is None:
            return out[:entry] if section.startswith(".plt") else []
        frame += by
    return out if fresh else out[:entry]


def target(words):
    """Where a direct jump or call goes."""
    match = re.match(r"(?:0x)?[0-9a-f]+$", words[1]) if len(words) > 1 and words[0].startswith(("j", "call")) else None
    return int(match[0], 16) if match else None


def function(path, start, limit):
    """(Rows of one function of crtbegin.o with its end, direct calls and jumps out of it); (None, []) if it is none."""
    limit = min(limit, start + FUNCTION)
    found = instructions(path, f"--start-address={start}", f"--stop-address={limit}")
    body, rows, leads, furthest, frame, saved = next(iter(found.values()), []), [], [], start, 8, "u"
    for at, (address, words) in enumerate(body):
        if rows and rows[-1] == "end" and not is_padding(words):
            rows, frame, saved = rows[:-1], 8, "u"
        rows = [row for row in rows if row != "end"]
        rows.append((address, oracle.Row(f"rsp+{frame}", saved, "c-8", "u", MAYBE)))
        to = target(words)
        if to is not None and words[0] in ("je", "jne") and to > address:
            furthest = max(furthest, to)
        elif to is not None:
            leads.append(to)
        if words[0] in ("jmp", "ret"):
            if address >= furthest:
                end = body[at + 1][0] if at + 1 < len(body) else limit
                return (start, end, rows), leads
            rows.append("end")
            continue
        by = change(words)
        if by is None:
            return None, []
        frame += by
        if words == ["push", "%rbp"]:
            saved = f"c-{frame}"
        elif words == ["pop", "%rbp"]:
            saved = "u"
    return None, []


def crtbegin(path, sections):
    """Its functions: the first of .init_array and of .fini_array, and what they lead to in .text."""
    out, text = [], sections.get(".text", ("", 0, 0))
    for name in (".init_array", ".fini_array"):
        if name not in sections or sections[name][2] < 8 or sections[name][0] == "NOBITS":
            continue
        with open(path, "rb") as file:
            file.seek(sections[name][4])
            start, = struct.unpack("<Q", file.read(8))
        end = text[1] + text[2]
        if not text[1] <= start < end:
            continue
        first, leads = function(path, start, end)
        more = [function(path, to, end)[0] for to in leads[-1:] if first and text[1] <= to < end]
        out += [one for one in (first, *more) if one]
    return out


def functions(path, sections):
    """[(start, end, [(address, Row)])] as oracle.functions() gives them for a section of frames."""
    names = [name for name in SECTIONS if name in sections and sections[name][0] == "PROGBITS"]
    found = crtbegin(path, sections)
    options = [word for name in names for word in ("-j", name)]
    for section, body in (instructions(path, *options) if names else {}).items():
        rows = follow(section, body)
        if rows:
            after = [address for address, _ in body if address > rows[-1][0]]
            end = after[0] if after else sections[section][1] + sections[section][2]
            found.append((rows[0][0], end,
                          [(at, oracle.Row(f"rsp+{frame}", "u", "c-8", "u", MARK)) for at, frame in rows]))
    return found


def concrete(text, address):
    """Our row's form of a PLT entry, as it is at one address."""
    match = re.fullmatch(r"plt\((\d+)\)(\t.*)", text)
    if not match:
        return text
    return f"rsp+{16 if address & 15 >= int(match[1]) else 8}{match[2]}"
