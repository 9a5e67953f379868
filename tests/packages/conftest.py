# SPDX-License-Identifier: GPL-2.0-or-later
import shutil

import pytest

import roots
import tree


def need(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}: tools/deps packages installs it")


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    """A copy of the tree, built."""
    place = tree.copy(tmp_path_factory.mktemp("first") / "profound")
    tree.make(place, "all", "manual")
    return place


@pytest.fixture(scope="session")
def program(first):
    return first / "build" / "profound"


@pytest.fixture(scope="session")
def share(first):
    return first / "build" / "share"


@pytest.fixture(scope="session")
def package(first):
    need("dpkg-deb", "dpkg-shlibdeps")
    return tree.deb(first)


@pytest.fixture
def root(package, tmp_path):
    """A Debian of its own, in which the package can be installed."""
    need("debootstrap")
    try:
        with roots.Root(package, tmp_path / "root") as made:
            yield made
    except roots.Unavailable as why:
        pytest.skip(str(why))
