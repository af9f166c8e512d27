# SPDX-License-Identifier: Apache-2.0
"""A device that brings recordings, and what the server keeps of them."""
import hashlib
import random
import socket
import time

import requests

from harness.device import Device
from harness.process import wait_for

DID = "NVR0001"
DAY_MS = 24 * 3600 * 1000
RECORDING = random.Random(1).randbytes(300_000)


def problem(answer, status, name):
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{name}", answer.text
    return answer.json()


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Recorder:
    """A device that is on line, and brings files with its own token."""

    def __init__(self, vigild, did=DID):
        self.vigild, self.did = vigild, did
        secret = vigild.add_device(did, kind="recorder")
        self.device = Device(vigild, did, secret, answer=lambda data: {n: {"code": 0} for n in data})
        self.device.go_online()

    def url(self, name="", base="/v2/media/upload"):
        return f"{self.vigild.http}{base}/{self.did}/{name}?token={self.device.token}"

    def bring(self, name="a.flv", content=RECORDING, **options):
        return requests.post(self.url(name), data=content, timeout=60, **options)

    def close(self):
        self.device.close()


def files(vigild, did=DID, query=""):
    answer = vigild.api("GET", f"/v2/devices/{did}/files{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def objects(vigild):
    return list((vigild.data / "objects").glob("??/*"))


def wait_swept(vigild):
    """No object is left; the server looks once a minute."""
    def look():
        vigild.advance(60_000)
        time.sleep(0.1)
        return objects(vigild) == []
    wait_for(look, what="the objects' end")


def unfinished(vigild):
    return list((vigild.data / "objects" / "tmp").iterdir())


def begin_upload(vigild, recorder, name, size=1000):
    plug = socket.create_connection(vigild.address("http"), 5)
    plug.sendall(f"POST /v2/media/upload/{recorder.did}/{name}?token={recorder.device.token} HTTP/1.1\r\n"
                 f"Host: a\r\nContent-Length: {size}\r\n\r\nx".encode())
    return plug
