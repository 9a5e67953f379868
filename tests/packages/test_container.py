# SPDX-License-Identifier: GPL-2.0-or-later
"""The Dockerfile, which no engine here can build: it is read, and what it would collect is run as a root."""
import fnmatch
import http.server
import os
import re
import shlex
import subprocess
import threading

import pytest

import tree
from conftest import need

FOLDER = tree.TOP / "deploy" / "container"


def instructions():
    """(name, rest) of each, continued lines joined, comments gone."""
    text = re.sub(r"^\s*#.*\n", "", (FOLDER / "Dockerfile").read_text(), flags=re.M)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def test_known_instructions():
    assert {name for name, _ in instructions()} <= {"FROM", "WORKDIR", "COPY", "ARG", "RUN", "LABEL", "VOLUME", "EXPOSE",
                                                    "ENTRYPOINT", "CMD"}


def test_two_stages_and_the_last_begins_with_nothing():
    stages = [rest.split() for name, rest in instructions() if name == "FROM"]
    assert len(stages) == 2 and stages[0][1:] == ["AS", "build"] and stages[1] == ["scratch"]


def test_copies_what_is_there():
    names, ignored = {"build"}, (FOLDER / "Dockerfile.dockerignore").read_text().split("\n")
    copies = [shlex.split(rest) for name, rest in instructions() if name == "COPY"]
    assert copies
    for *sources, _ in copies:
        stage = next((word[7:] for word in sources if word.startswith("--from=")), None)
        assert stage is None or stage in names
        for source in sources:
            if stage is None and not source.startswith("--"):
                assert (tree.TOP / source).exists(), source
                assert not any(fnmatch.fnmatch(source, pattern) for pattern in ignored), source


def test_what_it_runs_is_there():
    runs = " && ".join(rest for name, rest in instructions() if name == "RUN")
    tools = re.findall(r"tools/\w+", runs)
    assert set(tools) == {"tools/deps", "tools/image"}
    assert all(os.access(tree.TOP / tool, os.X_OK) for tool in tools)
    kinds = re.search(r"^case .*?^esac", (tree.TOP / "tools/deps").read_text(), re.M | re.S).group(0)
    for kind in re.findall(r"tools/deps (\w+)", runs):
        assert f"\n{kind}) " in kinds


def test_packages_exist():
    """Those of tools/deps and the Dockerfile's own, as this machine's apt knows them."""
    need("apt-cache")
    deps = (tree.TOP / "tools/deps").read_text()
    wishes = [word for kind in ("BUILD", "PACKAGE", "PACKAGES")
              for word in re.search(rf"^{kind}='([^']*)'", deps, re.M).group(1).split()]
    runs = "\n".join(rest for name, rest in instructions() if name == "RUN")
    own = re.search(r"apt-get install -y --no-install-recommends ([^&\n]*)", runs).group(1).split()
    known = set(tree.run("apt-cache", "pkgnames").split())
    if "gcc" not in known:
        pytest.skip("apt has no list of an archive here")
    assert len(own) == 2
    assert [wish for wish in wishes + own if not known & set(wish.split("/"))] == []


def test_names_no_architecture():
    text = (FOLDER / "Dockerfile").read_text() + (tree.TOP / "tools/image").read_text()
    assert not re.search(r"x86|amd64|aarch64|arm64", text)


@pytest.fixture(scope="module")
def image(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("image") / "root"
    done = subprocess.run([tree.TOP / "tools/image", program, folder], capture_output=True, text=True, check=False)
    if "install" in done.stderr and done.returncode == 1:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return folder


def test_image_is_small(image):
    files = [path for path in image.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < 40 << 20
    assert not [path for path in files if path.parts[-2] == "bin" and path.name != "profound"]


def in_image(image, *argv):
    if os.geteuid():
        pytest.skip("a root is entered by root")
    enter = 'mount -t proc proc "$1/proc" && mount --rbind /sys "$1/sys" && exec chroot "$@"'
    return subprocess.run(["unshare", "--mount", "sh", "-c", enter, "sh", image, "/usr/bin/profound", *argv],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False)


def test_image_runs(image):
    assert in_image(image, "--version").stdout.startswith("profound ")


class Refusing(http.server.BaseHTTPRequestHandler):
    """For good: what is refused otherwise is tried again for a minute."""
    def do_POST(self): # noqa: N802
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_error(400)

    def log_message(self, *args):
        pass


def test_image_sends(image):
    """libcurl and what it needs is there: a receiver that refuses is what fails."""
    with http.server.HTTPServer(("127.0.0.1", 0), Refusing) as server, \
            subprocess.Popen(["sh", "-c", "while :; do :; done"]) as busy: # without a sample there is nothing to send
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            result = in_image(image, "record", "-F", "499", "-d", "0.5", "-q", "-o", f"otlp+http://127.0.0.1:{server.server_port}")
        finally:
            busy.kill()
            server.shutdown()
    assert result.returncode == 1
    assert "cannot load" not in result.stderr and "400" in result.stderr, result.stderr


def test_image_profiles(image):
    with subprocess.Popen(["sh", "-c", "while :; do :; done"]) as busy:
        try:
            result = in_image(image, "record", "-F", "499", "-d", "1", "-o", "-", "-p", str(busy.pid))
        finally:
            busy.kill()
    if "CAP_" in result.stderr or "BTF" in result.stderr:
        pytest.skip(f"BPF programs cannot be loaded here: {result.stderr.strip()}")
    assert result.returncode == 0, result.stderr
    assert re.search(r"^sh;.* \d+$", result.stdout, re.M)
