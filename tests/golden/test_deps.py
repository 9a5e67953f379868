# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/deps: what the sources include comes with the packages that it installs, on a machine that has no others."""
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]


def output(*argv):
    return subprocess.run(argv, check=True, cwd=TOP, capture_output=True, text=True).stdout


def installed():
    """name, or what a package provides: the names that it depends on. Of alternatives any will do."""
    depends = {}
    text = output("dpkg-query", "-W", "-f", "${Package}\t${Provides}\t${Pre-Depends}, ${Depends}\n")
    for line in text.splitlines():
        name, provides, wishes = line.split("\t")
        names = [re.split(r"[ (:]", wish.strip())[0] for wish in re.split(r"[,|]", wishes)]
        for known in [name, *(word.strip().split(" ")[0] for word in provides.split(","))]:
            depends.setdefault(known, []).extend([name, *names])
    depends.pop("", None)  # of those that provide nothing
    return depends


def closure(depends, names):
    found, todo = set(), list(names)
    while todo:
        name = todo.pop()
        if name in depends and name not in found:
            found.add(name)
            todo += depends[name]
    return found


def test_every_header_is_installed():
    if not shutil.which("dpkg-query"):
        pytest.skip("no dpkg-query: this is no Debian system")
    wishes = re.search(r"^BUILD='([^']*)'", (TOP / "tools/deps").read_text(), re.M).group(1).split()
    sources = [str(path) for path in sorted((TOP / "user").rglob("*.c"))]
    rules = output("gcc", "-M", "-MG", "-D_GNU_SOURCE", "-DPROFOUND_VERSION=\"\"", "-Iuser", "-Ibpf", *sources)
    headers = {str(pathlib.Path(word).resolve()) for word in rules.split() if word.startswith("/usr/include/")}
    assert any(path.endswith("/bpf/libbpf.h") for path in headers), "the headers of libraries are looked at"
    owners = {line.split(": ")[1]: line.split(":")[0] for line in output("dpkg-query", "-S", *headers).splitlines()}
    allowed = closure(installed(), wishes)
    assert {path: owner for path, owner in owners.items() if owner not in allowed} == {}
