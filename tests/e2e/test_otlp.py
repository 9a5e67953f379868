# SPDX-License-Identifier: GPL-2.0-or-later
"""OTLP files: valid by the rules of the conformance checker (tests/peers), equal to the folded file of the same
profile when OpenTelemetry's own classes decode them."""
import collections
import os
import pathlib
import subprocess

import pytest

import otlp_file

TOP = pathlib.Path(__file__).resolve().parents[2]
MAKE_OTLP = pathlib.Path(os.environ.get("O", "build")) / "tests/e2e/make_otlp"
SEEDS = range(120)


@pytest.fixture(scope="session")
def make_otlp():
    subprocess.run(["make", "-s", MAKE_OTLP], check=True, cwd=TOP)
    return TOP / MAKE_OTLP


def folded_of(path):
    """Lines as they are: a made profile has empty names, too."""
    stacks = collections.Counter()
    for line in path.read_text(encoding="utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        stacks[tuple(stack.split(";"))] += int(count)
    return stacks


def has_equal_samples(file):
    keys = list(file.sample_keys())
    return len(set(keys)) < len(keys)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_profiles_are_valid_and_whole(make_otlp, tmp_path, seed):
    otlp, folded = tmp_path / "x.otlp", tmp_path / "x.folded"
    subprocess.run([make_otlp, str(seed), otlp, folded], check=True)
    file = otlp_file.File(otlp)
    assert file.folded() == folded_of(folded)
    assert not has_equal_samples(file)
    for _, _, profile in file.profiles():
        assert all(len(sample.values) == 1 and not sample.timestamps_unix_nano for sample in profile.samples)


@pytest.mark.parametrize("seed", range(0, 120, 5))
def test_parts_are_valid_and_make_the_whole(make_otlp, tmp_path, seed):
    part = tmp_path / "part"
    subprocess.run([make_otlp, str(seed), tmp_path / "x.otlp", tmp_path / "x.folded", part, "7"], check=True)
    parts = [otlp_file.File(path) for path in tmp_path.glob("part.*")]
    assert sum((file.folded() for file in parts), collections.Counter()) == folded_of(tmp_path / "x.folded")
    assert all(len(profile.samples) <= 7 for file in parts for _, _, profile in file.profiles())
    assert not any(map(has_equal_samples, parts))
