# SPDX-License-Identifier: Apache-2.0
"""An RTMP player in plain Python: takes the chunks apart and complains of what is out of order."""
import itertools
import re
import socket
import struct
import threading

from harness.flv import AUDIO, SCRIPT, VIDEO, Tag
from harness.process import wait_for
from harness.rtmp import RtmpClient, message

SET_CHUNK_SIZE, USER_CONTROL, COMMAND = 1, 4, 20
STREAM_BEGIN, STREAM_EOF, PONG = 0, 1, 7


class Message:
    def __init__(self, kind, timestamp_ms, stream, body):
        self.kind, self.timestamp_ms, self.stream, self.body = kind, timestamp_ms, stream, body


class Chunks:
    """feed() bytes as they come; gives the messages that are whole."""

    def __init__(self, data=b""):
        self.buffer, self.size, self.last = data, 128, {}

    def take(self):
        """One chunk: its message when that is complete, None when it is not, else LookupError."""
        data = self.buffer
        form, channel = data[0] >> 6, data[0] & 63
        assert channel > 1, "a chunk stream of two or three bytes"
        head = (11, 7, 3, 0)[form]
        fields, at = data[1:1 + head], 1 + head
        if len(fields) < head:
            raise LookupError
        old = self.last.get(channel)
        if form == 3:
            stamp, size, kind, stream, is_long, body = old
        else:
            assert form == 0 or old, "a chunk stream begins in the middle"
            stamp = int.from_bytes(fields[:3], "big")
            is_long, body = stamp == 0xFFFFFF, b""
            size = int.from_bytes(fields[3:6], "big") if head >= 7 else old[1]
            kind = fields[6] if head >= 7 else old[2]
            stream = int.from_bytes(fields[7:11], "little") if head == 11 else old[3]
        if is_long:
            if len(data) < at + 4:
                raise LookupError
            stamp, at = int.from_bytes(data[at:at + 4], "big"), at + 4
        part = min(self.size, size - len(body))
        if len(data) < at + part:
            raise LookupError
        body += data[at:at + part]
        self.buffer = data[at + part:]
        if len(body) < size:
            self.last[channel] = stamp, size, kind, stream, is_long, body
            return None
        self.last[channel] = stamp, size, kind, stream, is_long, b""
        if kind == SET_CHUNK_SIZE:
            self.size = struct.unpack(">I", body)[0]
        return Message(kind, stamp, stream, body)

    def feed(self, data):
        self.buffer += data
        messages = []
        while self.buffer:
            try:
                messages.append(self.take())
            except LookupError:
                break
        return [one for one in messages if one]


class RtmpPlayer:
    """Plays in a thread of its own. .codes are the NetStream codes, .tags the media so far."""

    def __init__(self, address, name, app="live", wrap=None, start=-2000, receive_bytes=None):
        self.messages, self.is_ended, self.failure, self.bytes = [], False, None, 0
        self.client = RtmpClient(address, 60, wrap, receive_bytes)
        self.client.connect(app)
        self.client.command("getStreamLength", 3, None, name)
        self.client.command("play", 4, None, name, start, stream=1)
        self.client.send(message(USER_CONTROL, struct.pack(">HII", 3, 1, 3000), channel=2))
        self.go_on = threading.Event()
        self.go_on.set()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        chunks, data = Chunks(), self.client.received
        try:
            while True:
                self.messages += chunks.feed(data)
                self.go_on.wait()
                data = self.client.sock.recv(65536)
                if not data:
                    return
                self.bytes += len(data)
        except OSError as failure:
            self.failure = failure
        except AssertionError as failure:
            self.failure = failure
            raise
        finally:
            self.is_ended = True

    @property
    def codes(self):
        commands = (one.body for one in list(self.messages) if one.kind == COMMAND)
        found = (re.search(rb"NetStream\.[A-Za-z.]+", body) for body in commands)
        return [one.group(0).decode() for one in found if one]

    @property
    def words(self):
        """What the commands say, as bytes."""
        return b"".join(one.body for one in list(self.messages) if one.kind == COMMAND)

    def controls(self, event):
        bodies = [one.body for one in list(self.messages) if one.kind == USER_CONTROL]
        return [body for body in bodies if body[1] == event]

    @property
    def tags(self):
        return [Tag(one.kind, one.timestamp_ms, one.body) for one in list(self.messages)
                if one.kind in (AUDIO, VIDEO, SCRIPT)]

    def frames(self, kind=VIDEO):
        return [tag for tag in self.tags if tag.kind == kind and not tag.is_config]

    def wait_frames(self, count=10, limit_s=10, kind=VIDEO):
        wait_for(lambda: len(self.frames(kind)) >= count or self.is_ended, limit_s,
                 f"{count} frames")
        assert len(self.frames(kind)) >= count, (self.codes, self.failure)
        return self

    def wait_code(self, code, limit_s=10):
        wait_for(lambda: code in self.codes or self.is_ended, limit_s, code)
        assert code in self.codes, (self.codes, self.failure)
        return self

    def wait_end(self, limit_s=10):
        wait_for(lambda: self.is_ended, limit_s, "the connection's end")

    def assert_steady(self):
        """Times begin at 0 and go up within each kind."""
        for kind in (VIDEO, AUDIO):
            times = [tag.timestamp_ms for tag in self.frames(kind)]
            assert all(a <= b for a, b in itertools.pairwise(times)), times
            assert not times or times[0] < 1000, times[0]

    def close(self):
        try:
            self.client.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.go_on.set()
        self.thread.join(5)
        self.client.close()
