# SPDX-License-Identifier: GPL-2.0-or-later
"""Which ELF files there are on this machine, and which of them `make check` looks at."""
import os
import pathlib
import shutil
import subprocess
import zlib

# By the beginning of the name: the C library and its loader, assembly, C++, a Python, a compiler without frame
# pointers, a static program, and one that is all PLT.
SPECIAL = ("libc.so.6", "ld-linux-x86-64.so.2", "libcrypto.so.3", "libstdc++.so.6", "libgcrypt.so.20", "libgcc_s.so.1",
           "libm.so.6", "libpthread.so.0", "python3.11", "libpython3.", "node", "busybox", "cc1", "bash", "libGLX.so.0",
           "libjvm.so", "libopenblas", "ldconfig", "perl")
SHARE = 50            # one of so many of the rest, by its path
LARGE = 24 << 20      # and not larger than this
PER_NAME = 2          # of the special ones with one name

NOT_ELF = (".py", ".pyc", ".h", ".hpp", ".js", ".ts", ".json", ".gz", ".html", ".go", ".md", ".txt", ".mo", ".rb",
           ".pl", ".pm", ".png", ".svg", ".xml", ".a", ".o", ".map", ".rs", ".class", ".c", ".cc", ".yaml",
           ".sh", ".tcl")


def said(*command):
    """What a program prints, "" when there is none or it fails."""
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def beside(command, levels):
    """The folder so many levels above what a command's name leads to."""
    path = shutil.which(command)
    return str(pathlib.Path(path).resolve().parents[levels]) if path else ""


def roots():
    """Debian's folders, and where this machine keeps its Go, Rust, Java, node and CPython builds."""
    rust = said("rustc", "--print", "sysroot")
    found = ["/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/local",
             said("go", "env", "GOROOT"), str(pathlib.Path(rust).parent) if rust else "", beside("java", 1),
             beside("node", 1), said("pyenv", "root")]
    out = []
    for root in sorted({os.path.realpath(path) for path in found if path and os.path.isdir(path)}):
        if not out or not (root + "/").startswith(out[-1] + "/"):
            out.append(root)
    return out


def is_elf(path):
    """An executable or shared object of x86-64."""
    try:
        with open(path, "rb", buffering=0) as file:
            head = file.read(20)
    except OSError:
        return False
    return head[:5] == b"\x7fELF\2" and head[18:20] == b"\x3e\0" and head[16] in (2, 3)


def files(folder):
    """Regular files under a folder that can be ELF files, with their facts; debug information has no code."""
    if folder == "/usr/lib/debug":
        return
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from files(entry.path)
        elif entry.is_file(follow_symlinks=False) and not entry.name.endswith(NOT_ELF):
            facts = entry.stat(follow_symlinks=False)
            if facts.st_size > 64 and (facts.st_mode & 0o111 or ".so" in entry.name):
                yield entry.path, facts


def everything():
    """Every ELF file under the roots once, sorted."""
    seen, out = set(), []
    for root in roots():
        for path, facts in files(root):
            key = facts.st_dev, facts.st_ino
            if key not in seen and is_elf(path):
                seen.add(key)
                out.append(path)
    return sorted(out)


def sample(paths):
    """The same ones at every run: the special ones, and a share of the rest."""
    out, taken = set(), {}
    for path in paths:
        name = next((name for name in SPECIAL if os.path.basename(path).startswith(name)), None)
        if name and taken.get(name, 0) < PER_NAME:
            taken[name] = taken.get(name, 0) + 1
            out.add(path)
        elif zlib.crc32(path.encode()) % SHARE == 0 and os.path.getsize(path) <= LARGE:
            out.add(path)
    return sorted(out)
