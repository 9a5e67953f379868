# SPDX-License-Identifier: GPL-2.0-or-later
import json

import pytest

import chart
import peers
from fixtures import build, target  # noqa: F401 (what a pod profiles)


def pytest_collection_modifyitems(items):
    for item in items:
        if "otelcol" in item.fixturenames:
            item.add_marker(pytest.mark.deploy)


@pytest.fixture(scope="session")
def helm():
    """helm("lint", ...) is what helm did."""
    program = peers.built("helm") / "bin/helm"

    def run(*argv):
        return chart.run(program, *argv)

    run.program = program
    return run


@pytest.fixture(scope="session")
def render(helm):
    """render("port=1", version="1.34") is the chart's objects, by kind."""
    def rendered(*sets, version="1.34"):
        done = chart.template(helm, *sets, version=version)
        assert done.returncode == 0, done.stderr
        return chart.by_kind(done.stdout)

    return rendered


@pytest.fixture(scope="session")
def schemas():
    """schemas("kubernetes"), schemas("podmonitor"): what is published of their objects."""
    folder = peers.built("schemas") / "schemas"
    return lambda name: json.loads((folder / f"{name}.json").read_text())


@pytest.fixture(scope="session")
def otelcol():
    return peers.built("deploy") / "bin/otelcol-deploy"
