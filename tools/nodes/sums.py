# SPDX-License-Identifier: GPL-2.0-or-later
"""From the whole intervals of a stream to a node's day, and to fleets."""
from . import stream

DAY = 86400
MB, GB, TB = 1e6, 1e9, 1e12


class Day:
    """What a node sends in one."""

    def __init__(self, one):
        requests = one.whole()
        if not requests:
            raise ValueError(f"{one.name}: no whole interval of {one.interval} s in it")
        # An interval may be more than one request: its profiles begin at the same time.
        seconds = sum({request.begins: request.seconds for request in requests}.values())
        self.intervals, scale = len({request.begins for request in requests}), DAY / seconds
        self.requests, self.profiles = len(requests) * scale, sum(request.profiles for request in requests) * scale
        self.samples = sum(request.samples for request in requests) * scale
        self.bare = sum(len(request.body) for request in requests) * scale
        self.sent = sum(len(request.sent) for request in requests) * scale
        self.http = self.sent + sum(request.head_bytes for request in requests) * scale


def show_day(one, day):
    facts = one.facts
    print(f"{one.name}: load: {facts['load']}, {facts['freq']} Hz, {facts['cpus']} CPUs, load average "
          f"{facts['load_average']:.1f}; {day.intervals} whole intervals of {facts['interval']} s")
    print(f"  {'':<22}{'a request':>12}{'a day':>14}")
    for name, value in (("requests", day.requests), ("profiles (resources)", day.profiles), ("samples", day.samples),
                        ("bytes of OTLP", day.bare), ("bytes gzipped", day.sent), ("bytes with HTTP's head", day.http)):
        print(f"  {name:<22}{value / day.requests:>12,.0f}{value:>14,.0f}")


def show_fleet(day, nodes, core):
    """core: requests/s that one takes, or None."""
    cores = f"; {nodes * day.requests / DAY / core:,.2f} Collector cores" if core else ""
    print(f"  {nodes:,} nodes: {nodes * day.requests / DAY:,.1f} requests/s, {nodes * day.profiles / DAY:,.0f} profiles/s, "
          f"{nodes * day.http / DAY / MB:,.2f} MB/s on the wire, {nodes * day.bare / DAY / MB:,.2f} MB/s of OTLP; a day "
          f"{nodes * day.sent / GB:,.0f} GB gzipped, {nodes * day.bare / TB:,.2f} TB of OTLP{cores}")


def show(folders, fleets, core=None):
    for folder in folders:
        one = stream.Stream(folder)
        day = Day(one)
        show_day(one, day)
        for nodes in fleets:
            show_fleet(day, nodes, core)
