# SPDX-License-Identifier: Apache-2.0
"""Viewers of FLV: over HTTP by Python's own client, over WebSocket by the websockets package."""
import asyncio
import http.client
import socket
import threading

import websockets

from harness.flv import Reader
from harness.process import wait_for


class HttpViewer:
    """Reads in a thread of its own; .status and .problem as soon as the head is there."""

    def __init__(self, vigild, path, headers=None, receive_bytes=None):
        self.reader, self.status, self.problem = Reader(), None, None
        self.bytes, self.failure, self.is_ended, self.headers = 0, None, False, {}
        host, port = vigild.address("http")
        self.connection = http.client.HTTPConnection(host, port, timeout=60)
        self.connection.connect()
        self.sock = self.connection.sock
        self.connection.request("GET", path, headers=headers or {})
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            answer = self.connection.getresponse()
            self.headers = dict(answer.getheaders())
            if answer.status != 200:
                self.problem = answer.read()
                self.status = answer.status
                return
            self.status = 200
            while True:
                data = answer.read1(65536)
                if not data:
                    return
                self.bytes += len(data)
                self.reader.feed(data)
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as failure:
            self.failure = failure
        except AssertionError as failure:
            self.failure = failure
            raise
        finally:
            self.is_ended = True

    def wait_status(self, limit_s=10):
        wait_for(lambda: self.status is not None or self.is_ended, limit_s, "the answer's head")
        return self.status

    def wait_frames(self, count=10, limit_s=10):
        wait_for(lambda: len(self.reader.frames()) >= count or self.is_ended, limit_s,
                 f"{count} frames")
        assert len(self.reader.frames()) >= count, (self.status, self.problem, self.failure)
        return self

    def wait_end(self, limit_s=10):
        wait_for(lambda: self.is_ended, limit_s, "the stream's end")

    def close(self):
        """Goes at once, in the middle of whatever there is."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(5)
        self.connection.close()


def websocket_url(vigild, path):
    return vigild.http.replace("http://", "ws://") + path


def watch_websocket(vigild, path, frames=10, limit_s=15, headers=None):
    """Gives the reader and the close code and reason (None: still open when enough was seen)."""
    async def watch():
        reader = Reader()
        async with websockets.connect(websocket_url(vigild, path), max_size=None,
                                      extra_headers=headers or {}) as peer:
            try:
                while len(reader.frames()) < frames:
                    reader.feed(await asyncio.wait_for(peer.recv(), limit_s))
            except websockets.ConnectionClosed:
                return reader, peer.close_code, peer.close_reason
        return reader, None, None
    return asyncio.run(watch())
