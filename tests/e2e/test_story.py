# SPDX-License-Identifier: GPL-2.0-or-later
"""The walk-through of examples/slow-recommender: the profile of the slow service tells what to mend, and that of the mended
one tells that it was."""
import collections
import pathlib
import re
import subprocess

import pytest

import profound

EXAMPLE = profound.ROOT / "examples/slow-recommender"
HANDLER = "Handler.do_GET"
MATRIX = "calculate_similarity_matrix"
SECONDS = 4


@pytest.fixture
def profile_of(record):
    """profile_of("--fixed"): the recording of the service under load, and how many requests it answered."""
    def runner(*flags):
        service = profound.Target(["/usr/bin/python3", EXAMPLE / "recommender.py", "0", *flags])
        started.append(service)
        port = int(service.wait_for("port"))
        load = subprocess.Popen(["/usr/bin/python3", EXAMPLE / "load.py", str(port), str(SECONDS + 2)],
                                stdout=subprocess.PIPE, text=True)
        run = record("-p", service.pid, "-d", str(SECONDS), "-F", "199", "--lines")
        said = load.communicate(timeout=60)[0].split()
        service.kill()
        return run, int(said[1])

    started = []
    yield runner
    for service in started:
        service.kill()


def function_of(frame):
    """(function, line) of a Python frame of the service."""
    match = re.fullmatch(r"(.*) \(recommender\.py:(\d+)\)", frame)
    return (match.group(1), int(match.group(2))) if match else None


def below_handler(run):
    """Inclusive samples of the functions that the request handler called, and the lines of each."""
    inclusive, lines, total = collections.Counter(), collections.defaultdict(collections.Counter), 0
    for stack, n in run.folded.items():
        found = [function_of(frame) for frame in stack]
        names = [one[0] if one else None for one in found]
        if HANDLER not in names:
            continue
        total += n
        inside = [one for one in found[names.index(HANDLER) + 1:] if one]
        for function in {function for function, _ in inside}:
            inclusive[function] += n
        for function, line in set(inside):
            lines[function][line] += n
    return inclusive, lines, total


@pytest.mark.skipif(not pathlib.Path("/usr/bin/python3").exists(), reason="no /usr/bin/python3 to run the service")
def test_story(profile_of):
    slow, slow_requests = profile_of()
    inclusive, lines, total = below_handler(slow)
    assert total >= 200, slow
    assert inclusive.most_common(1)[0][0] == MATRIX, inclusive.most_common(5)
    assert inclusive[MATRIX] >= 0.8 * total, (inclusive.most_common(5), total)
    source = (EXAMPLE / "recommender.py").read_text().splitlines()
    line = 1 + next(i for i, text in enumerate(source) if "matrix[one, other] = " in text)
    assert lines[MATRIX].most_common(1)[0][0] == line, lines[MATRIX]

    fixed, fixed_requests = profile_of("--fixed")
    inclusive, _, total = below_handler(fixed)
    assert inclusive[MATRIX] == 0 and total > 0, inclusive.most_common(5)
    assert fixed_requests > 10 * slow_requests
