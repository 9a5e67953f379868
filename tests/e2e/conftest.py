# SPDX-License-Identifier: GPL-2.0-or-later
import os

import pytest

import profound
from fixtures import agent, build, certificates, make_sent, record, record_while, start, target  # noqa: F401


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: the few that check-fast runs")
    config.addinivalue_line("markers", "soak: long ones, only in check-all")


def pytest_collection_modifyitems(items):
    if not os.path.exists(profound.binary()):
        pytest.exit(f"no {profound.binary()}: build it first, or set PROFOUND", 1)
    if os.geteuid() != 0:
        skip = pytest.mark.skip(reason="end-to-end tests load BPF programs: run as root")
        for item in items:
            item.add_marker(skip)
