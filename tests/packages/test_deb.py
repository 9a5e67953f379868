# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package, in a Debian of its own: installed, run, started by its systemd, upgraded, removed, purged."""
import re
import shutil
import subprocess
import time

import pytest

import roots
import tree
from conftest import need

UNIT = "profound.service"


@pytest.fixture(scope="session")
def newer(first, package, tmp_path_factory):
    """The same tree, built, as a later version: only what holds the version is compiled again."""
    place = tmp_path_factory.mktemp("newer") / "profound"
    shutil.copytree(first, place, symlinks=True)
    said = tree.make(place, "VERSION=99.0.0")
    assert 1 <= said.count("  CC  ") < 20, said
    return tree.deb(place, "VERSION=99.0.0")


def field(package, name):
    return tree.run("dpkg-deb", "-f", package, name).strip()


def test_control(package):
    assert re.fullmatch(r"\d+\.\d+\.\d+", field(package, "Version"))
    assert {"libbpf1", "libdw1", "libelf1", "libc6"} <= {re.split(r"[ (]", wish)[0] for wish in field(package, "Depends").split(", ")}


def test_libraries_that_are_loaded_are_named(package):
    """What is loaded while it runs no tool finds: each such library's package is in one of the fields."""
    need("dpkg-query")
    named = ", ".join(field(package, name) for name in ("Depends", "Recommends", "Suggests"))
    sources = "".join(path.read_text() for path in (tree.TOP / "user").rglob("*.c"))
    loaded = set(re.findall(r'"(lib[a-z]+\.so\.\d+)"', sources))
    assert len(loaded) >= 3
    for library in sorted(loaded):
        found = subprocess.run(["dpkg-query", "-S", f"*/{library}"], capture_output=True, text=True, check=False).stdout
        if not found:
            pytest.skip(f"no package here has {library}")
        assert found.split(":")[0] in named, library


def test_scripts_are_sh(package, tmp_path):
    tree.run("dpkg-deb", "--control", package, tmp_path / "control")
    scripts = [path for path in (tmp_path / "control").iterdir() if path.name in ("postinst", "prerm", "postrm")]
    assert len(scripts) == 3
    for script in scripts:
        tree.run("sh", "-n", script)
        assert script.stat().st_mode & 0o111


def test_install_run_upgrade_purge(root, package, newer):
    before = root.files()
    root.run("dpkg", "-i", root.take(package))
    version = field(package, "Version")
    assert root.run("profound", "--version").startswith(f"profound {version}\n")
    page = root.run("profound", "help", "record")
    assert "PROFOUND-RECORD(1)" in page and "--min-quality PCT" in page
    assert "PROFOUND(1)" in root.run("man", "profound")
    assert root.run("dpkg", "-V", "profound") == ""
    wanted = (root.path / "etc/systemd/system/multi-user.target.wants" / UNIT)
    assert wanted.is_symlink()

    # What the administrator wrote stays.
    (root.path / "etc/default/profound").write_text("PROFOUND_OPTIONS=--interval 30\n")
    (root.path / "var/lib/profound/store").mkdir(parents=True)
    root.run("dpkg", "--force-confold", "-i", root.take(newer))
    assert root.run("profound", "--version").startswith("profound 99.0.0\n")
    assert "--interval 30" in (root.path / "etc/default/profound").read_text()
    assert wanted.is_symlink() and (root.path / "var/lib/profound/store").is_dir()

    root.run("dpkg", "-r", "profound")
    assert not (root.path / "usr/bin/profound").exists()
    assert (root.path / "etc/default/profound").exists() and (root.path / "var/lib/profound/store").is_dir()
    root.run("dpkg", "-P", "profound")
    assert root.files() - before == set() and before - root.files() == set()


def test_disabled_stays_disabled(root, package, newer):
    root.run("dpkg", "-i", root.take(package))
    root.run("systemctl", "disable", UNIT)
    root.run("dpkg", "-i", root.take(newer))
    assert root.run("sh", "-c", f"systemctl is-enabled {UNIT} || true").strip() == "disabled"


def is_active(machine):
    return machine.ask("systemctl", "is-active", UNIT).stdout.strip()


def property_of(machine, name):
    return machine.ask("systemctl", "show", "-P", name, UNIT).stdout.strip()


def succeed(machine, *argv):
    done = machine.ask(*argv)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fetched(machine):
    """What /metrics answers: the agent's own words, over the machine's own network."""
    script = "exec 3<>/dev/tcp/127.0.0.1/7071; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
    return machine.ask("bash", "-c", script).stdout


def test_systemd_runs_it(root, package, newer):
    """Process 1 is the root's own systemd: started when installed, restarted by an upgrade, stopped when removed."""
    try:
        with root.booted() as machine:
            succeed(machine, "dpkg", "-i", root.take(package))
            if is_active(machine) != "active":
                pytest.fail(succeed(machine, "journalctl", "--no-pager", "-u", UNIT))
            started = property_of(machine, "MainPID")
            assert "profound_build_info" in fetched(machine)
            succeed(machine, "dpkg", "-i", root.take(newer))
            assert is_active(machine) == "active" and property_of(machine, "MainPID") != started
            assert 'version="99.0.0"' in fetched(machine)
            assert property_of(machine, "NRestarts") == "0"
            # A store of its own, which the first version wrote when it was stopped.
            for _ in range(50):
                if (root.path / "var/lib/profound/store").exists():
                    break
                time.sleep(0.1)
            assert any((root.path / "var/lib/profound/store").iterdir())
            succeed(machine, "dpkg", "-r", "profound")
            assert is_active(machine) != "active"
            succeed(machine, "dpkg", "-P", "profound")
            assert not (root.path / "var/lib/profound").exists()
    except roots.Unavailable as why:
        pytest.skip(str(why))


def test_belongs_to_root(package):
    """Whoever built it."""
    lines = tree.run("dpkg-deb", "-c", package).splitlines()
    assert len(lines) > 20 and all(line.split()[1] == "root/root" for line in lines)
