# SPDX-License-Identifier: Apache-2.0
"""http_echo: the HTTP floor alone, for tests that want to see what it understood."""
import os
import re
import socket
import subprocess

from harness.process import BUILD, Process, wait_for


class HttpEcho(Process):
    def __init__(self, folder, loops=1, tls=(), env=None):
        super().__init__("http_echo", folder)
        self.loops, self.tls, self.env = loops, tls, env or {}
        self.host, self.port = "127.0.0.1", 0

    def start(self):
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [BUILD / "tests" / "programs" / "http_echo", "127.0.0.1:0", str(self.loops),
                 *map(str, self.tls)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **self.env})
        found = wait_for(lambda: re.search(r"^127\.0\.0\.1:(\d+)$", self.log, re.M), 20,
                         "http_echo's address")
        self.port = int(found[1])
        return self

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def connect(self, timeout=5, receive_buffer=None):
        plug = socket.socket()
        if receive_buffer:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plug.settimeout(timeout)
        plug.connect((self.host, self.port))
        return plug


def receive_all(plug, idle_s=None):
    """Everything until the peer closes, or until nothing came for idle_s."""
    received = b""
    if idle_s:
        plug.settimeout(idle_s)
    while True:
        try:
            piece = plug.recv(65536)
        except (socket.timeout, ConnectionResetError):
            return received
        if not piece:
            return received
        received += piece


def split_answers(received):
    """[(status, fields, body)] of answers with Content-Length, or that end with the connection."""
    answers = []
    while received:
        if not received.startswith(b"HTTP/"):  # HTTP/0.9: a body and nothing else
            return answers + [(200, {}, received)]
        head, _, rest = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, value in
                  (line.split(": ", 1) for line in lines[1:] if ": " in line)}
        status = int(lines[0].split()[1])
        size = int(fields.get("content-length", 0 if status in (100, 204, 304) else len(rest)))
        answers.append((status, fields, rest[:size]))
        received = rest[size:]
    return answers
