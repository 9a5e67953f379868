# SPDX-License-Identifier: GPL-2.0-or-later
"""The CPythons of this machine: the system's, pyenv's, and newer ones of Debian's unstable suite, unpacked into a folder and
run in it by chroot."""
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys

import profound

sys.path.append(str(profound.ROOT / "tests/kernels"))
import debian  # noqa: E402

SID = profound.ROOT / os.environ.get("O", "build") / "pythons"
PACKAGES = ["libc6", "libgcc-s1", "libexpat1", "zlib1g", "libffi8", "libzstd1", "libssl3t64"]
PYENV = ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
# Of unstable: what each needs. The first is unpacked first: its program has the name of another's, and is renamed.
NEWER = {
    "3.14-nopie": ["python3.14-nopie"],
    "3.14": ["python3.14-minimal", "libpython3.14-minimal", "libpython3.14-stdlib"],
    "3.15": ["python3.15-minimal", "libpython3.15-minimal", "libpython3.15-stdlib"],
    "3.14-dbg": ["python3.14-dbg", "libpython3.14-dbg"],
}


class Python:
    """An interpreter; `root` is the folder that it is run in by chroot."""

    def __init__(self, name, path, root=None):
        self.name, self.path, self.root = name, path, root

    def command(self, script, folder):
        """The command that runs a script, which is copied where the interpreter sees it."""
        if self.root is None:
            return [self.path, script]
        shutil.copy(script, self.root / "tmp" / pathlib.Path(script).name)
        return ["chroot", self.root, self.path, f"/tmp/{pathlib.Path(script).name}"]

    @property
    def version(self):
        return tuple(map(int, self.name.split("-")[1].split(".")[:2]))

    def __str__(self):
        return self.name


def pyenv_root():
    return pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv") / "versions"


@functools.cache
def of_pyenv(minor):
    """The newest micro version; None: there is none."""
    found = [path for path in pyenv_root().glob(minor + ".*") if re.fullmatch(r"[0-9.]+", path.name)]
    best = max(found, default=None, key=lambda path: tuple(map(int, path.name.split("."))))
    return Python(f"pyenv-{best.name}", best / "bin" / f"python{minor}") if best else None


@functools.cache
def system():
    """Not the one in a virtual environment that runs these tests."""
    path = pathlib.Path("/usr/bin/python3")
    if not path.exists():
        return None
    version = subprocess.run([path, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"],
                             capture_output=True, text=True, check=True).stdout.strip()
    return Python(f"system-{version}", path.resolve())


def unpack_one(release, name):
    """What cannot be had is missing then, and no other."""
    try:
        for package in NEWER[name]:
            release.unpack(package)
    except debian.Unavailable as why:
        (release.folder / f"{name}.missing").write_text(str(why))
        return
    if name.endswith("-nopie"):
        (release.root / "usr/bin" / f"python{name.removesuffix('-nopie')}").rename(release.root / "usr/bin" / f"python{name}")


def unpack_newer(release):
    release.update()
    for package in PACKAGES:
        release.unpack(package)
    for name in NEWER:
        unpack_one(release, name)
    for folder in ("lib", "lib64", "bin", "sbin"):
        if not (release.root / folder).exists():
            (release.root / folder).symlink_to(f"usr/{folder}")
    (release.root / "tmp").mkdir(exist_ok=True)
    release.complete()


@functools.cache
def newer(name):
    """Of unstable. debian.Unavailable says why not."""
    release = debian.Release("sid", SID)
    missing = release.folder / f"{name}.missing"
    # What an earlier checkout has unpacked may lack what this one wants.
    if not release.is_complete() or not (missing.exists() or (release.root / f"usr/bin/python{name}").exists()):
        unpack_newer(release)
    if missing.exists():
        raise debian.Unavailable(missing.read_text())
    return Python(f"sid-{name}", f"/usr/bin/python{name}", release.root)
