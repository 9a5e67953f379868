# SPDX-License-Identifier: GPL-2.0-or-later
"""What is at addresses: our answer, llvm-symbolizer's and addr2line's, all as {address: [(function, file, line)]}."""
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROFOUND = ROOT / os.environ.get("O", "build") / "profound"
UNKNOWN = "??"


def run(argv, addresses):
    text = "".join(f"0x{address:x}\n" for address in addresses)
    return subprocess.run([str(a) for a in argv], input=text, capture_output=True, text=True, check=True, timeout=300)


def path_of(path):
    return os.path.normpath(path) if path and path != UNKNOWN else UNKNOWN


def ours(path, addresses):
    """And what was said on stderr: nothing, where all went well."""
    done = run([PROFOUND, "debug", "names", path], addresses)
    answers = {}
    for line in done.stdout.splitlines():
        address, function, place = line.split("\t")
        file, number = place.rsplit(":", 1)
        answers.setdefault(int(address, 16), []).append((function, path_of(file), int(number)))
    return answers, done.stderr


def llvm(path, addresses):
    done = run(["llvm-symbolizer", "--no-demangle", "--inlines", "--output-style=JSON", "-e", path], addresses)
    answers = {}
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        answers[int(answer["Address"], 16)] = [
            (symbol["FunctionName"] or UNKNOWN, path_of(symbol["FileName"]), symbol["Line"])
            for symbol in answer.get("Symbol", [])]
    return answers


def binutils(path, addresses):
    """addr2line prints an address, then two lines a function."""
    done = run(["addr2line", "-a", "-i", "-f", "-e", path], addresses)
    answers, functions, lines = {}, None, done.stdout.splitlines()
    at = 0
    while at < len(lines):
        if lines[at].startswith("0x"):
            functions = answers.setdefault(int(lines[at], 16), [])
            at += 1
            continue
        file, number = lines[at + 1].split(" (discriminator")[0].rsplit(":", 1)
        functions.append((lines[at], path_of(file), int(number) if number.isdigit() else 0))
        at += 2
    return answers
