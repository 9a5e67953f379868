# SPDX-License-Identifier: GPL-2.0-or-later
import shutil
import subprocess

import pytest

import peers
from fixtures import agent, build, certificates, make_sent, record, record_while, start, target  # noqa: F401 (what recordings need)


def pytest_configure(config):
    config.addinivalue_line("markers", "long: minutes, only in check-all")
    config.addinivalue_line("markers", "pyroscope: needs a build of minutes and gigabytes, only in check-all")


@pytest.fixture(scope="session")
def pprof():
    """pprof("-top", file) is what the program behind `go tool pprof` prints; it may not complain."""
    program = peers.built("pprof") / "bin/pprof"

    def run(*argv):
        done = subprocess.run([program, *map(str, argv)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and not done.stderr, f"{argv}: exit {done.returncode}\n{done.stderr}"
        return done.stdout

    run.program = program
    return run


@pytest.fixture(scope="session")
def speedscope():
    """speedscope(file) is {(frame, ...): weight} as speedscope's own importer read it, root first."""
    release = peers.built("speedscope") / "npm/node_modules/speedscope/dist/release"
    if not (shutil.which("chromium-headless-shell") or shutil.which("chromium")):
        pytest.skip("neither chromium-headless-shell nor chromium is installed")
    import speedscope as viewer
    return lambda file: viewer.folded(viewer.export(release, file))


@pytest.fixture
def start_collector(tmp_path):
    """start_collector(certificates=None) is a collector.Collector of this test's own."""
    import collector
    binary, started = peers.built("collector") / "bin/otelcol-profiles", []

    def starter(*argv, **options):
        started.append(collector.Collector(binary, tmp_path / "collector", *argv, **options))
        return started[-1]

    yield starter
    for one in started:
        one.stop()


@pytest.fixture(scope="session")
def pyroscope(tmp_path_factory):
    one = peers.Pyroscope(peers.built("pyroscope"), tmp_path_factory.mktemp("pyroscope"))
    yield one
    one.stop()
