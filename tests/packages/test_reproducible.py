# SPDX-License-Identifier: GPL-2.0-or-later
"""The same sources give the same bytes, wherever, by whom and when they are built; a tarball builds."""
import hashlib
import re
import shutil
import subprocess
import tarfile

import pytest

import tree
from conftest import need


def digests(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """Another place, a tree whose path is longer, another directory of objects, another person."""
    place = tree.copy(tmp_path_factory.mktemp("second") / "of" / "another" / "name")
    tree.make(place, "O=objects/here", "all", "manual", umask=0o077, TZ="Asia/Tokyo", LC_ALL="C", HOME="/nonexistent")
    return place


def test_program_is_the_same_bytes(first, second):
    one, other = first / "build/profound", second / "objects/here/profound"
    assert one.read_bytes() == other.read_bytes()


def test_pages_and_completions_are_the_same_bytes(share, second):
    assert digests(share) == digests(second / "objects/here/share") and len(digests(share)) == len(tree.COMMANDS) + 5


def test_package_is_the_same_bytes(package, second):
    other = tree.deb(second, "O=objects/here", umask=0o077, TZ="Asia/Tokyo", LC_ALL="C", HOME="/nonexistent")
    assert package.name == other.name
    assert package.read_bytes() == other.read_bytes()


def test_no_path_of_the_machine_in_the_program(first, program):
    data = program.read_bytes()
    assert str(first).encode() not in data and str(tree.TOP).encode() not in data


def test_tarball_has_what_is_committed(tmp_path):
    need("git")
    try:
        files = subprocess.run(["git", "ls-tree", "-r", "--name-only", "HEAD"], cwd=tree.TOP, check=True,
                               capture_output=True, text=True).stdout.splitlines()
    except subprocess.CalledProcessError:
        pytest.skip("this is no git repository: make dist packs a commit")
    made = [tree.TOP / tree.make(tree.TOP, f"O={tmp_path / name}", "dist").splitlines()[-1] for name in ("one", "two")]
    assert made[0].read_bytes() == made[1].read_bytes()
    with tarfile.open(made[0]) as tar:
        names = [member.name for member in tar if member.isfile()]
    top = made[0].name.removesuffix(".tar.gz")
    assert re.fullmatch(r"profound-\d+\.\d+\.\d+", top)
    assert sorted(names) == sorted(f"{top}/{name}" for name in files)


def test_a_tree_without_git_knows_a_date(tmp_path):
    """A tarball's: make needs no git, and dates the pages by the files."""
    place = tree.copy(tmp_path / "tarball")
    said = subprocess.run(["make", "-pn", "help"], cwd=place, capture_output=True, text=True, check=True,
                          env={"PATH": "/usr/bin:/bin"}).stdout
    when = re.search(r"^SOURCE_DATE_EPOCH = (.*)$", said, re.M).group(1)
    assert when.isdigit() or "stat -c %Y CHANGELOG.md" in when
    shutil.rmtree(place)
