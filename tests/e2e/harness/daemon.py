# SPDX-License-Identifier: Apache-2.0
"""vigild, listening on free ports with its data in the test's own folder."""
import json
import socket
import time
import urllib.parse

import pytest
import requests

from harness.process import Process, wait_for

START_LIMIT_S = 20
ENDPOINTS = ("http", "rtmp", "mqtt")


class Vigild(Process):
    """.http .rtmp .mqtt are the endpoints' URLs; .address("mqtt") is (host, port)."""

    def __init__(self, folder, *arguments, env=None, **options):
        super().__init__("vigild", folder)
        self.data = self.folder / "data"
        self.ready_path = self.folder / "ready.json"
        self.arguments, self.env, self.options = arguments, env, options
        self.advanced_ms = 0
        self.urls = {}

    def start(self):
        self.ready_path.unlink(missing_ok=True)
        self.advanced_ms = 0
        self.spawn(["--data", self.data, "--ready-file", self.ready_path,
                    *(f"--{name}=127.0.0.1:0" for name in ENDPOINTS), *self.arguments], self.env,
                   **self.options)
        wait_for(lambda: self.ready_path.exists() or not self.is_running(), START_LIMIT_S,
                 "vigild's ready file")
        assert self.is_running(), f"vigild ended with {self.process.returncode}:\n{self.log}"
        self.urls = json.loads(self.ready_path.read_text())
        return self

    def restart(self):
        self.stop()
        return self.start()

    def __getattr__(self, name):
        if name in ("http", "https", "rtmp", "rtmps", "mqtt", "mqtts", "s3"):
            return self.urls[name]
        raise AttributeError(name)

    def address(self, name):
        url = urllib.parse.urlsplit(self.urls[name])
        return url.hostname, url.port

    @property
    def admin_token(self):
        return (self.data / "admin.token").read_text().strip()

    def api(self, method, path, json=None, token=None, **options):
        """A call as the platform's operator, or with another token ("" for none)."""
        token = self.admin_token if token is None else token
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}),
                   **options.pop("headers", {})}
        session = requests.Session()
        session.trust_env = False
        return session.request(method, self.http + path, json=json, headers=headers,
                               timeout=options.pop("timeout", 40), **options)

    def add_device(self, did, **fields):
        """Makes a device and gives its secret."""
        answer = self.api("POST", "/v2/devices", {"did": did, "name": did, "kind": "camera", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["secret"]

    def view_token(self, did, expires_in=900):
        answer = self.api("POST", f"/v2/devices/{did}/view-tokens", {"expires_in": expires_in})
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]

    def push_token(self, did, expires_in=900):
        answer = self.api("POST", f"/v2/devices/{did}/push-tokens", {"expires_in": expires_in})
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]

    def stream(self, key):
        """Its entry in /v2/streams, or None."""
        items = self.api("GET", "/v2/streams").json()["items"]
        return next((item for item in items if item["key"] == key), None)

    def wait_stage(self, did, stage, limit_s=10):
        wait_for(lambda: (self.stream(did) or {}).get("stage") == stage, limit_s,
                 f"{did} being {stage}")

    def device(self, did):
        answer = self.api("GET", f"/v2/devices/{did}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def presence(self, did):
        return self.device(did)["presence"]

    def events(self, did, kind=None, least=0, limit_s=5):
        """This device's events in order, of one type or all; waits until there are `least`."""
        path = f"/v2/events?limit=500&did={did}" + (f"&type={kind}" if kind else "")
        found = []

        def has_come():
            found[:] = self.api("GET", path).json()["items"]
            return len(found) >= least
        wait_for(has_come, limit_s, f"event {least} of {did}")
        return found

    def action(self, did, data, **fields):
        return self.api("POST", f"/v2/devices/{did}/actions", {"data": data, **fields})

    def advance(self, ms):
        """Moves the server's clocks forward; skips the test where the build has no test clock."""
        path = self.data / "test-clock.sock"
        if not path.exists():
            pytest.skip("this build has no test clock (-Dtest_clock=true)")
        with socket.socket(socket.AF_UNIX) as clock:
            clock.settimeout(5)
            clock.connect(str(path))
            clock.sendall(f"advance {ms}\n".encode())
            assert clock.recv(16) == b"ok\n"
        self.advanced_ms += ms

    def now_ms(self):
        return int(time.time() * 1000) + self.advanced_ms

    def metric(self, name):
        """A counter or gauge of /metrics, without the prefix vigil_."""
        text = self.api("GET", "/metrics").text
        for line in text.splitlines():
            if line.startswith(f"vigil_{name} "):
                return float(line.split()[1])
        raise AssertionError(f"/metrics has no vigil_{name}")

    def histogram(self, name):
        """(how many were observed, their sum)."""
        return self.metric(f"{name}_count"), self.metric(f"{name}_sum")
