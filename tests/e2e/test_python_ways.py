# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways in which CPython comes and is used: renamed, deleted, copied into a folder, linked into a C program, loaded late, forked,
in greenlets, as several interpreters in one process; and versions that nobody knows."""
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap
import time

import pytest

import pythons
from profound import assert_share, whole

WORK = """
import sys, time
def leaf():
    total = 0
    for i in range(4000):
        total += i ^ 1
def work(seconds=1.0):
    end = time.process_time() + seconds
    while time.process_time() < end:
        leaf()
def begin():
    print("begin", 1, flush=True)
"""


def of_python(stack):
    """Bare names of the stack's Python frames."""
    found = (re.fullmatch(r"(.*) \((?:.*\.py|<.*>)\)", frame) for frame in stack)
    return [match.group(1).rpartition(".")[2] for match in found if match]


def right(*chain):
    """A stack that is whole and has the chain, in this order, with nothing of Python in between."""
    def judge(stack):
        names = of_python(stack)
        return whole(stack) and any(tuple(names[i:i + len(chain)]) == chain for i in range(len(names)))
    return judge


def working(run):
    """The stacks in which leaf() ran. Few others may have run code of Python without a frame of it: those are told as cut, from
    before the interpreter was known."""
    hidden = sum(n for stack, n in run.folded.items() if whole(stack) and "_PyEval_EvalFrameDefault" in stack)
    assert hidden <= 0.01 * run.stats["samples"]["taken"], (hidden, run.stats["samples"])
    assert run.stats["stacks"]["cut"]["runtime_not_ready"] <= 0.2 * 499 + 5, run.stats["stacks"]
    return collections.Counter({stack: n for stack, n in run.folded.items() if "leaf" in of_python(stack)})


@pytest.fixture
def script(tmp_path):
    def writer(text, name="ways.py"):
        path = tmp_path / name
        path.write_text(WORK + textwrap.dedent(text))
        return path
    return writer


@pytest.fixture
def system():
    found = pythons.system()
    if found is None:
        pytest.skip("no /usr/bin/python3")
    return found.path


def pyenv(*minors):
    for minor in minors:
        found = pythons.of_pyenv(minor)
        if found:
            return found
    pytest.skip(f"no CPython {' or '.join(minors)} below {pythons.pyenv_root()}")


def run_script(target, record_while, command, *more, **popen):
    one = target(pathlib.Path(command[0]), *command[1:], **popen)
    one.wait_for("begin")
    time.sleep(0.05)
    return record_while(one, "-F", "499", *more)


def test_renamed(system, script, target, record_while, tmp_path):
    shutil.copy(system, tmp_path / "not-a-snake")
    path = script("begin()\nwork()")
    run = run_script(target, record_while, [tmp_path / "not-a-snake", path])
    assert_share(working(run), right("<module>", "work", "leaf"), 0.995, 300)


def test_deleted(system, script, target, record_while, tmp_path):
    shutil.copy(system, tmp_path / "gone")
    path = script("""
        import os
        os.unlink(sys.executable)
        begin()
        work()
    """)
    run = run_script(target, record_while, [tmp_path / "gone", path])
    assert_share(working(run), right("<module>", "work", "leaf"), 0.995, 300)


def test_virtual_environment(system, script, target, record_while, tmp_path):
    subprocess.run([system, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    path = script("begin()\nwork()")
    run = run_script(target, record_while, [tmp_path / "venv/bin/python3", path])
    assert_share(working(run), right("<module>", "work", "leaf"), 0.995, 300)


def test_fork_without_exec(system, script, target, record):
    path = script("""
        import os
        begin()
        time.sleep(0.5)
        def child():
            work()
        if os.fork() == 0:
            child()
            os._exit(0)
        os.wait()
    """)
    one = target(pathlib.Path(system), path)
    one.wait_for("begin")
    run = record("-p", one.pid, "-F", "499", "-d", "2")
    assert_share(working(run), right("<module>", "child", "work", "leaf"), 0.995, 200)


def test_new_processes_are_whole_from_their_first_sample(system, script, record):
    """Of 20 processes of one interpreter at most the first may have samples before it is known."""
    path = script("work(0.05)")
    run = record("-F", "499", "--", "sh", "-c", f"for i in $(seq 20); do {system} {path}; done")
    assert_share(working(run), right("<module>", "work", "leaf"), 0.98, 200)
    assert run.stats["stacks"]["cut"]["runtime_not_ready"] <= 0.02 * run.stats["samples"]["taken"], run.stats["stacks"]


def test_names_of_many_short_processes(system, script, record):
    """They come and go while intervals end: each of their frames has its name."""
    path = script("work(0.03)")
    run = record("-F", "999", "--", "sh", "-c", f"timeout 8 sh -c 'while :; do {system} {path}; done'; true")
    assert run.stats["samples"]["taken"] >= 1000, run.stats["samples"]
    assert run.stats["frames"]["unnamed_by_cause"]["runtime_code_gone"] == 0, run.stats["frames"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method, system, script, record):
    path = script(f"""
        import multiprocessing
        def task(number):
            work(0.4)
        if __name__ == "__main__":
            with multiprocessing.get_context("{method}").Pool(2) as pool:
                pool.map(task, range(4))
    """)
    run = record("-F", "499", "--", system, path)
    assert_share(working(run), right("worker", "mapstar", "task", "work", "leaf"), 0.995, 300)


def test_container(system, script, record):
    """Namespaces of its own, and a root of layers (overlayfs), as container engines make it."""
    path = script("work(1.0)")
    inside = f"""
        mount -t tmpfs none /mnt
        mkdir -p /mnt/upper /mnt/work /mnt/root
        mount -t overlay none -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
        mount -t proc proc /mnt/root/proc
        mkdir -p /mnt/root/app
        cp {path} /mnt/root/app/ways.py
        exec chroot /mnt/root {system} /app/ways.py
    """
    run = record("-F", "499", "--", "unshare", "--mount", "--pid", "--ipc", "--uts", "--net", "--fork", "sh", "-ec", inside)
    assert_share(working(run), right("<module>", "work", "leaf"), 0.995, 300)


def test_generated_functions(script, target, record_while):
    """Code objects that come and go at the same addresses: a name is the one of now. Each function has its number for name and
    for the line that it is on."""
    python = pyenv("3.12", "3.13", "3.11")
    path = script("""
        begin()
        end = time.process_time() + 1.5
        number = 0
        while time.process_time() < end:
            number = number % 900 + 1
            made = {}
            exec("\\n" * number + f"def made_{number}():\\n for i in range(2000): pass\\n", made)
            made[f"made_{number}"]()
    """)
    run = run_script(target, record_while, [python.path, path], "--lines")
    stacks, seen = collections.Counter(), set()
    for stack, n in run.folded.items():
        for frame in stack:
            match = re.fullmatch(r"made_(\d+) \(<string>:(\d+)\)", frame)
            if match:
                stacks[match.groups()] += n
                seen.add(match.group(1))
    assert len(seen) >= 50, stacks
    assert_share(stacks, lambda pair: int(pair[1]) - int(pair[0]) in (1, 2), 0.995, 200)


def test_several_interpreters(script, target, record_while):
    python = pyenv("3.12", "3.13", "3.9")
    path = script("""
        try:
            import _interpreters as interpreters
            run = interpreters.exec
        except ImportError:
            import _xxsubinterpreters as interpreters
            run = interpreters.run_string
        source = open(__file__).read().partition("# in" + "ner")[2]
        def outer():
            run(interpreters.create(), source)
        begin()
        outer()
        sys.exit(0)
        # inner
        import time
        def leaf():
            total = 0
            for i in range(4000):
                total += i
        def inside():
            end = time.process_time() + 1
            while time.process_time() < end:
                leaf()
        inside()
    """)
    run = run_script(target, record_while, [python.path, path])
    stacks = working(run)
    assert_share(stacks, right("<module>", "outer", "<module>", "inside", "leaf"), 0.995, 300)
    # What calls the inner interpreter lies between the two, where the build has names.
    def in_order(stack):
        names = [frame.split(" (")[0].rpartition(".")[2] for frame in stack]
        return names.index("outer") < names.index("PyEval_EvalCode", names.index("outer")) < names.index("inside")
    assert_share(stacks, in_order, 0.995, 300)


def test_greenlets(script, target, record_while):
    """A greenlet's stack ends where it was started, whoever switched to it."""
    path = script("""
        import greenlet
        def first():
            while True:
                leaf()
                two.switch()
        def second():
            end = time.process_time() + 1.5
            while time.process_time() < end:
                leaf()
                one.switch()
        one, two = greenlet.greenlet(first), greenlet.greenlet(second)
        def starter():
            begin()
            two.switch()
        starter()
    """)
    command = [sys.executable, path]
    if subprocess.run([sys.executable, "-c", "import greenlet"], capture_output=True, check=False).returncode:
        pytest.skip("these tests' virtual environment has no greenlet")
    run = run_script(target, record_while, command)
    stacks = working(run)
    both = collections.Counter(of_python(stack)[-2] for stack in stacks)
    assert set(both) == {"first", "second"}, both
    assert_share(stacks, lambda stack: whole(stack) and of_python(stack) in (["first", "leaf"], ["second", "leaf"]),
                 0.98, 300)


def test_gevent(script, target, record_while):
    """Tasks that its hub starts, in the order of their sleeps: each stack has its own task, and no other's."""
    path = script("""
        import gevent
        def task_one():
            for _ in range(400):
                leaf()
                gevent.sleep(0)
        def task_two():
            for _ in range(400):
                leaf()
                gevent.sleep(0)
        begin()
        while time.process_time() < 1.5:
            gevent.joinall([gevent.spawn(task_one), gevent.spawn(task_two)])
    """)
    if subprocess.run([sys.executable, "-c", "import gevent"], capture_output=True, check=False).returncode:
        pytest.skip("these tests' virtual environment has no gevent")
    stacks = working(run_script(target, record_while, [sys.executable, path]))
    tasks = collections.Counter()
    for stack, n in stacks.items():
        tasks[of_python(stack)[-2]] += n
    assert set(tasks) == {"task_one", "task_two"} and min(tasks.values()) >= 100, tasks
    assert_share(stacks, lambda stack: whole(stack) and of_python(stack) in (["task_one", "leaf"], ["task_two", "leaf"]),
                 0.98, 300)


EMBEDDING = r"""
#include <Python.h>
#include <pthread.h>
static void *run(void *argument)
{
	PyGILState_STATE state = PyGILState_Ensure();
	PyRun_SimpleString("def in_thread(): work(0.7)\nin_thread()");
	PyGILState_Release(state);
	return argument;
}
int main(int argc, char **argv)
{
	pthread_t thread;
	PyThreadState *state;
	Py_Initialize();
	PyRun_SimpleString(argv[argc - 1]);
	PyRun_SimpleString("begin()\ndef embedded(): work(0.7)\nembedded()");
	state = PyEval_SaveThread();
	pthread_create(&thread, 0, run, 0);
	pthread_join(thread, 0);
	PyEval_RestoreThread(state);
	return 0;
}
"""


def test_embedded(target, record_while, tmp_path):
    """In a C program, and in a thread that C started."""
    python = pyenv("3.11", "3.12", "3.10")
    home = python.path.parents[1]
    minor = python.path.name.removeprefix("python")
    (tmp_path / "host.c").write_text(EMBEDDING)
    subprocess.run(["gcc", "-O2", tmp_path / "host.c", f"-I{home}/include/python{minor}", f"-L{home}/lib",
                    f"-lpython{minor}", f"-Wl,-rpath,{home}/lib", "-lpthread", "-o", tmp_path / "host"], check=True)
    run = run_script(target, record_while, [tmp_path / "host", WORK], env={**os.environ, "PYTHONHOME": str(home)})
    stacks = working(run)
    assert_share(stacks, lambda stack: right("embedded", "work", "leaf")(stack) or
                 right("in_thread", "work", "leaf")(stack), 0.995, 300)
    assert sum(n for stack, n in stacks.items() if "in_thread" in of_python(stack)) >= 100, stacks


LOADING = r"""
#include <dlfcn.h>
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
	((void (*)(void))dlsym(library, "Py_Initialize"))();
	return ((int (*)(const char *))dlsym(library, "PyRun_SimpleString"))(argv[argc - 1]);
}
"""


def test_loaded_late(target, record_while, tmp_path):
    """The program does not even name the library."""
    python = pyenv("3.11", "3.12", "3.10")
    home = python.path.parents[1]
    library = next((home / "lib").glob("libpython3.*.so.1.0"))
    (tmp_path / "host.c").write_text(LOADING)
    subprocess.run(["gcc", "-O2", tmp_path / "host.c", "-ldl", "-o", tmp_path / "host"], check=True)
    run = run_script(target, record_while, [tmp_path / "host", library, WORK + "begin()\nwork()\n"],
                     env={**os.environ, "PYTHONHOME": str(home)})
    assert_share(working(run), right("<module>", "work", "leaf"), 0.995, 250)


def test_unknown_version(target, record_while):
    """2.7: native frames, no name of Python's, and the cause."""
    found = pythons.of_pyenv("2.7")
    if found is None:
        pytest.skip(f"no CPython 2.7 below {pythons.pyenv_root()}")
    source = "import sys, time\nprint('begin 1')\nsys.stdout.flush()\nend = time.clock() + 1\n" \
             "while time.clock() < end:\n  for i in xrange(1000): pass\n"
    one = target(found.path, "-c", source)
    one.wait_for("begin")
    run = record_while(one, "-F", "499")
    stacks = run.of("python2.7")
    assert not any(of_python(stack) for stack in stacks), stacks
    in_loop = collections.Counter({stack: n for stack, n in stacks.items() if "PyEval_EvalFrameEx" in stack})
    assert_share(in_loop, lambda stack: "[truncated: runtime_unsupported]" in stack, 1, 200)
