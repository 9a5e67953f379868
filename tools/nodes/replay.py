# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends what many nodes would send. All is made before the first request is sent, so that a core that sends is enough for
one that receives."""
import collections
import http.client
import itertools
import threading
import time
import urllib.parse

from opentelemetry.proto.collector.profiles.v1development import profiles_service_pb2 as service

from . import rewrite

PATH = "/v1development/profiles"
HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", "User-Agent": "profound-fleet"}
MOST_BYTES = 4e9  # of all requests: they are kept in memory
TIMEOUT = 60

Encoded = collections.namedtuple("Encoded", "sent size profiles samples")  # size: of the bare message


def encode(one, nodes, whole=False):
    """Interval by interval, in each all nodes, as a fleet sends. The last interval ends now. whole: only whole intervals."""
    requests = one.whole() if whole else one.requests
    if nodes * sum(len(request.sent) for request in requests) > MOST_BYTES:
        raise ValueError(f"{nodes} nodes of {one.name} are more than {MOST_BYTES / 1e9:.0f} GB: fewer nodes, or fewer intervals")
    shift, found = time.time_ns() - one.ends(), []
    for request in requests:
        node = rewrite.Rewriter(request.body, shift)
        for number in range(nodes):
            body = node.as_node(number)
            found.append(Encoded(rewrite.as_sent(body), len(body), request.profiles, request.samples))
    return found


class Sent:
    """What became of it, and how long it took."""

    def __init__(self):
        self.answers, self.rejected, self.milliseconds = collections.Counter(), 0, []
        self.profiles = self.samples = self.bytes = self.bare = 0
        self.seconds = self.cpu_seconds = 0.0

    def add(self, request, status, rejected, took):
        self.answers[status] += 1
        self.milliseconds.append(took * 1000)
        if status == 200:
            self.rejected += rejected
            self.profiles += request.profiles
            self.samples += request.samples
            self.bytes += len(request.sent)
            self.bare += request.size

    def accepted(self):
        return self.answers[200]

    def __str__(self):
        times, seconds = sorted(self.milliseconds) or [0], self.seconds
        bad = ", ".join(f"{n} answered {status}" for status, n in sorted(self.answers.items()) if status != 200)
        return (f"{self.accepted():,} requests taken in {seconds:.1f} s: {self.accepted() / seconds:,.1f} requests/s, "
                f"{self.profiles / seconds:,.0f} profiles/s, {self.samples / seconds:,.0f} samples/s, "
                f"{self.bytes / seconds / 1e6:.2f} MB/s gzipped, {self.bare / seconds / 1e6:.2f} MB/s of OTLP\n"
                f"answer after {times[len(times) // 2]:.1f} ms (median), {times[len(times) * 99 // 100]:.1f} ms (99 %); "
                f"not taken: {bad or 'none'}; profiles rejected: {self.rejected}; "
                f"the sender used {100 * self.cpu_seconds / seconds:.0f} % of a core")


class Sender:
    def __init__(self, requests, endpoint, rate, seconds):
        url = urllib.parse.urlsplit(endpoint)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"{endpoint}: not like http://collector:4318")
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self.connect = lambda: kind(url.hostname, url.port or 4318, timeout=TIMEOUT)
        self.path = url.path.rstrip("/") + PATH
        self.requests, self.rate, self.seconds = requests, rate, seconds
        self.numbers, self.result, self.lock, self.failed = itertools.count(), Sent(), threading.Lock(), []

    def next(self):
        """The request whose turn it is, when it is; None at the end."""
        number = next(self.numbers)
        if self.seconds is None and number >= len(self.requests):
            return None
        if self.seconds is not None and self.rate and number >= self.seconds * self.rate:
            return None  # not its turn any more: nobody waits for that
        if self.rate:
            time.sleep(max(0, self.started + number / self.rate - time.monotonic()))
        if self.seconds is not None and time.monotonic() - self.started >= self.seconds:
            return None
        return self.requests[number % len(self.requests)]

    def send_one(self, connection, request):
        began = time.monotonic()
        connection.request("POST", self.path, request.sent, HEADERS)
        answer = connection.getresponse()
        body, rejected = answer.read(), 0
        if answer.status == 200 and body:
            rejected = service.ExportProfilesServiceResponse.FromString(body).partial_success.rejected_profiles
        with self.lock:
            self.result.add(request, answer.status, rejected, time.monotonic() - began)

    def work(self):
        connection = self.connect()
        try:
            while not self.failed and (request := self.next()):
                self.send_one(connection, request)
        except (OSError, http.client.HTTPException) as error:
            self.failed.append(error)
        finally:
            connection.close()

    def run(self, connections):
        threads = [threading.Thread(target=self.work) for _ in range(connections)]
        self.started, cpu = time.monotonic(), time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.result.seconds, self.result.cpu_seconds = time.monotonic() - self.started, time.process_time() - cpu
        if self.failed:
            raise OSError(f"after {self.result.accepted()} requests: {self.failed[0]}")
        return self.result


def send(requests, endpoint, rate=None, seconds=None, connections=16):
    return Sender(requests, endpoint, rate, seconds).run(connections)
