# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian systems in a folder: debootstrap makes one into a cache outside the tree, from the archive that this machine's
own apt sources name; each test has a copy. One can be booted: its own systemd in namespaces of its own.

PROFOUND_ROOTS names the cache, else it is profound-roots in the user's."""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import tree

# More than the package needs: for its man pages, its unit, and what it recommends.
MORE = ["man-db", "systemd", "systemd-sysv", "libcurl4", "ca-certificates"]
# What a package's installation may leave: logs, caches, and what dpkg and deb-systemd-helper know.
NOT_OURS = re.compile(r"/(proc|sys|dev|run|tmp|var/log|var/cache|var/lib/dpkg|var/lib/systemd)(/.*)?|/root/.*\.deb")


class Unavailable(Exception):
    """Why there can be no such root here: a reason to skip."""


def archive():
    """(mirror, suite) of this release's main packages."""
    codename = re.search(r"^VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text(), re.M)
    shown = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(CODENAME) $(COMPONENT) $(ORIGIN)",
                            "Created-By: Packages"], capture_output=True, text=True, check=False).stdout
    for line in shown.splitlines():
        words = line.split()
        if codename and words[1:] == [codename.group(1), "main", "Debian"]:
            return words[0], words[1]
    raise Unavailable("this machine's apt sources name no archive of its own Debian release")


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME") or "/root", ".cache")
    return pathlib.Path(os.environ.get("PROFOUND_ROOTS") or os.path.join(home, "profound-roots"))


def base(include):
    """The root with these packages, made once. What failed is not tried again for an hour."""
    mirror, suite = archive()
    name = f"{suite}-{hashlib.sha256(' '.join(include).encode()).hexdigest()[:12]}"
    folder, made = cache(), cache() / name
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        failure = folder / f".{name}.failed"
        if made.exists():
            return made
        if failure.exists() and time.time() - failure.stat().st_mtime < 3600:
            raise Unavailable(failure.read_text())
        new = folder / f".{name}.new"
        shutil.rmtree(new, ignore_errors=True)
        done = subprocess.run(["nice", "-n", "19", "debootstrap", "--variant=minbase", f"--include={','.join(include)}",
                               suite, new, mirror], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=900, check=False)
        if done.returncode:
            shutil.rmtree(new, ignore_errors=True)
            # debootstrap names what it could not load by address: the last line says what it was.
            said = re.sub(r"\S+://\S+", "(an address)", (done.stdout + done.stderr).strip().splitlines()[-1])
            failure.write_text(f"debootstrap cannot make a root here: {said}")
            raise Unavailable(failure.read_text())
        new.rename(made)
    return made


def depends(package):
    """Names only; of alternatives the first."""
    text = tree.run("dpkg-deb", "-f", package, "Depends").strip()
    return sorted(re.split(r"[ (|]", wish.strip())[0] for wish in text.split(","))


class Root:
    def __init__(self, package, path):
        self.path, self.package = path, package

    def __enter__(self):
        if os.geteuid():
            raise Unavailable("a root of its own is made and entered by root")
        tree.run("cp", "-a", "--reflink=auto", base(depends(self.package) + MORE), self.path)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def run(self, *argv, **options):
        """In the root, with /proc, in a namespace that takes the mount along when it ends."""
        enter = 'mount -t proc proc "$1/proc" && exec chroot "$@"'
        return tree.run("unshare", "--mount", "sh", "-c", enter, "sh", self.path, *argv,
                        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}, **options)

    def take(self, package):
        shutil.copy(package, self.path / "root")
        return f"/root/{package.name}"

    def files(self):
        """Everything that is there and is ours to look at: path, and what a link names."""
        found = set()
        for folder, folders, names in os.walk(self.path):
            for name in folders + names:
                path = pathlib.Path(folder, name)
                inside = "/" + str(path.relative_to(self.path))
                if not NOT_OURS.fullmatch(inside):
                    found.add((inside, os.readlink(path) if path.is_symlink() else ""))
        return found

    @contextlib.contextmanager
    def booted(self):
        with Machine(self.path) as machine:
            yield machine


# What systemd finds: its own cgroups, devices, network, host name; /sys and /proc/sys cannot be written.
BOOT = """
set -e
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
	: >"$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
exec env -i container=profound-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	chroot "$root" /lib/systemd/systemd --log-target=null --unit=multi-user.target
"""


class Machine:
    """The root, booted. It ends with its process 1."""

    def __init__(self, root):
        self.root, self.pid = root, None

    def __enter__(self):
        mounts = pathlib.Path("/proc/mounts").read_text()
        found = re.search(r"^\S+ (\S+) cgroup2 ", mounts, re.M)
        if not found:
            raise Unavailable("no cgroup2 is mounted here: systemd cannot be booted in a folder")
        self.group = pathlib.Path(tempfile.mkdtemp(prefix="profound-test-", dir=found.group(1)))
        enter = f'echo $$ >"{self.group}/cgroup.procs"; exec unshare --pid --mount --uts --ipc --net --cgroup --fork ' \
                '--kill-child sh -c "$2" sh "$1"'
        self.unshare = subprocess.Popen(["sh", "-c", enter, "sh", self.root, BOOT], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            self.wait_until_running()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_running(self):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.unshare.poll() is not None:
                raise Unavailable(f"systemd does not boot in a folder here: {self.unshare.stderr.read()[-300:]}")
            children = pathlib.Path(f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children").read_text().split()
            self.pid = children[0] if children else None
            if self.pid and self.ask("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"):
                return
            time.sleep(0.2)
        raise AssertionError("systemd was not up after 60 s")

    def ask(self, *argv):
        """The command in there: status and text."""
        return subprocess.run(["nsenter", "-t", self.pid, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", *argv],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})

    def __exit__(self, *_):
        for pid in (self.pid, self.unshare.pid):
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        self.unshare.wait()
        self.unshare.stderr.close()
        # The namespace's processes go a moment after its first one.
        for _ in range(50):
            for folder in sorted(self.group.rglob("*/"), reverse=True) + [self.group]:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            if not self.group.exists():
                return
            time.sleep(0.1)
