# SPDX-License-Identifier: GPL-2.0-or-later
"""The collector that a profiler wants to send to: a gRPC server (HTTP/2, RFC 9113) on a port of this machine's loopback
that answers every call with an empty message and status 0, and counts what came."""
import socket
import struct
import threading

PREFACE = 24 # bytes that a client begins with
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 4, 6, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
INITIAL_WINDOW_SIZE, WINDOW = 4, 0x7fffffff
# HPACK (RFC 7541): entry 8 of the static table is `:status: 200`, entry 31 is content-type.
RESPONSE = b"\x88" + b"\x0f\x10\x10application/grpc"
TRAILERS = b"\x00\x0bgrpc-status\x010"
EMPTY_MESSAGE = bytes(5)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class Sink:
    def __init__(self):
        self.received = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError: # closed
                return
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        with client, client.makefile("rb") as stream:
            try:
                stream.read(PREFACE)
                client.sendall(frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, WINDOW)))
                while self.take(stream, client):
                    pass
            except OSError: # the client went away
                return

    def take(self, stream, client):
        """One frame and its answer; False at the end."""
        head = stream.read(9)
        if len(head) < 9:
            return False
        length, kind, flags = struct.unpack(">I", b"\0" + head[:3])[0], head[3], head[4]
        number, payload = struct.unpack(">I", head[5:])[0] & WINDOW, stream.read(length)
        if kind in (SETTINGS, PING) and not flags & ACK:
            client.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
        if kind == DATA:
            self.received += length
            if length:
                client.sendall(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", length)))
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            client.sendall(frame(HEADERS, END_HEADERS, number, RESPONSE) + frame(DATA, 0, number, EMPTY_MESSAGE) +
                           frame(HEADERS, END_HEADERS | END_STREAM, number, TRAILERS))
        return True
