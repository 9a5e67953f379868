# SPDX-License-Identifier: GPL-2.0-or-later
"""What the instructions of .init, .fini and the PLTs do to rsp, read off objdump's words: the oracle for the rows of
code that linkers add without unwind information. Nothing here knows the bytes that profound looks for."""
import re
import subprocess

import oracle

SECTIONS = (".init", ".fini", ".plt", ".plt.got", ".plt.sec")
NAME = "linker code" # beside .eh_frame and .debug_frame
MARK = oracle.Extra(None, {}, frozenset(), False)
HARMLESS = ("endbr64", "mov", "test", "je", "call", "nop", "nopl", "nopw", "xchg", "data16")


def instructions(path, names):
    """{section: [(address, words)]}"""
    found, section = {}, None
    options = [word for name in names for word in ("-j", name)]
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


def functions(path, sections):
    """[(start, end, [(address, Row)])] as oracle.functions() gives them for a section of frames."""
    names = [name for name in SECTIONS if name in sections and sections[name][0] == "PROGBITS"]
    found = []
    for section, body in (instructions(path, names) if names else {}).items():
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
