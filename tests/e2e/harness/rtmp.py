# SPDX-License-Identifier: Apache-2.0
"""An RTMP publisher in plain Python: says what it is told to, well formed or not."""
import itertools
import re
import socket
import struct
import threading
import time

from harness.flv import AUDIO, SCRIPT, VIDEO

CHUNK_BYTES = 65536
MEDIA_STREAMS = {AUDIO: 4, VIDEO: 6, SCRIPT: 5}


def amf(value):
    if isinstance(value, bool):
        return b"\x01" + bytes([value])
    if isinstance(value, (int, float)):
        return b"\x00" + struct.pack(">d", value)
    if value is None:
        return b"\x05"
    if isinstance(value, dict):
        members = (struct.pack(">H", len(name)) + name.encode() + amf(member)
                   for name, member in value.items())
        return b"\x03" + b"".join(members) + b"\x00\x00\x09"
    text = value.encode()
    return b"\x02" + struct.pack(">H", len(text)) + text


def message(kind, body, timestamp_ms=0, stream=0, channel=3):
    """One message in one chunk (CHUNK_BYTES was agreed before)."""
    head = bytes([channel]) + struct.pack(">I", min(timestamp_ms, 0xFFFFFF))[1:]
    head += struct.pack(">I", len(body))[1:] + bytes([kind]) + struct.pack("<I", stream)
    if timestamp_ms >= 0xFFFFFF:
        head += struct.pack(">I", timestamp_ms)
    chunks = [body[at:at + CHUNK_BYTES] for at in range(0, len(body), CHUNK_BYTES)] or [b""]
    return head + bytes([0xC0 | channel]).join(chunks)


class RtmpClient:
    def __init__(self, address, timeout=5, wrap=None, receive_bytes=None):
        self.sock = socket.socket()
        if receive_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.sock.settimeout(timeout)
        self.sock.connect(address)
        if wrap:
            self.sock = wrap(self.sock)
        self.received = b""

    def send(self, data):
        self.sock.sendall(data)

    def wait_bytes(self, wanted, limit_s=5):
        """Reads until one of these patterns was said (and gives it), or the peer closes (None)."""
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            found = re.search(wanted, self.received)
            if found:
                return found.group(0)
            try:
                data = self.sock.recv(65536)
            except (ConnectionError, socket.timeout):
                return None
            if not data:
                return None
            self.received += data
        return None

    def handshake(self):
        self.send(b"\x03" + bytes(1536))
        while len(self.received) < 3073:
            data = self.sock.recv(65536)
            assert data, "closed in the handshake"
            self.received += data
        self.send(self.received[1:1537])
        self.received = self.received[3073:]
        self.send(message(1, struct.pack(">I", CHUNK_BYTES), channel=2))
        return self

    def command(self, name, number, *arguments, stream=0):
        self.send(message(20, b"".join(map(amf, (name, number, *arguments))), stream=stream))

    def connect(self, app="live", url=None):
        self.handshake()
        self.command("connect", 1, {"app": app, "tcUrl": url or f"rtmp://localhost/{app}"})
        self.command("createStream", 2, None)
        return self

    def publish(self, name, app="live"):
        """The code the server answers with, or None when it just closed."""
        self.connect(app)
        self.command("publish", 3, None, name, "live", stream=1)
        code = self.wait_bytes(rb"NetStream\.Publish\.[A-Za-z]+")
        return code.decode() if code else None

    def send_tag(self, tag, timestamp_ms=None):
        at = tag.timestamp_ms if timestamp_ms is None else timestamp_ms
        self.send(message(tag.kind, tag.body, at, 1, MEDIA_STREAMS[tag.kind]))

    def is_closed(self, limit_s=5):
        """Whether the server ends the connection in time."""
        self.sock.settimeout(limit_s)
        try:
            while self.sock.recv(65536):
                pass
            return True
        except socket.timeout:
            return False
        except ConnectionError:
            return True

    def close(self):
        self.sock.close()


class Pusher:
    """Pushes a clip round and round in real time (or `speed` times as fast) until close()."""

    def __init__(self, address, name, tags, app="live", speed=1, wrap=None):
        self.client = RtmpClient(address, wrap=wrap)
        self.tags, self.speed = tags, speed
        self.is_over = False
        self.code = self.client.publish(name, app)
        if self.code == "NetStream.Publish.Start":
            self.thread = threading.Thread(target=self.run, daemon=True)
            self.thread.start()
        else:
            self.thread = None

    def use(self, tags):
        """Goes on with another clip: a codec's configuration changes under way."""
        self.tags = tags

    def run(self):
        began, turn_ms = time.monotonic(), 0
        try:
            for _ in itertools.count():
                tags = self.tags
                for tag in tags:
                    if self.is_over or tags is not self.tags:
                        break
                    at_ms = turn_ms + tag.timestamp_ms
                    wait_s = began + at_ms / 1000 / self.speed - time.monotonic()
                    if wait_s > 0:
                        time.sleep(wait_s)
                    self.client.send_tag(tag, at_ms)
                if self.is_over:
                    return
                turn_ms = at_ms + 40
        except OSError:
            self.is_over = True

    def close(self):
        self.is_over = True
        if self.thread:
            self.thread.join(5)
        self.client.close()
