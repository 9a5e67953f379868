# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian kernels under QEMU: fetch one, pack an initramfs around build/profound, boot it, read back what it wrote."""
import base64
import functools
import io
import lzma
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import warnings

import debian

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import profound # noqa: E402: the same checks, and the same programs, as the end-to-end tests
import programs # noqa: E402

CACHE = ROOT / os.environ.get("O", "build") / "kernels"
# version: Debian suite
KERNELS = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "trixie", "newest": "sid"}
TARGETS = ("bare", "throwing", "chain", "deep", "family", "kernel", "reuse", "stage1", "stage2")
MODULE = "raid6_pq" # its init measures algorithms for most of a second: code of a module that works
BOOT_SECONDS = 240


def fetch(version):
    """The suite's newest cloud kernel, unpacked: the folder that holds the kernel and its modules. They have packages
    of their own since 7."""
    release = debian.Release(KERNELS[version], CACHE / version)
    if not release.is_complete():
        release.update()
        image = release.dependency("linux-image-cloud-amd64", r"linux-image-\d\S*")
        for package in (image, *release.dependencies(image, r"linux-(?:binary|modules)-\d\S*")):
            release.unpack(package)
        release.complete()
    return release.root


def module(unpacked):
    """The bytes of MODULE, uncompressed."""
    path = next(unpacked.rglob(f"{MODULE}.ko*"), None)
    if path is None:
        raise debian.Unavailable(f"the kernel package has no module {MODULE}")
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

    def emulators_fault(self):
        """Why this boot says nothing about us: the kernel panicked before init ran, or a CPU hung in code that has no
        program of ours on its stack (the panic prints it). "": it does say something."""
        if self.files or "Kernel panic" not in self.console:
            return ""
        if "guest: " not in self.console:
            return "the kernel panicked before init ran"
        stack = self.console.partition("Kernel panic")[2]
        if "softlockup" in stack and not re.search(r"bpf_prog_|bpf_overflow|perf_", stack):
            return "a CPU hung, no program of ours on its stack:\n" + stack[-3000:]
        return ""

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
    """Boots the kernel once and runs all scenarios. Raises debian.Unavailable, every time."""
    if version not in guests:
        try:
            guests[version] = boot_once(version)
            why = guests[version].emulators_fault()
            if why:
                warnings.warn(f"{version}: booted again, for the emulator's fault: {why}", stacklevel=2)
                guests[version] = boot_once(version)
        except debian.Unavailable as reason:
            guests[version] = reason
    if isinstance(guests[version], debian.Unavailable):
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
               "-kernel", next(unpacked.rglob("vmlinuz*")), "-initrd", initramfs,
               "-append", "console=ttyS0 panic=-1 quiet softlockup_panic=1 watchdog_thresh=30 rdinit=/init mitigations=off tsc=reliable",
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
