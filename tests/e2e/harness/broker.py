# SPDX-License-Identifier: Apache-2.0
"""The cloud's side of the device protocol out of foreign parts: a broker, and a service beside it
that registers whoever signs rightly. So vigil-cam is tested without our own server."""
import hashlib
import hmac
import json
import queue
import shutil
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import paho.mqtt.client as mqtt

from harness.process import wait_for


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Broker:
    """mosquitto on a port of its own."""

    def __init__(self, folder):
        self.port = free_port()
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
                          "persistence false\n")
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.process = subprocess.Popen([program, "-c", config], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for(lambda: is_open(self.port), what="the broker's start")

    def close(self):
        self.process.terminate()
        self.process.wait(10)


class Service:
    """Registers devices with these secrets, sends actions, collects what devices say."""

    def __init__(self, port, secrets, expires=3600):
        self.secrets, self.expires = secrets, expires
        self.registered, self.events, self.answers = [], [], queue.Queue()
        self.count, self.lock = 0, threading.Lock()
        self.client = mqtt.Client("service")
        self.client.on_message = self.on_message
        self.client.connect("127.0.0.1", port)
        self.client.subscribe("messages/+", 1)
        self.client.loop_start()

    def is_signed(self, message):
        did, secret = message["did"], self.secrets.get(message["did"], "")
        stamp = message.get("timestamp")
        if message["sign"].endswith(":hmac-sha256"):
            made = hmac.new(secret.encode(), f"{did}:{stamp}".encode(), hashlib.sha256).hexdigest()
            return message["sign"] == made + ":hmac-sha256"
        text = f"{did}:{secret}" + (f":{stamp}" if stamp else "")
        return message["sign"] == hashlib.md5(text.encode()).hexdigest() + ":md5"

    def on_message(self, client, userdata, packet):
        message = json.loads(packet.payload)
        did = packet.topic.split("/")[1]
        if message["type"] == "register":
            result = {"code": 40001, "error": "bad sign"}
            if self.is_signed(message):
                self.registered.append((did, message))
                result = {"id": "1", "token": f"token-{did}", "expires": self.expires}
            answer = {"did": did, "type": "register", "result": result}
            client.publish(f"actions/{did}", json.dumps(answer), 1)
        elif message["type"] == "event":
            self.events.append(message)
        else:
            self.answers.put(message)

    def wait_registered(self, did, count=1):
        wait_for(lambda: sum(one == did for one, _ in self.registered) >= count, 15,
                 f"registration {count} of {did}")

    def send(self, did, data, mid=None, **members):
        with self.lock:
            self.count += 1
            mid = mid or f"mid-{self.count}"
        message = {"did": did, "mid": mid, "type": "action", "data": data, **members}
        self.client.publish(f"actions/{did}", json.dumps(message), 1)
        return mid

    def action(self, did, data, limit_s=10, **members):
        """The answer's `result.{action}`; did and mid must be those of the request."""
        mid = self.send(did, data, **members)
        answer = self.answers.get(timeout=limit_s)
        assert (answer["did"], answer["mid"], answer["type"]) == (did, mid, "action")
        return answer["result"][next(iter(data))]

    def close(self):
        self.client.loop_stop()
        self.client.disconnect()


class Uploads:
    """An HTTP server that keeps what is posted and answers with an address."""

    def __init__(self):
        uploads = self
        self.posts = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                uploads.posts.append((self.path, dict(self.headers), body))
                answer = json.dumps({"url": "/v2/storage/file/1.jpeg"}).encode()
                self.send_response(201)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()


class RtmpReceiver:
    """ffmpeg as the media server of one push: takes it, writes FLV, ends with it."""

    def __init__(self, path, seconds):
        self.port, self.path = free_port(), path
        self.url = f"rtmp://127.0.0.1:{self.port}/live/x"
        self.process = subprocess.Popen(
            ["ffmpeg", "-v", "error", "-y", "-listen", "1", "-i", self.url, "-t", str(seconds),
             "-c", "copy", "-copyinkf:v", "-f", "flv", path], stdin=subprocess.DEVNULL)
        wait_for(self.is_listening, what="ffmpeg's listening")

    def is_listening(self):
        """Looks without connecting: ffmpeg takes one connection only."""
        wanted = f"0100007F:{self.port:04X}"
        with open("/proc/net/tcp") as table:
            return any(wanted in line and " 0A " in line for line in table)

    def wait(self, limit_s=30):
        assert self.process.wait(limit_s) == 0
        return self.path

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
