# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the file is, and what was stripped off it: deleted, replaced, in memory, in containers; named all the same."""
import http.server
import os
import pathlib
import shutil
import subprocess
import threading

import pytest

import programs
from profound import assert_share, ends_with, user_part

CHAIN = ("main", "alpha", "bravo", "charlie", "delta", "spin")
POPULATION = 500


def is_named(stack):
    """No frame of the program is without a name, and the stack is whole."""
    return not any(frame.startswith(("[program", "[memfd", "[unknown", "[truncated", "[anon", "[jit")) for frame in stack)


def assert_chain(run, population=POPULATION):
    """Whatever the process is called: it is the only one that is sampled. Not in the chain are its begin and end."""
    stacks = {key[1:]: n for key, n in run.folded.items() if user_part(key[1:])}
    assert_share(stacks, is_named, 1.0, population)
    assert_share(stacks, lambda s: ends_with(s, CHAIN), 0.97, population)


def unnamed(run):
    return {cause: n for cause, n in run.stats["frames"]["unnamed_by_cause"].items() if n}


@pytest.fixture(name="place")
def fixture_place(tmp_path):
    """A folder that every root and user can read."""
    tmp_path.chmod(0o755)
    return tmp_path


def copied(build, place, name="chain"):
    return pathlib.Path(shutil.copy(build(name), place / "program"))


def recorded(running, record_while):
    running.wait_for("begin")
    return record_while(running, "-F", "999")


def test_deleted(build, target, record_while, place):
    program = copied(build, place)
    running = target(program, "1.5")
    running.wait_for("begin")
    program.unlink()
    assert_chain(record_while(running, "-F", "999"))


def test_replaced(build, target, record_while, place):
    """Another program stands at its path by now: that one's symbols name nothing."""
    program = copied(build, place)
    running = target(program, "1.5")
    running.wait_for("begin")
    shutil.copy(build("stage1"), place / "other")
    (place / "other").rename(program)
    assert_chain(record_while(running, "-F", "999"))


def test_deleted_when_it_ended(build, record, place):
    """Deleted while it runs, and gone before anything is named."""
    program = copied(build, place)
    run = record("-F", "999", "--", "sh", "-c", f"{program} 1.5 & sleep 0.4; rm {program}; wait")
    assert_share(run.of("program"), lambda s: ends_with(s, CHAIN), 0.97, POPULATION)
    assert_share(run.of("program"), is_named, 1.0, POPULATION)


def test_memfd(build, target, record_while):
    script = "import os, sys; fd = os.memfd_create('program'); os.write(fd, open(sys.argv[1], 'rb').read()); " \
             "os.execve(fd, ['program', '1.5'], os.environ)"
    running = target(pathlib.Path(shutil.which("python3")), "-c", script, build("chain"))
    assert_chain(recorded(running, record_while))


MOUNTS = {
    "tmpfs": 'mount -t tmpfs tmpfs "$1"; cp "$0" "$1/program"; exec "$1/program" 1.5',
    "bind mount": 'mkdir "$1/a" "$1/b"; cp "$0" "$1/a/program"; mount --bind "$1/a" "$1/b"; exec "$1/b/program" 1.5',
    "overlay": 'mount -t tmpfs tmpfs "$1"; mkdir "$1/lower" "$1/upper" "$1/work" "$1/all"; cp "$0" "$1/lower/program"; '
               'mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/all"; '
               'exec "$1/all/program" 1.5',
    "overlay's root": 'mount -t tmpfs tmpfs "$1"; mkdir "$1/lower" "$1/upper" "$1/work" "$1/all"; '
                      'cp "$0" "$1/lower/program"; '
                      'mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/all"; '
                      'exec chroot "$1/all" /program 1.5',
}


def contained(place, program, script):
    """(command, arguments): `sh` in mount and pid namespaces of its own; $0 is the program, $1 a folder."""
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec"], [script, program, place]


@pytest.mark.parametrize("kind", MOUNTS)
def test_in_namespaces(build, target, record, kind, place):
    """In mounts that only the program has, gone with it before anything is named."""
    if "overlay" in kind and "overlay" not in pathlib.Path("/proc/filesystems").read_text():
        pytest.skip("this kernel has no overlay filesystem")
    program = build("static")
    before, arguments = contained(place, program, MOUNTS[kind])
    running = target(pathlib.Path(before[0]), *before[1:], *arguments)
    running.wait_for("begin")
    run = record("--comm", "program", "-F", "999", "-d", "3")
    assert_chain(run)


def test_chroot(build, target, record_while, place):
    shutil.copy(build("static"), place / "program")
    running = target(pathlib.Path(shutil.which("chroot")), place, "/program", "1.5")
    assert_chain(recorded(running, record_while))


def test_fifty_milliseconds(build, record):
    """Each process is gone before its samples are read: at least 99 % of all their frames are named."""
    run = record("-F", "999", "--", build("spawner"), "100", build("chain"), "0.05", timeout=120)
    frames = named = 0
    for stack, n in run.of("chain").items():
        frames += n * len(stack)
        named += n * sum(not frame.startswith("[") for frame in stack)
    assert frames > 10000
    assert named >= 0.99 * frames, f"{named} of {frames}: {unnamed(run)}"


def test_two_milliseconds_in_a_container(build, record, place):
    """Whoever of them is still there when it is asked opens the file for all: it is nowhere else."""
    script = 'mount -t tmpfs tmpfs "$1"; cp "$0" "$2" "$1"; exec "$1/spawner" 400 "$1/static" 0.002'
    run = record("-F", "999", "--", "unshare", "--mount", "sh", "-ec", script, build("static"), place, build("spawner"),
                 timeout=120)
    assert_share(run.of("static"), lambda s: not any(frame.startswith("[") for frame in s), 0.97, POPULATION)


LAYOUTS = {"not PIE": ["-no-pie"], "PIE": ["-pie"], "static PIE": ["-static-pie"],
           "text far from its offset": ["-no-pie", "-Wl,-Ttext-segment=0x70000000"],
           "one segment for headers and text": ["-no-pie", "-Wl,-z,noseparate-code"],
           "pages of 2 MiB": ["-Wl,-z,max-page-size=0x200000", "-Wl,-z,separate-code"]}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(target, record_while, place, layout):
    programs.compile_to("chain", place / "program", *LAYOUTS[layout])
    assert_chain(recorded(target(place / "program", "1"), record_while))


def stripped(build, place, *objcopy, name="chain"):
    """A copy without symbols, and with what objcopy adds."""
    subprocess.run(["objcopy", "--strip-all", *objcopy, build(name), place / "program"], check=True)
    return place / "program"


def test_stripped(build, target, record_while, place):
    """What nothing names says so, and why."""
    run = recorded(target(stripped(build, place), "1"), record_while)
    assert not any(frame in CHAIN for stack in run.folded for frame in stack)
    assert run.stats["frames"]["unnamed_by_cause"]["no_symbol"] > POPULATION


def keep_debug(build, path, name="chain"):
    subprocess.run(["objcopy", "--only-keep-debug", build(name), path], check=True)
    return path


@pytest.mark.parametrize("where", [".", ".debug"])
def test_stripped_with_debug_link(build, target, record_while, place, where):
    (place / where).mkdir(exist_ok=True)
    debug = keep_debug(build, place / where / "program.debug")
    program = stripped(build, place, f"--add-gnu-debuglink={debug}")
    assert_chain(recorded(target(program, "1"), record_while))


def build_id(path):
    notes = subprocess.run(["readelf", "-nW", path], capture_output=True, text=True, check=True).stdout
    return notes.split("Build ID: ")[1].split()[0]


def test_stripped_with_a_containers_debug_files(build, target, record_while, place):
    """The container's own /usr/lib/debug, which is below its root and not ours."""
    own = build_id(build("static"))
    folder = place / "usr/lib/debug/.build-id" / own[:2]
    folder.mkdir(parents=True)
    keep_debug(build, folder / f"{own[2:]}.debug", "static")
    stripped(build, place, name="static")
    running = target(pathlib.Path(shutil.which("chroot")), place, "/program", "1")
    assert_chain(recorded(running, record_while))


def test_a_containers_debug_file_is_a_trap(build, target, record_while, place):
    """A link out of the root, another build's file, and a FIFO: nothing is taken, nothing hangs."""
    own = build_id(build("static"))
    folder = place / "usr/lib/debug/.build-id" / own[:2]
    folder.mkdir(parents=True)
    outside = place.parent / f"{place.name}.outside"
    keep_debug(build, outside, "static")
    (folder / f"{own[2:]}.debug").symlink_to(outside)
    keep_debug(build, place / "link.debug", "chain")
    stripped(build, place, f"--add-gnu-debuglink={place / 'link.debug'}", name="static")
    (place / ".debug").mkdir()
    os.mkfifo(place / ".debug/link.debug")
    running = target(pathlib.Path(shutil.which("chroot")), place, "/program", "1")
    run = recorded(running, record_while)
    assert not any(frame in CHAIN for stack in run.folded for frame in stack)
    assert run.stats["frames"]["unnamed_by_cause"]["no_symbol"] > POPULATION


def test_stripped_with_mini_debug_info(build, target, record_while, place):
    inner = place / "inner"
    subprocess.run(["objcopy", "-S", *(f"--keep-symbol={name}" for name in (*CHAIN, "_start")), build("chain"), inner], check=True)
    subprocess.run(["xz", inner], check=True)
    program = stripped(build, place, f"--add-section=.gnu_debugdata={inner}.xz")
    assert_chain(recorded(target(program, "1"), record_while))


@pytest.fixture(name="server")
def fixture_server():
    """A debuginfod of our own: server.files is {path: bytes}, server.asked what was asked for."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            data = self.server.files.get(self.path)
            self.send_response(200 if data else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.asked = {}, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def need_debuginfod():
    if not any(pathlib.Path(folder).glob("libdebuginfod.so.1") for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib64")):
        pytest.skip("no libdebuginfod.so.1 on this machine")


def test_debuginfod(build, target, record_while, server, place):
    """Asked only with --debuginfod, and what it says is believed only with the right build id."""
    need_debuginfod()
    debug = keep_debug(build, place / "whole.debug")
    program = stripped(build, place)
    asked = f"/buildid/{build_id(program)}/debuginfo"
    environment = {**os.environ, "DEBUGINFOD_URLS": f"http://127.0.0.1:{server.server_port}",
                   "DEBUGINFOD_CACHE_PATH": str(place / "cache")}
    environment.pop("DEBUGINFOD_TIMEOUT", None)

    def run(*flags):
        running = target(program, "1")
        running.wait_for("begin")
        return record_while(running, "-F", "999", *flags, env=environment)

    server.files[asked] = keep_debug(build, place / "other.debug", "stage1").read_bytes()
    assert not any(frame in CHAIN for stack in run().folded for frame in stack) and not server.asked
    assert not any(frame in CHAIN or "stage" in frame for stack in run("--debuginfod").folded for frame in stack)
    assert asked in server.asked
    shutil.rmtree(place / "cache")
    server.files[asked] = debug.read_bytes()
    assert_chain(run("--debuginfod"))


def test_debuginfod_without_servers(target, record_while):
    environment = {key: value for key, value in os.environ.items() if key != "DEBUGINFOD_URLS"}
    run = record_while(target("chain", "0.5"), "--debuginfod", env=environment)
    assert "DEBUGINFOD_URLS is not set" in run.stderr


def test_more_files_than_descriptors(build, record, place):
    """Beyond the limit files stay closed, which is counted; what was opened before is named."""
    for i in range(120):
        shutil.copy(build("chain"), place / f"p{i}")
    run = record("-F", "999", "--", "sh", "-c", f"for i in $(seq 0 119); do {place}/p$i 0.03; done",
                 before=["prlimit", "--nofile=160:160"], timeout=120)
    assert unnamed(run).get("no_descriptor", 0) > POPULATION, unnamed(run)
    chains = sum(n for stack, n in run.folded.items() if ends_with(stack, CHAIN))
    assert chains > 100
    wrong = {stack: n for stack, n in run.folded.items()
             if stack[0].startswith("p") and "alpha" in stack and not ends_with(stack, CHAIN)}
    assert sum(wrong.values()) <= 0.01 * chains, wrong
