# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian kernels under QEMU: fetch one, pack an initramfs around build/profound, boot it, read back what it wrote."""
import base64
import functools
import io
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import profound # noqa: E402: the same checks, and the same programs, as the end-to-end tests
import programs # noqa: E402

CACHE = ROOT / os.environ.get("O", "build") / "kernels"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# version: Debian suite, with or without a security suite of its own
KERNELS = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "trixie"}
TARGETS = ("chain", "deep", "family", "kernel", "reuse", "stage1", "stage2")
MODULE = "raid6_pq" # its init measures algorithms for most of a second: code of a module that works
BOOT_SECONDS = 240


class Unavailable(Exception):
    """Why there is no such kernel here: a reason to skip, never a failure."""


def mirrors():
    """(archive, security archive) from this machine's own apt sources."""
    text = ""
    for path in [pathlib.Path("/etc/apt/sources.list"), *pathlib.Path("/etc/apt/sources.list.d").glob("*")]:
        if path.is_file():
            text += "\n".join(line for line in path.read_text(errors="replace").splitlines()
                              if not line.lstrip().startswith("#")) + "\n"
    urls = re.findall(r"(?:https?|file|ftp)://[^\s\]]+", text)
    main = next((u.rstrip("/") for u in urls if re.search(r"/debian/?$", u)), None)
    security = next((u.rstrip("/") for u in urls if re.search(r"debian-security/?$", u)), None)
    if main is None:
        raise Unavailable("this machine's apt sources name no Debian archive")
    return main, security


def apt(folder, *argv, tool="apt-get"):
    """apt with sources, lists and cache of our own: the machine's stay as they are."""
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": folder / "lists", "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache", "Acquire::Languages": "none", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::Retries": "2", "APT::Architecture": "amd64", "APT::Sandbox::User": "root",
        "APT::Update::Error-Mode": "any", "Acquire::Check-Valid-Until": "false",
    }
    command = [tool, *(f"-o{key}={value}" for key, value in options.items()), *argv]
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240)


def fetch(version):
    """Downloads and unpacks the suite's newest cloud kernel; the folder that holds boot/ and lib/."""
    suite, folder = KERNELS[version], CACHE / version
    unpacked = folder / "root"
    if (folder / "complete").exists():
        return unpacked
    shutil.rmtree(folder, ignore_errors=True)
    for sub in ("lists/partial", "cache/archives/partial"):
        (folder / sub).mkdir(parents=True)
    (folder / "status").touch()
    main, security = mirrors()
    lines = [f"deb [signed-by={KEYRING}] {main} {suite} main"]
    (folder / "sources.list").write_text("\n".join(lines) + "\n")
    update = apt(folder, "update")
    if update.returncode:
        raise Unavailable(f"apt has no suite {suite} here (moved to an archive, or no network): "
                          f"{update.stderr.strip().splitlines()[:1]}")
    if security: # newer where it is to be had, but not needed
        plain = (folder / "sources.list").read_text()
        (folder / "sources.list").write_text(plain + f"deb [signed-by={KEYRING}] {security} {suite}-security main\n")
        if apt(folder, "update").returncode:
            (folder / "sources.list").write_text(plain)
            apt(folder, "update")
    depends = apt(folder, "depends", "linux-image-cloud-amd64", tool="apt-cache").stdout
    package = re.search(r"linux-image-\d\S*", depends)
    if not package:
        raise Unavailable(f"the suite {suite} has no linux-image-cloud-amd64")
    download = apt(folder, "download", package.group())
    debs = list(folder.glob("*.deb"))
    if download.returncode or not debs:
        raise Unavailable(f"{package.group()} could not be downloaded: {download.stderr.strip()[-200:]}")
    subprocess.run(["dpkg-deb", "-x", debs[0], unpacked], check=True)
    debs[0].unlink()
    (folder / "complete").touch()
    return unpacked


def module(unpacked):
    """The bytes of MODULE, uncompressed."""
    path = next(unpacked.rglob(f"{MODULE}.ko*"), None)
    if path is None:
        raise Unavailable(f"the kernel package has no module {MODULE}")
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def libraries(program):
    """The shared libraries that the program needs, the loader among them."""
    text = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return sorted(set(re.findall(r"(/\S+) \(0x", text)))


def cpio(files):
    """A newc archive (Documentation/driver-api/early-userspace/buffer-format.rst) of {path: bytes}."""
    out, folders = io.BytesIO(), set()

    def entry(name, mode, data=b"", device=(0, 0)):
        head = (entry.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        entry.inode += 1
        out.write(b"070701" + b"".join(b"%08X" % field for field in head) + name.encode() + b"\0")
        out.write(b"\0" * (-out.tell() % 4) + data)
        out.write(b"\0" * (-out.tell() % 4))

    entry.inode = 1
    for name in ("dev", "proc", "sys", "tmp", *files):
        parents = pathlib.PurePath(name).parents if name in files else [pathlib.PurePath(name)]
        for parent in reversed([str(p) for p in parents]):
            if parent != "." and parent not in folders:
                folders.add(parent)
                entry(parent, 0o040755)
    entry("dev/console", 0o020600, device=(5, 1))
    for name, data in files.items():
        entry(name, 0o100755, data)
    entry("TRAILER!!!", 0)
    return out.getvalue()


@functools.cache
def userland():
    """What every guest holds: busybox, profound with its libraries, the targets, linked statically."""
    files = {"init": (ROOT / "tests/kernels/guest.sh").read_bytes(),
             "bin/busybox": pathlib.Path("/bin/busybox").read_bytes(),
             "bin/profound": pathlib.Path(profound.binary()).read_bytes()}
    for path in libraries(profound.binary()):
        files[path.lstrip("/")] = pathlib.Path(path).read_bytes()
    folder = CACHE / "targets"
    folder.mkdir(parents=True, exist_ok=True)
    for name in TARGETS:
        programs.compile_to(name, folder / name, "-static")
        files[f"bin/{name}"] = (folder / name).read_bytes()
    files["bin/late"] = files["bin/chain"]
    return files


class Guest:
    """What a guest left: scenario NAME's run as a profound.Run, and the console."""

    def __init__(self, version, files, console):
        self.version, self.files, self.console = version, files, console

    def text(self, name):
        assert name in self.files, f"the guest wrote no {name}; its console ends:\n{self.console[-3000:]}"
        return self.files[name].decode(errors="replace")

    def run(self, name, code=0):
        """The scenario's run, with what holds of every run checked."""
        said = self.text(f"{name}.err")
        assert int(self.text(f"{name}.code")) == code, f"{name}: exit {self.text(f'{name}.code')}\n{said}"
        folded = profound.parse_folded(self.text(f"{name}.folded"))
        stats = profound.json.loads(self.text(f"{name}.json"))
        profound.check_keys(stats)
        profound.check_identity(stats, folded)
        return profound.Run([name], code, self.files.get(f"{name}.out", b""), said, folded, stats)


guests = {}


def boot(version):
    """Boots the kernel once and runs all scenarios. Raises Unavailable, every time."""
    if version not in guests:
        try:
            guests[version] = boot_once(version)
        except Unavailable as reason:
            guests[version] = reason
    if isinstance(guests[version], Unavailable):
        raise guests[version]
    return guests[version]


def boot_once(version):
    unpacked = fetch(version)
    work = CACHE / version
    initramfs = work / "initramfs.cpio"
    initramfs.write_bytes(cpio({**userland(), "module.ko": module(unpacked)}))
    console, sent = work / "console.txt", work / "sent.txt"
    for path in (console, sent):
        path.unlink(missing_ok=True)
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max,la57=off", "-smp", "2", "-m", "768",
               "-nodefaults", "-no-reboot", "-display", "none",
               "-kernel", next(unpacked.glob("boot/vmlinuz-*")), "-initrd", initramfs,
               "-append", "console=ttyS0 panic=-1 quiet rdinit=/init mitigations=off tsc=reliable",
               "-serial", f"file:{console}", "-serial", f"file:{sent}"]
    try:
        subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=BOOT_SECONDS, check=True)
        late = ""
    except subprocess.TimeoutExpired:
        late = f"\n[killed after {BOOT_SECONDS} s]"
    text = (console.read_text(errors="replace") if console.exists() else "") + late
    files = {}
    packed = base64.b64decode(re.sub(rb"\s", b"", sent.read_bytes())) if sent.exists() else b""
    if packed:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
            for item in tar.getmembers():
                if item.isfile():
                    files[item.name.removeprefix("./")] = tar.extractfile(item).read()
    return Guest(version, files, text)
