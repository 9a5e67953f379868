# SPDX-License-Identifier: GPL-2.0-or-later
"""OTLP files: valid by the rules of the conformance checker (tests/peers), equal to the folded file of the same
profile when OpenTelemetry's own classes decode them, and such as today's Pyroscope accepts them."""
import collections
import os
import pathlib
import subprocess

import pytest

import otlp_file

TOP = pathlib.Path(__file__).resolve().parents[2]
MAKE_OTLP = pathlib.Path(os.environ.get("O", "build")) / "tests/e2e/make_otlp"
SEEDS = range(120)
LABELS = 30  # of a series, what Pyroscope takes at most
RESOURCE_ATTRIBUTES = {
    "service.name", "service.namespace", "service.version", "service.instance.id", "deployment.environment.name",
    "process.executable.name", "process.executable.path", "container.id", "k8s.pod.uid", "host.name", "host.id",
    "host.arch", "os.type", "os.version"}


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
    whole = otlp_file.File(tmp_path / "x.otlp")
    ids = [profile.profile_id for file in (whole, *parts) for _, _, profile in file.profiles()]
    assert all(len(one) == 16 for one in ids)
    assert len(set(ids)) == len(ids), "a back end may take two of one id for the same one"
    assert len({one[:8] for one in ids}) == 1, "and yet they are of one recording"


def flat(stats, prefix="profound."):
    """--stats as the figures are called in OTLP, without nulls."""
    for key, value in stats.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield prefix + key, value


def is_of_files(key):
    return key.startswith("profound.frames.unnamed.")


def assert_figures(attributes, stats):
    """Every figure travels, but for counters of 0 that are no lost ones; files without names are of --stats alone."""
    figures = {key: value for key, value in flat(stats) if not is_of_files(key)}
    version = figures.pop("profound.version")
    assert set(attributes) <= set(figures)
    for key, value in figures.items():
        got = attributes.get(key, 0)
        assert got == (pytest.approx(value, abs=1e-6) if isinstance(value, float) else value), key
    assert version
    assert attributes["profound.samples.taken"] == stats["samples"]["taken"]


def assert_as_pyroscope_wants(file):
    """The rules measured with Pyroscope's main of August 2026."""
    for labels, scope, profile in file.profiles():
        assert file.type_of(profile.sample_type) == "samples/count"
        assert file.type_of(profile.period_type) == "cpu/nanoseconds" and profile.period > 0
        assert all(len(sample.values) == 1 and sample.values[0] > 0 for sample in profile.samples)
        assert not any(sample.timestamps_unix_nano for sample in profile.samples)
        assert len(labels) + len(scope.attributes) + 3 <= LABELS
        assert not scope.attributes and set(labels) <= RESOURCE_ATTRIBUTES
        assert all(isinstance(value, (str, int)) for value in labels.values())
        assert profile.time_unix_nano > 0 and profile.duration_nano > 0
    assert all(len(stack.location_indices) <= 1000 for stack in file.dictionary.stack_table)


def assert_places(file):
    """What locations say beside names."""
    for location in file.dictionary.location_table[1:]:
        mapping = file.dictionary.mapping_table[location.mapping_index]
        kind = file.attributes(location.attribute_indices).get("profile.frame.type")
        if kind == "kernel":
            assert location.address == 0, "addresses of the kernel are nobody's business"
            assert file.strings[mapping.filename_strindex] == "[kernel.kallsyms]"
        elif location.address and mapping.memory_limit:
            assert mapping.memory_start <= location.address < mapping.memory_limit


@pytest.mark.smoke
def test_a_recording_is_valid_and_says_what_the_folded_file_says(start, target, tmp_path):
    busy, otlp = target("chain", 2), tmp_path / "x.otlp"
    run = start("-F", "199", "-o", otlp, "-d", "2").finish()
    busy.kill()
    file = otlp_file.File(otlp)
    assert sum(run.folded.values()) > 100
    assert file.folded() == run.folded
    assert_places(file)
    ids = [profile.profile_id for _, _, profile in file.profiles()]
    assert all(len(one) == 16 and any(one) for one in ids) and len(set(ids)) == len(ids)
    assert len({one[:8] for one in ids}) == 1
    for _, scope, profile in file.profiles():
        assert (scope.name, scope.version) == ("profound", run.stats["version"])
        assert_figures(file.attributes(profile.attribute_indices), run.stats)


def test_pyroscope_takes_it(start, target, tmp_path):
    busy, otlp = target("chain", 2), tmp_path / "x.otlp"
    run = start("-F", "199", "-p", busy.pid, "-o", otlp, "-d", "2").finish()
    busy.kill()
    file = otlp_file.File(otlp)
    assert_as_pyroscope_wants(file)
    for _, _, profile in file.profiles():
        assert profile.period == 10**9 // 199


def test_intervals_of_a_service_have_one_label_set(start, target, tmp_path):
    """Whatever is new in a recording is no label: it would begin a series of its own."""
    seen = []
    for number in range(2):
        busy, otlp = target("chain", 1, env={**os.environ, "OTEL_SERVICE_NAME": "shop"}), tmp_path / f"{number}.otlp"
        start("-F", "199", "-p", busy.pid, "-o", otlp, "-d", "1").finish()
        busy.kill()
        (labels, scope, _), = otlp_file.File(otlp).profiles()
        seen.append((labels, scope.SerializeToString()))
    assert seen[0] == seen[1]
    assert seen[0][0]["service.name"] == "shop"
