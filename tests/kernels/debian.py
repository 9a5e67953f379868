# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of other Debian releases, unpacked and never installed: fetched by apt with sources, lists and a cache of
our own, from the archive that this machine's own sources name."""
import pathlib
import re
import shutil
import subprocess

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Unavailable(Exception):
    """Why something is not to be had here: a reason to skip, never a failure."""


def mirrors():
    """(archive, security archive or None) from this machine's own apt sources."""
    text = ""
    for path in [pathlib.Path("/etc/apt/sources.list"), *pathlib.Path("/etc/apt/sources.list.d").glob("*")]:
        if path.is_file():
            text += "\n".join(line for line in path.read_text(errors="replace").splitlines()
                              if not line.lstrip().startswith("#")) + "\n"
    urls = re.findall(r"(?:https?|file|ftp)://[^\s\]]+", text)
    main = next((url.rstrip("/") for url in urls if re.search(r"/debian/?$", url)), None)
    security = next((url.rstrip("/") for url in urls if re.search(r"debian-security/?$", url)), None)
    if main is None:
        raise Unavailable("this machine's apt sources name no Debian archive")
    return main, security


class Release:
    """One suite. What was unpacked once stays in `folder`/root."""

    def __init__(self, suite, folder):
        self.suite, self.folder, self.root = suite, pathlib.Path(folder), pathlib.Path(folder) / "root"

    def is_complete(self):
        return (self.folder / "complete").exists()

    def complete(self):
        (self.folder / "complete").touch()

    def apt(self, *argv, tool="apt-get"):
        options = {
            "Dir::Etc::sourcelist": self.folder / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::lists": self.folder / "lists", "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache", "Acquire::Languages": "none", "Acquire::Retries": "2",
            "APT::Architecture": "amd64", "APT::Sandbox::User": "root", "APT::Update::Error-Mode": "any",
        }
        command = [tool, *(f"-o{key}={value}" for key, value in options.items()), *argv]
        return subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=240)

    def update(self):
        """Begins anew. The security suite is taken where it is to be had; the suite itself must be."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for sub in ("lists/partial", "cache/archives/partial"):
            (self.folder / sub).mkdir(parents=True)
        (self.folder / "status").touch()
        main, security = mirrors()
        plain = f"deb [signed-by={KEYRING}] {main} {self.suite} main\n"
        secure = f"deb [signed-by={KEYRING}] {security} {self.suite}-security main\n"
        failed = None
        for sources in ([plain + secure] if security else []) + [plain]:
            (self.folder / "sources.list").write_text(sources)
            failed = self.apt("update")
            if failed.returncode == 0:
                return
        raise Unavailable(f"apt finds no suite {self.suite} here (moved to an archive, or no network): "
                          f"{failed.stderr.strip().splitlines()[:1]}")

    def dependencies(self, package, pattern):
        """The package's dependencies whose names match, those with alternatives among them."""
        return re.findall(rf"Depends: ({pattern})$", self.apt("depends", package, tool="apt-cache").stdout, re.MULTILINE)

    def dependency(self, package, pattern):
        found = self.dependencies(package, pattern)
        if not found:
            raise Unavailable(f"the suite {self.suite} has no {package} that depends on {pattern}")
        return found[0]

    def unpack(self, package):
        done = self.apt("download", package)
        debs = list(self.folder.glob("*.deb"))
        if done.returncode or not debs:
            raise Unavailable(f"{package} of {self.suite} could not be downloaded: {done.stderr.strip()[-200:]}")
        for deb in debs:
            subprocess.run(["dpkg-deb", "-x", deb, self.root], check=True)
            deb.unlink()
