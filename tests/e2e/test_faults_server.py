# SPDX-License-Identifier: Apache-2.0
"""The server itself is killed, stopped under load, run twice, out of disk, given a wrong key."""
import http.client
import json
import os
import random
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from harness.daemon import Vigild
from harness.device import Device, success
from harness.media import probe
from harness.process import Process, wait_for
from harness.rtmp import Pusher

DID = "CAM0001"
REFUSED = "refused"


def call(address, method, path, token, body=None, limit_s=20):
    """One call on a connection of its own: status and body; REFUSED when nobody listens. Anything
    else that goes wrong is a lost call."""
    connection = http.client.HTTPConnection(*address, timeout=limit_s)
    try:
        try:
            connection.connect()
        except ConnectionRefusedError:
            return REFUSED, None
        headers = {"Authorization": f"Bearer {token}", "Connection": "close",
                   "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def stable_port():
    """Free, and outside of what clients get: one that tries again and again while nobody listens
    could otherwise connect to itself."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")


class Load:
    """Threads that make devices, one call after the other; a refused connect is tried again."""

    def __init__(self, address, token, threads=4):
        self.address, self.token = address, token
        self.made, self.failures, self.refused, self.is_over = [], [], 0, False
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True)
                        for i in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        for i in range(100_000):
            did, status = f"L{number}-{i:06}", REFUSED
            while status == REFUSED and not self.is_over:
                try:
                    status, answer = call(self.address, "POST", "/v2/devices", self.token,
                                          {"did": did, "name": did, "kind": "camera"})
                except (OSError, http.client.HTTPException) as failure:
                    self.failures.append(f"{did}: {failure!r}")
                    return
                if status == REFUSED:
                    self.refused += 1
                    time.sleep(0.01)
            if status == 201:
                self.made.append(did)
            elif status != REFUSED:
                self.failures.append(f"{did}: {status} {answer}")
            if self.is_over:
                return

    def close(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(25)


def all_dids(vigild):
    dids, cursor = set(), ""
    while cursor is not None:
        page = vigild.api("GET", f"/v2/devices?limit=500&cursor={cursor}").json()
        dids.update(item["did"] for item in page["items"])
        cursor = page.get("next")
    return dids


def test_what_was_acknowledged_survives_kill_9(start_vigild):
    """Devices, presets and events, while they are written."""
    def answer(data):
        return {"preset": {"code": 0}} if "preset" in data else success(data)
    vigild = start_vigild()
    device = Device(vigild, DID, vigild.add_device(DID), answer=answer).go_online()
    presets, events = [], []
    load = Load(vigild.address("http"), vigild.admin_token, threads=2)
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        index = len(presets) + 1
        if index <= 128:
            name = f"place {index}"
            done = vigild.action(DID, {"preset": {"set": {"index": index, "name": name}}})
            assert done.status_code == 200, done.text
            presets.append((index, name))
        done = vigild.api("POST", "/v2/events", {"type": "test.count", "did": DID,
                                                 "data": {"n": len(events)}})
        assert done.status_code < 300, done.text
        events.append(len(events))
    load.is_over = True
    made = list(load.made)
    vigild.kill()
    device.close()
    load.close()
    assert len(made) > 50 and len(presets) > 10 and len(events) > 10
    vigild.start()
    assert set(made) <= all_dids(vigild)
    listed = vigild.api("GET", f"/v2/devices/{DID}").json()["presets"]
    assert {(one["index"], one["name"]) for one in listed} >= set(presets)
    found, cursor = set(), "0"
    while cursor is not None:
        page = vigild.api("GET", f"/v2/events?limit=500&did={DID}&cursor={cursor}").json()
        found |= {item["data"]["n"] for item in page["items"] if "n" in item["data"]}
        cursor = page["next"]
    assert found >= set(events)


@pytest.mark.tsan
def test_sigterm_under_load_loses_no_call(start_vigild):
    """Whoever got a connection gets an answer; who is refused comes again, and is served."""
    vigild = start_vigild("--loops=2", f"--http=127.0.0.1:{stable_port()}",
                          env={"VIGIL_SHUTDOWN_DRAIN_S": "18"})
    load = Load(vigild.address("http"), vigild.admin_token)
    for _ in range(3):
        count = len(load.made)
        wait_for(lambda: len(load.made) > count + 100, 20, "calls")
        vigild.restart()
    count = len(load.made)
    wait_for(lambda: len(load.made) > count + 50, 20, "calls afterwards")
    load.close()
    assert load.failures == []
    assert set(load.made) <= all_dids(vigild)


def test_an_inherited_listener_refuses_nobody(start_vigild):
    """The new server gets the old one's socket: who connects in between waits and is served."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        number = listener.fileno()

        def inherit():
            os.dup2(number, 3)
        vigild = start_vigild(env={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"}, close_fds=False,
                              preexec_fn=inherit)
        assert vigild.address("http") == listener.getsockname()
        load = Load(vigild.address("http"), vigild.admin_token)
        wait_for(lambda: len(load.made) > 50, 20, "calls")
        vigild.restart()
        count = len(load.made)
        wait_for(lambda: len(load.made) > count + 50, 20, "calls afterwards")
        load.close()
    assert load.failures == [] and load.refused == 0
    assert set(load.made) <= all_dids(vigild)


def test_devices_are_let_go_at_a_pace_and_hear_why(vigild):
    """MQTT 5's DISCONNECT says 0x9C, use another server."""
    connect = b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x02d"
    peers = []
    for i in range(26):
        peers.append(socket.create_connection(vigild.address("mqtt"), 5))
        peers[-1].sendall(connect + bytes([65 + i]))
        assert peers[-1].recv(100)[0] == 0x20
    began = time.monotonic()
    vigild.process.terminate()
    assert [peer.recv(100) for peer in peers] == [b"\xe0\x01\x9c"] * 26
    for peer in peers:
        peer.close()
    vigild.stop()
    assert time.monotonic() - began < 8


def fill(folder, name="filler"):
    with open(folder / name, "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small" / "data"
    folder.mkdir(parents=True)
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "none", folder],
                           capture_output=True)
    if mount.returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def reads_go_on_and_writes_come_back(vigild, give_space):
    statuses = set()
    for i in range(40):
        answer = vigild.api("POST", "/v2/devices", {"did": f"F{i:03}", "name": "n" * 60,
                                                    "kind": "camera"})
        statuses.add(answer.status_code)
        if answer.status_code != 201:
            assert answer.status_code in (503, 507), answer.text
            assert answer.headers["Content-Type"] == "application/problem+json"
    assert 507 in statuses
    made = all_dids(vigild)
    assert DID in made
    give_space()
    after = {"did": "AFTER", "name": "", "kind": "camera"}
    wait_for(lambda: vigild.api("POST", "/v2/devices", after).status_code in (201, 409),
             what="writes")
    assert vigild.api("GET", "/v2/devices/AFTER").status_code == 200
    vigild.restart()
    assert all_dids(vigild) == made | {"AFTER"}


def test_a_full_disk_is_said_and_survived(small_disk, programs):
    vigild = Vigild(small_disk.parent)
    programs.append(vigild)
    vigild.start()
    vigild.add_device(DID)
    fill(small_disk)
    reads_go_on_and_writes_come_back(vigild, (small_disk / "filler").unlink)
    vigild.stop()


def test_a_file_size_limit_is_as_a_full_disk(vigild):
    vigild.add_device(DID)
    size = (vigild.data / "vigil.db-wal").stat().st_size
    resource.prlimit(vigild.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    reads_go_on_and_writes_come_back(
        vigild, lambda: resource.prlimit(vigild.pid, resource.RLIMIT_FSIZE, unlimited))


def test_a_wrong_master_key_is_refused_with_the_remedy(vigild, tmp_path):
    vigild.add_device(DID)
    vigild.stop()
    right = (vigild.data / "master.key").read_bytes()
    other = tmp_path / "other"
    second = Vigild(other)
    other.mkdir()
    second.start().stop()
    shutil.copy(second.data / "master.key", vigild.data / "master.key")
    process = Process("vigild", tmp_path)
    process.spawn(["--data", vigild.data, "--http=127.0.0.1:0", "--rtmp=", "--mqtt="])
    assert process.wait() == 1
    assert "--key-file" in process.log and "master key" in process.log
    (vigild.data / "master.key").write_bytes(right)
    vigild.start()
    assert vigild.api("GET", f"/v2/devices/{DID}").status_code == 200


def test_a_lost_master_key_is_not_replaced(vigild, tmp_path):
    vigild.add_device(DID)
    vigild.stop()
    (vigild.data / "master.key").unlink()
    process = Process("vigild", tmp_path)
    process.spawn(["--data", vigild.data, "--http=127.0.0.1:0", "--rtmp=", "--mqtt="])
    assert process.wait() == 1
    assert "master.key" in process.log and not (vigild.data / "master.key").exists()


def test_a_second_server_neither_starts_nor_disturbs(vigild, tmp_path, watch, push):
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID))
    viewer = watch(DID).wait_frames(5)
    second = Process("vigild", tmp_path)
    second.spawn(["--data", vigild.data, "--http=127.0.0.1:0", "--rtmp=", "--mqtt="])
    assert second.wait() == 1
    assert f"another vigild is running on {vigild.data}" in second.log
    viewer.wait_frames(len(viewer.reader.frames()) + 5)


def make_certificate(folder, name="cert"):
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out",
                    cert], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path)


def serial_of(address):
    text = ssl.get_server_certificate(address)
    return ssl.PEM_cert_to_DER_cert(text)


def test_all_three_ports_speak_tls(start_vigild, certificate, clip_tags):
    cert, key = certificate
    vigild = start_vigild("--tls-cert", cert, "--tls-key", key)
    assert {"https", "rtmps", "mqtts"} <= set(vigild.urls)
    context = ssl.create_default_context(cafile=cert)
    device = Device(vigild, DID, vigild.add_device(DID))
    device.client.tls_set(ca_certs=str(cert), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    device.go_online()
    pusher = Pusher(vigild.address("rtmp"), f"{DID}?token={device.token}", clip_tags,
                    wrap=lambda sock: context.wrap_socket(sock, server_hostname="127.0.0.1"))
    assert pusher.code == "NetStream.Publish.Start"
    vigild.wait_stage(DID, "playing")
    token = vigild.view_token(DID)
    output = subprocess.run(["curl", "-s", "-m", "2", "--cacert", cert,
                             f"{vigild.https}/live/{DID}.flv?token={token}"], capture_output=True)
    assert output.stdout[:3] == b"FLV" and len(output.stdout) > 20_000
    streams, _ = probe(f"{vigild.http}/live/{DID}.flv?token={token}")  # plain, on loopback
    assert streams["video"]["codec_name"] == "h264"
    pusher.close()
    device.close()


def test_sighup_changes_the_certificate_under_way(start_vigild, certificate, tmp_path):
    cert, key = certificate
    vigild = start_vigild("--tls-cert", cert, "--tls-key", key)
    addresses = [vigild.address(name) for name in ("http", "rtmp", "mqtt")]
    before = [serial_of(address) for address in addresses]
    context = ssl.create_default_context(cafile=cert)
    kept = context.wrap_socket(socket.create_connection(addresses[0], 5),
                               server_hostname="127.0.0.1")
    cert.write_text("nonsense")
    os.kill(vigild.pid, signal.SIGHUP)
    wait_for(lambda: "the old certificate stays" in vigild.log, what="the refusal")
    assert [serial_of(address) for address in addresses] == before
    fresh_cert, fresh_key = make_certificate(tmp_path, "fresh")
    shutil.copy(fresh_cert, cert)
    shutil.copy(fresh_key, key)
    os.kill(vigild.pid, signal.SIGHUP)
    wait_for(lambda: serial_of(addresses[0]) != before[0], what="the new certificate")
    after = [serial_of(address) for address in addresses]
    assert len(set(after)) == 1 and after[0] not in before
    kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert kept.recv(12) == b"HTTP/1.1 200"
    kept.close()


@pytest.mark.parametrize("name", ["http", "rtmp", "mqtt"])
def test_plain_beyond_loopback_is_refused(tmp_path, name):
    process = Process("vigild", tmp_path)
    addresses = {one: "127.0.0.1:0" for one in ("http", "rtmp", "mqtt")} | {name: "0.0.0.0:0"}
    process.spawn(["--data", tmp_path / "data",
                   *(f"--{one}={at}" for one, at in addresses.items())])
    assert process.wait() == 1
    assert "--allow-plain" in process.log and "--tls-cert" in process.log and name in process.log


def test_beyond_loopback_tls_is_required(start_vigild, certificate):
    """With a certificate every port of a public address is there, and speaks TLS alone."""
    cert, key = certificate
    vigild = start_vigild("--tls-cert", cert, "--tls-key", key, "--http=0.0.0.0:0",
                          "--rtmp=0.0.0.0:0", "--mqtt=0.0.0.0:0")
    context = ssl.create_default_context(cafile=cert)
    words = {"http": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "rtmp": b"\x03" + bytes(1536),
             "mqtt": b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a"}
    for name, said in words.items():
        address = ("127.0.0.1", vigild.address(name)[1])
        with socket.create_connection(address, 5) as plain:
            plain.sendall(said)
            try:
                assert plain.recv(100) == b"", name
            except ConnectionError:
                pass
        with context.wrap_socket(socket.create_connection(address, 5),
                                 server_hostname="127.0.0.1") as secure:
            secure.sendall(said)
            assert secure.recv(100), name
    token = vigild.admin_token
    ask = (f"POST /v2/devices HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Bearer {token}\r\n"
           "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}")
    body = json.dumps({"did": DID, "name": "", "kind": "camera"})
    with context.wrap_socket(socket.create_connection(("127.0.0.1", vigild.address("http")[1]), 5),
                             server_hostname="127.0.0.1") as secure:
        secure.sendall(ask.format(len(body), body).encode())
        assert secure.recv(12) == b"HTTP/1.1 201"
        while b"\r\n\r\n" not in secure.recv(65536):
            pass
        secure.sendall(ask.replace("/v2/devices", f"/v2/devices/{DID}/push-tokens").format(2, "{}")
                       .encode())
        answer = secure.recv(65536)
        while b"rtmp" not in answer:
            answer += secure.recv(65536)
        assert b"rtmps://localhost:" in answer
