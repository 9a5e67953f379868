# SPDX-License-Identifier: GPL-2.0-or-later
"""The table: goal, value, ratio to a rival measured in the same run, PASS or MISS. A MISS fails nothing."""
verdicts = []


def note(text):
    print(f"# {text}", flush=True)


def line(name, goal, value, verdict, compared):
    print(f"{name:<56} {goal:>10} {value:>10} {compared:>24}  {verdict}".rstrip(), flush=True)


def row(name, goal, value, passed=None, compared="-"):
    """passed None: a figure without a goal."""
    verdict = "" if passed is None else "PASS" if passed else "MISS"
    verdicts.append(verdict)
    line(name, goal, value, verdict, compared)


def ratio(value, rival):
    """rival is (name, value) or None."""
    return f"{value / rival[1]:.2f} x {rival[0]}" if rival and rival[1] else "-"


def at_most(name, goal, value, digits=0, rival=None):
    row(name, f"<= {goal:.{digits}f}", f"{value:.{digits}f}", value <= goal, ratio(value, rival))


def at_least(name, goal, value, digits=0, rival=None):
    row(name, f">= {goal:.{digits}f}", f"{value:.{digits}f}", value >= goal, ratio(value, rival))


def shown(name, value, digits=0, rival=None):
    row(name, "-", f"{value:.{digits}f}", None, ratio(value, rival))


def unmeasured(name, goal, why):
    row(name, goal, "-", None, f"not measured: {why}")


def begin(part):
    print(f"\n== {part}", flush=True)
    line("row", "goal", "value", "", "ratio")


def end(seconds):
    print(f"\n{verdicts.count('PASS')} PASS, {verdicts.count('MISS')} MISS in {seconds:.0f} s", flush=True)
