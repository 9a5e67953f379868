# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares `profound debug tables` with the oracle, address by address, values of expressions included."""
import os
import pathlib
import random
import re
import subprocess

import linker_code
import oracle

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROFOUND = os.environ.get("PROFOUND") or str(ROOT / os.environ.get("O", "build") / "profound")
REGISTERS = "rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15".split()
MASK = (1 << 64) - 1
# linux: arch/x86/include/uapi/asm/sigcontext.h, the order of gregs in the ucontext that starts at rsp
GREGS = "r8 r9 r10 r11 r12 r13 r14 r15 rdi rsi rbp rbx rdx rax rcx rsp".split()
UCONTEXT = {**{REGISTERS.index(name): 40 + 8 * i for i, name in enumerate(GREGS)}, 16: 168}


def ours(path):
    """([(start, row text)], what was said on stderr); None: no unwind information."""
    done = subprocess.run([PROFOUND, "debug", "tables", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode == 1 and "no unwind information" in done.stderr:
        return None, done.stderr
    assert done.returncode == 0, f"{path}: exit {done.returncode}: {done.stderr}"
    return [(int(line[:16], 16), line[17:]) for line in done.stdout.splitlines()], done.stderr


class Machine:
    """Random registers, and a memory that is a fixed random function of the address."""

    def __init__(self, seed):
        draw = random.Random(seed)
        self.seed, self.registers = seed, [draw.getrandbits(64) for _ in range(16)]
        self.registers.append(draw.getrandbits(64) & ~15 | seed)

    def memory(self, address):
        return random.Random(address * 31 + self.seed).getrandbits(64)


MACHINES = [Machine(seed) for seed in range(16)]  # the seed is the last four bits of rip: PLT entries


def evaluate(text, machine, first=None):
    """A DWARF expression in readelf's words; `first` is what is on the stack to begin with."""
    stack = [] if first is None else [first]
    for op in text.split("; "):
        name, _, rest = op.removeprefix("DW_OP_").partition(" ")
        name, number = name.rstrip(":"), re.search(r"(-?\d+)$", rest)
        number = int(number[1]) if number else None
        if name.startswith("breg"):
            stack.append(machine.registers[int(name[4:])] + number)
        elif name.startswith("lit"):
            stack.append(int(name[3:]))
        elif name.startswith("const"):
            stack.append(number)
        elif name == "plus_uconst":
            stack.append(stack.pop() + number)
        elif name == "deref":
            stack.append(machine.memory(stack.pop()))
        elif name == "drop":
            stack.pop()
        else:
            b, a = stack.pop(), stack.pop()
            stack.append({"plus": a + b, "minus": a - b, "and": a & b, "mul": a * b, "shl": a << (b & 63),
                          "ge": int(a >= b)}[name])
        stack[-1] &= MASK
    return stack[-1]


def decoded(text, machine):
    """The value of our form of a CFA or of an address: rsp+8, *(rsp+56)+8, *(rsp+8+8*r9)+8, plt(11)."""
    match = re.fullmatch(r"plt\((\d+)\)", text)
    if match:
        return machine.registers[7] + 8 + (8 if (machine.registers[16] & 15) >= int(match[1]) else 0) & MASK
    match = re.fullmatch(r"(\*\()?(r\w+?)([+-]\d+)(?:\+8\*(r\w+))?(?:\)([+-]\d+)?)?", text)
    value = machine.registers[REGISTERS.index(match[2])] + int(match[3]) & MASK
    if match[4]:
        value = value + 8 * machine.registers[REGISTERS.index(match[4])] & MASK
    if match[1]:
        value = machine.memory(value) + int(match[5] or 0) & MASK
    return value


def same_value(text, expression, first=False):
    return all(decoded(text, machine) == evaluate(expression, machine, 0 if first else None) for machine in MACHINES)


def is_ucontext(extra):
    return extra.signal and extra.cfa and same_value("*(rsp+160)", extra.cfa) and \
        set(extra.saved) == set(UCONTEXT) and \
        all(same_value(f"rsp+{UCONTEXT[reg]}", text, True) for reg, text in extra.saved.items())


PLAIN_CFA = re.compile(r"r\w+[+-]\d+")
PLAIN = re.compile(r"c[+-]\d+")


def is_plain(row):
    """A row that struct abi_rule has room for whatever its numbers."""
    return PLAIN_CFA.fullmatch(row.cfa) and (row.rbp in ("u", "s") or PLAIN.fullmatch(row.rbp)) and \
        row.ra and (PLAIN.fullmatch(row.ra) or re.fullmatch(r"r([0-9]|1[0-5])", row.ra)) and row.rsp == "u"


def agrees(text, row, undefined):
    """Our row says what readelf's says; `undefined`: rbp has no value there."""
    if row is oracle.NONE:
        return text == "none\tu\tu"
    if row.ra == "u":
        return text == "undefined\tu\tu"
    cfa, rbp, ra = text.split("\t")
    if cfa == "unsupported":
        return not is_plain(row)
    if row.extra and row.extra.signal:
        return text == "signal\tu\tu" and is_ucontext(row.extra)
    if row.rsp != "u" or ra != row.ra:
        return False
    if not (same_value(cfa, row.extra.cfa) if row.cfa == "exp" else cfa == row.cfa):
        return False
    if row.rbp == "exp":
        match = re.fullmatch(r"\*\((.*)\)", rbp)
        return bool(match) and same_value(match[1], row.extra.saved[oracle.RBP], True)
    if undefined:
        return rbp == "undefined" and row.rbp == "u"
    return rbp == row.rbp or (row.rbp == "s" and rbp == "u")


class Outcome:
    def __init__(self, path):
        self.path, self.rows, self.unsupported, self.differences = path, 0, [], []


ENTRY = 48 # bytes: no entry point's code is longer


def is_entry(text, row, at, entry):
    """ld.so's and musl's _start have no FDE: where a process begins, we say that nobody called."""
    return row is oracle.NONE and text == "undefined\tu\tu" and entry <= at < entry + ENTRY


def walk(mine, theirs, undefined, entry, outcome):
    """Both are functions of the address: they are compared wherever one of them changes."""
    known, i, j, a, b = {}, 0, 0, "none\tu\tu", oracle.NONE
    while i < len(mine) or j < len(theirs):
        at = min(mine[i][0] if i < len(mine) else MASK, theirs[j][0] if j < len(theirs) else MASK)
        while i < len(mine) and mine[i][0] == at:
            a = mine[i][1]
            i += 1
        while j < len(theirs) and theirs[j][0] == at:
            b = theirs[j][1]
            j += 1
        if b is not None and b.extra is linker_code.MAYBE and a == "none\tu\tu":
            good = True
        elif b is not None and b.extra in (linker_code.MARK, linker_code.MAYBE):
            good = agrees(linker_code.concrete(a, at), b._replace(extra=None), False)
        elif undefined:
            good = agrees(a, b, any(start <= at < end for start, end in undefined))
        else:
            key = (a, b) if b is None or b.extra is None else (a, id(b))
            good = known.get(key)
            if good is None:
                good = known[key] = agrees(a, b, False)
        if not good and not is_entry(a, b, at, entry):
            outcome.differences.append(f"{at:x}: ours {' '.join(a.split())}, readelf {b and tuple(b)}")


def is_go(sections):
    return any(name.endswith(".gopclntab") or name.startswith((".go.", ".note.go.")) for name in sections)


def compare(path):
    """
    An Outcome. Go's own code is test_gopclntab.py's: where a file has Go's tables, only what .eh_frame covers is
    compared. Compressed .debug_frame is not read. Code of linkers is compared with what its instructions do.
    """
    outcome, (mine, _) = Outcome(path), ours(path)
    sections = oracle.sections(path)
    keep = [name for name in (".eh_frame", ".debug_frame")
            if name in sections and sections[name][0] != "NOBITS" and "C" not in sections[name][3]]
    if is_go(sections):
        keep = [name for name in keep if name == ".eh_frame"]
    found = oracle.functions(path) if keep else {}
    found[linker_code.NAME] = linker_code.functions(path, sections)
    theirs = oracle.flatten(found, oracle.code_segments(path), [*keep, linker_code.NAME])
    mine = mine or []
    if is_go(sections):
        mine = only_within(mine, theirs)
    texts = oracle.expressions(path) if any("\tundefined\t" in text for _, text in mine) else {}
    walk(mine, theirs, oracle.undefined_rbp(texts), oracle.entry(path), outcome)
    outcome.rows = len(mine)
    outcome.unsupported = [f"{start:x}" for start, text in mine if text.startswith("unsupported")]
    return outcome


def only_within(mine, theirs):
    """Our rows where the oracle has one, `none` elsewhere."""
    out, i, text = [], 0, "none\tu\tu"
    for at, (start, row) in enumerate(theirs):
        while i < len(mine) and mine[i][0] <= start:
            text = mine[i][1]
            i += 1
        out.append((start, text if row is not oracle.NONE else "none\tu\tu"))
        end = theirs[at + 1][0] if at + 1 < len(theirs) else start
        while row is not oracle.NONE and i < len(mine) and mine[i][0] < end:
            text = mine[i][1]
            out.append(mine[i])
            i += 1
    return out


if __name__ == "__main__":
    import sys
    for argument in sys.argv[1:]:
        result = compare(argument)
        print(f"{len(result.differences)} differences, {result.rows} rows, {len(result.unsupported)} unsupported "
              f"{argument}")
        print("\n".join(result.differences[:20]))
