# SPDX-License-Identifier: Apache-2.0
"""Peers that break the protocols, stop in the middle, say nothing, or are too many."""
import pathlib
import random
import resource
import socket
import struct
import time

import pytest

from harness.flv import read_tags
from harness.process import wait_for
from harness.rtmp import RtmpClient, amf, message

DID = "CAM0001"
GOLDEN = pathlib.Path(__file__).parents[1] / "golden"


@pytest.fixture
def picture(vigild, push, watch):
    """A push and its viewer: nobody else's fault may disturb them."""
    vigild.add_device(DID)
    pusher = push(DID, vigild.push_token(DID))
    viewer = watch(DID).wait_frames(5)
    yield viewer
    seen = len(viewer.reader.frames())
    viewer.wait_frames(seen + 10)
    assert not viewer.is_ended and not pusher.is_over and vigild.metric("publishers") == 1


def only_the_picture_is_left(vigild):
    """The push, the viewer, and the connection that asks."""
    wait_for(lambda: vigild.metric("connections") <= 3, 15, "the end of the others")


def say(address, data, answer=False):
    """Sends and goes; with `answer`, waits for what comes back until the peer closes."""
    with socket.create_connection(address, 5) as sock:
        try:
            sock.sendall(data)
            return b"".join(iter(lambda: sock.recv(65536), b"")) if answer else b""
        except ConnectionError:
            return b""


def rtmp_session(did, token):
    """A whole session as one piece: handshake, commands, metadata, a config, a frame, the end."""
    def command(name, number, *arguments, stream=0):
        return message(20, b"".join(map(amf, (name, number, *arguments))), stream=stream)
    tags = read_tags((GOLDEN / "flv" / "ffmpeg.flv").read_bytes())[:6]
    media = b"".join(message(tag.kind, tag.body, tag.timestamp_ms, 1, 6) for tag in tags)
    return (b"\x03" + bytes(1536) + bytes(1536) + message(1, struct.pack(">I", 65536), channel=2) +
            command("connect", 1, {"app": "live", "tcUrl": "rtmp://localhost/live"}) +
            command("createStream", 2, None) +
            command("publish", 3, None, f"{did}?token={token}", "live", stream=1) + media +
            command("deleteStream", 4, None, 1))


def test_an_rtmp_session_may_end_anywhere(vigild, picture):
    vigild.add_device("CAM0002")
    session = rtmp_session("CAM0002", vigild.push_token("CAM0002"))
    cuts = [*range(0, 3073, 211), *range(3073, min(len(session), 4400)),
            *range(4400, len(session) + 1, 37)]
    for cut in cuts:
        say(vigild.address("rtmp"), session[:cut])
    only_the_picture_is_left(vigild)


def test_captures_of_real_peers_may_end_anywhere(vigild, picture):
    for path in (GOLDEN / "rtmp").glob("*.bin"):
        data = path.read_bytes()
        for cut in [*range(0, 3073, 307), *range(3073, len(data), 7), len(data)]:
            say(vigild.address("rtmp"), data[:cut])
    only_the_picture_is_left(vigild)


def test_an_rtmp_session_with_wrong_bytes(vigild, picture):
    vigild.add_device("CAM0002")
    session = rtmp_session("CAM0002", vigild.push_token("CAM0002"))
    chance = random.Random(11)
    for _ in range(600):
        broken = bytearray(session)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(3073, len(broken))] = chance.choice((0, 1, 127, 128, 255))
        say(vigild.address("rtmp"), bytes(broken))
    only_the_picture_is_left(vigild)


def amf_bombs():
    deep = b"\x03\x00\x01a" * 5000
    return {
        "deep object": message(20, amf("connect") + amf(1) + deep),
        "long string": message(20, b"\x0c\xff\xff\xff\xff" + b"a" * 1000),
        "endless array": message(20, amf("connect") + amf(1) + b"\x0a\xff\xff\xff\xff"),
        "huge message": bytes([3]) + bytes(3) + b"\xff\xff\xff\x14" + bytes(4) + bytes(100),
        "chunk size 0": message(1, struct.pack(">I", 0), channel=2),
        "chunk size -1": message(1, b"\xff\xff\xff\xff", channel=2),
        "no command": message(20, b""),
        "many streams": b"".join(message(20, amf("createStream") + amf(i) + amf(None))
                                 for i in range(100)),
        "continued nothing": b"\xc3" * 10,
        "publish before connect": message(20, amf("publish") + amf(1) + amf(None) + amf("x")),
    }


def test_rtmp_that_breaks_the_rules_is_cut(vigild, picture):
    for bomb, words in amf_bombs().items():
        client = RtmpClient(vigild.address("rtmp")).handshake()
        if bomb == "many streams":
            client.command("connect", 1, {"app": "live"})
        try:
            client.send(words)
        except ConnectionError:
            pass
        if bomb == "huge message":
            vigild.advance(10_500)  # it may announce what it likes: the time is limited
        assert client.is_closed(), bomb
        client.close()
    only_the_picture_is_left(vigild)


HTTP_BREAKS = [
    (b"GET\r\n\r\n", b"400"), (b"\x16\x03\x01\x02\x00\x01" + bytes(600), b"400"),
    (b"GET / HTTP/9.9\r\n\r\n", b"505"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
    (b"POST /v2/devices HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n", b"400"),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 5000 + b"\r\n", b"431"),
    (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"414"), (b"\x00" * 100, b"400")]


def test_http_that_breaks_the_rules_is_refused(vigild, picture):
    for words, status in HTTP_BREAKS:
        answer = say(vigild.address("http"), words, answer=True)
        # What is still on its way when the server closes may turn its answer into a reset.
        assert not answer or answer.split(b" ")[1] == status, (words[:60], answer[:200])
    assert vigild.metric("http_malformed_total") >= len(HTTP_BREAKS)
    only_the_picture_is_left(vigild)


WS_HEAD = ("GET /live/{did}.flv?token={token} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
           "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
WS_BREAKS = {
    "not masked": b"\x81\x05hello", "reserved bits": b"\xf1\x80\x00\x00\x00\x00",
    "reserved opcode": b"\x83\x80\x00\x00\x00\x00", "split ping": b"\x09\x80\x00\x00\x00\x00",
    "long ping": b"\x89\xfe\x00\x7e" + bytes(4) + bytes(126),
    "2^63": b"\x82\xff" + b"\x80" + bytes(7) + bytes(4),
    "past the limit": b"\x82\xfe\xff\xff" + bytes(4) + bytes(65535),
    "no utf-8": b"\x81\x82\x00\x00\x00\x00\xff\xff",
    "continues nothing": b"\x80\x80\x00\x00\x00\x00"}


def test_websockets_that_break_the_rules_are_closed(vigild, picture):
    for name, frame in WS_BREAKS.items():
        with socket.create_connection(vigild.address("http"), 5) as sock:
            sock.sendall(WS_HEAD.format(did=DID, token=vigild.view_token(DID)).encode())
            assert sock.recv(12) == b"HTTP/1.1 101"
            try:
                sock.sendall(frame)
            except ConnectionError:
                pass
            until = time.monotonic() + 5
            try:
                while sock.recv(65536):
                    assert time.monotonic() < until, f"{name}: it goes on"
            except ConnectionError:
                pass
    only_the_picture_is_left(vigild)


def test_slow_senders_are_cut_in_time(vigild, picture):
    """One byte now and then does not buy more time."""
    beginnings = {
        "http": b"GET /v2/devices HTTP/1.1\r\nHost: x\r\nX: ", "rtmp": b"\x03" + bytes(100),
        "mqtt": b"\x10\x7f\x00\x04MQTT\x04"}
    slow = {}
    for name, words in beginnings.items():
        slow[name] = socket.create_connection(vigild.address(name), 5)
        slow[name].sendall(words)
    for _ in range(12):
        before = vigild.stream(DID)["frames"]
        wait_for(lambda: vigild.stream(DID)["frames"] > before, what="frames")
        for sock in slow.values():
            try:
                sock.sendall(b"a")
            except ConnectionError:
                pass
        vigild.advance(5000)
    for name, sock in slow.items():
        sock.settimeout(5)
        try:
            while sock.recv(65536):
                pass
        except ConnectionError:
            pass
        except socket.timeout:
            pytest.fail(f"{name} still waits")
        sock.close()
    only_the_picture_is_left(vigild)


def test_a_reader_that_never_takes_its_answer_is_cut(vigild, picture):
    """Pipelined requests for a large answer that nobody reads: the server stops, then cuts."""
    for i in range(200):
        vigild.add_device(f"D{i:04}-{'x' * 50}")
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(vigild.address("http"))
        sock.settimeout(0.2)
        ask = (f"GET /v2/devices?limit=500 HTTP/1.1\r\nHost: x\r\n"
               f"Authorization: Bearer {vigild.admin_token}\r\n\r\n").encode()
        try:
            for _ in range(2000):
                sock.sendall(ask)
        except (socket.timeout, ConnectionError):
            pass
        for _ in range(6):
            before = vigild.stream(DID)["frames"]
            wait_for(lambda: vigild.stream(DID)["frames"] > before, what="frames")
            vigild.advance(25_000)
        only_the_picture_is_left(vigild)


def test_thousands_that_say_nothing(vigild, picture):
    """They are cut in their time, and others are served meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    total = 10_000 if hard == resource.RLIM_INFINITY or hard >= 11_000 else hard - 1000
    if total < 5000:
        pytest.skip(f"this machine allows {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    silent = []
    try:
        for i in range(total):
            silent.append(socket.create_connection(
                vigild.address(("http", "rtmp", "mqtt", "http")[i % 4]), 10))
        wait_for(lambda: vigild.metric("connections") >= total, 20, f"{total} connections")
        for _ in range(10):
            began = time.monotonic()
            assert vigild.api("GET", f"/v2/devices/{DID}").status_code == 200
            assert time.monotonic() - began < 1
        for _ in range(3):
            before = vigild.stream(DID)["frames"]
            wait_for(lambda: vigild.stream(DID)["frames"] > before, what="frames")
            vigild.advance(11_000)
        wait_for(lambda: vigild.metric("connections") <= 3, 20, "their end")
    finally:
        for sock in silent:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_descriptor_is_left(start_vigild, tmp_path):
    """Connections are refused and counted; when others go, new ones are served again."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    vigild = start_vigild("--loops=2", preexec_fn=limit)
    vigild.add_device(DID)
    kept = vigild_session(vigild)
    peers = []
    for i in range(120):
        sock = socket.create_connection(vigild.address(("http", "rtmp", "mqtt")[i % 3]), 5)
        sock.settimeout(5)
        peers.append(sock)
    wait_for(lambda: metric_by(kept, vigild, "accept_refused_total") >= 50, what="refusals")
    assert kept.get(f"{vigild.http}/v2/devices/{DID}", timeout=5).status_code == 200
    busy = float(open(f"/proc/{vigild.pid}/stat").read().split()[13])
    time.sleep(0.5)
    assert float(open(f"/proc/{vigild.pid}/stat").read().split()[13]) - busy < 20, "it spins"
    for sock in peers:
        sock.close()
    wait_for(lambda: metric_by(kept, vigild, "connections") <= 1, what="the end of the others")
    kept.close()
    assert vigild.api("GET", f"/v2/devices/{DID}").status_code == 200
    vigild.add_device("CAM0002")
    client = RtmpClient(vigild.address("rtmp"))
    assert client.publish(f"{DID}?token={vigild.push_token(DID)}") == "NetStream.Publish.Start"
    client.close()


def vigild_session(vigild):
    """One kept connection, made while there was room."""
    import requests
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {vigild.admin_token}"
    session.get(vigild.http + "/healthz", timeout=5)
    return session


def metric_by(session, vigild, name):
    text = session.get(vigild.http + "/metrics", timeout=5).text
    return float(next(line.split()[1] for line in text.splitlines()
                      if line.startswith(f"vigil_{name} ")))
