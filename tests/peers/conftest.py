# SPDX-License-Identifier: GPL-2.0-or-later
import shutil
import subprocess

import pytest

import peers
from fixtures import build, record, record_while, start, target  # noqa: F401 (what recordings need)


def pytest_configure(config):
    config.addinivalue_line("markers", "pyroscope: needs a build of minutes and gigabytes, only in check-all")


def built(name):
    try:
        return peers.build(name)
    except peers.Unbuildable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def pprof():
    """pprof("-top", file) is what the program behind `go tool pprof` prints; it may not complain."""
    program = built("pprof") / "bin/pprof"

    def run(*argv):
        done = subprocess.run([program, *map(str, argv)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and not done.stderr, f"{argv}: exit {done.returncode}\n{done.stderr}"
        return done.stdout

    run.program = program
    return run


@pytest.fixture(scope="session")
def speedscope():
    """speedscope(file) is {(frame, ...): weight} as speedscope's own importer read it, root first."""
    release = built("speedscope") / "npm/node_modules/speedscope/dist/release"
    if not (shutil.which("chromium-headless-shell") or shutil.which("chromium")):
        pytest.skip("neither chromium-headless-shell nor chromium is installed")
    import speedscope as viewer
    return lambda file: viewer.folded(viewer.export(release, file))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """(CA, certificate of 127.0.0.1, its key), made for this run."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*argv):
        subprocess.run(["openssl", *argv], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=profound test CA")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "csr.pem", "-subj", "/CN=127.0.0.1")
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "extensions", "-out", "cert.pem")
    return folder / "ca.pem", folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def collector(tmp_path, authority):
    """A Collector of this test's own."""
    folder = tmp_path / "collector"
    folder.mkdir()
    one = peers.Collector(built("collector"), folder, *authority[1:])
    yield one
    one.stop()


@pytest.fixture(scope="session")
def pyroscope(tmp_path_factory):
    one = peers.Pyroscope(built("pyroscope"), tmp_path_factory.mktemp("pyroscope"))
    yield one
    one.stop()
