# SPDX-License-Identifier: Apache-2.0
"""Viewers in numbers, in a hurry, and asleep: nothing grows, nobody else is disturbed."""
import random
import socket
import struct
import threading
import time

import pytest

from harness.flv import AUDIO, VIDEO, Reader, Tag, heavy, hurried
from harness.process import wait_for
from harness.rtmp import Pusher
from harness.viewer import HttpViewer, watch_websocket

DID = "CAM0001"
KB = 1024


def rss_bytes(vigild):
    with open(f"/proc/{vigild.pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4096


def request(path, websocket=False):
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\n"
    if websocket:
        head += ("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
    return (head + "\r\n").encode()


class Sleeper:
    """Asks for the picture and reads only when told to, through a small window."""

    def __init__(self, vigild, path, websocket=False):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sock.settimeout(5)
        self.sock.connect(vigild.address("http"))
        self.sock.sendall(request(path, websocket))
        self.buffer = b""

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.sock.recv(1)
        return self.buffer

    def close(self):
        self.sock.close()


def is_idle(vigild):
    return all(vigild.metric(name) == 0 for name in
               ("viewers", "publishers", "streams", "ring_bytes"))


@pytest.mark.tsan
def test_viewers_come_and_go(start_vigild, clip_tags):
    """Some wait for the picture, some leave in the middle, some break off the handshake."""
    vigild = start_vigild("--loops=2")
    vigild.add_device(DID)
    path = f"/live/{DID}.flv?token={vigild.view_token(DID)}"
    name = f"{DID}?token={vigild.push_token(DID)}"
    chance = random.Random(7)
    pushers, before = [], None
    try:
        for turn in range(4):
            pushers.append(Pusher(vigild.address("rtmp"), name, clip_tags, speed=4))
            peers = [Sleeper(vigild, path, chance.random() < 0.5) for _ in range(50)]
            for peer in chance.sample(peers, 25):
                peer.close()
            wait_for(lambda: vigild.metric("viewers") <= 25, what="half of them gone")
            if turn % 2:
                pushers.pop().close()
            for peer in peers:
                peer.close()
            wait_for(lambda: vigild.metric("viewers") == 0, what="all of them gone")
            if turn == 1:
                before = rss_bytes(vigild)
    finally:
        for pusher in pushers:
            pusher.close()
    wait_for(lambda: is_idle(vigild), what="an idle server")
    assert rss_bytes(vigild) - before < 4096 * KB


@pytest.mark.tsan
def test_two_loops_share_one_stream(start_vigild, clip_tags):
    """The publisher is lost and replaced while viewers on both loops watch."""
    vigild = start_vigild("--loops=2", env={"VIGIL_LIVE_FLUSH_MS": "20"})
    vigild.add_device(DID)
    path = f"/live/{DID}.flv?token={vigild.view_token(DID)}"
    name = f"{DID}?token={vigild.push_token(DID)}"
    pusher = Pusher(vigild.address("rtmp"), name, clip_tags, speed=4)
    viewers = [HttpViewer(vigild, path) for _ in range(12)]
    try:
        for viewer in viewers:
            viewer.wait_frames(10)
        pusher.close()
        time.sleep(0.2)
        pusher = Pusher(vigild.address("rtmp"), name, clip_tags, speed=4)
        other = Pusher(vigild.address("rtmp"), name, clip_tags, speed=4)
        counts = [len(viewer.reader.frames()) for viewer in viewers]
        for viewer, count in zip(viewers, counts):
            viewer.wait_frames(count + 50)
            assert viewer.failure is None
        assert vigild.metric("publishers") == 1
        pusher.close()
        pusher = other
    finally:
        pusher.close()
        for viewer in viewers:
            viewer.close()
    wait_for(lambda: is_idle(vigild), what="an idle server")


@pytest.mark.tsan
@pytest.mark.parametrize("websocket", [False, True])
def test_a_viewer_that_never_reads_costs_nothing(vigild, push, clip_tags, watch, websocket):
    """It falls behind the ring, is counted, and goes on at a key frame when it wakes."""
    vigild.add_device(DID)
    token = vigild.push_token(DID)
    sleeper = Sleeper(vigild, f"/live/{DID}.flv?token={vigild.view_token(DID)}", websocket)
    awake = watch(DID)
    pusher = push(DID, token, hurried(heavy(clip_tags), 60), speed=20)
    wait_for(lambda: vigild.stream(DID)["frames"] > 1500, 20, "a minute's frames")
    assert vigild.metric("ring_bytes") < 4096 * KB
    assert len(awake.reader.frames()) > 500
    seen = read_some(sleeper, websocket)
    wait_for(lambda: vigild.metric("viewer_skips_total") >= 1 or pusher.is_over, what="a skip")
    seen = read_some(sleeper, websocket, seen)
    frames = [tag for tag in seen.reader.tags if tag.kind == VIDEO and not tag.is_config]
    jumps = [b for a, b in zip(frames, frames[1:]) if b.timestamp_ms - a.timestamp_ms > 2000]
    assert jumps and all(tag.is_key for tag in jumps)
    assert vigild.metric("viewer_skips_total") >= 1 and vigild.stream(DID)["skips"] >= 1
    sleeper.close()


class Seen:
    def __init__(self):
        self.reader, self.raw = Reader(), b""


def read_some(sleeper, websocket, seen=None):
    """Everything the server has for us within a second, taken apart."""
    if seen is None:
        seen = Seen()
        _, seen.raw = sleeper.read_head().split(b"\r\n\r\n", 1)
    until = time.monotonic() + 1
    while time.monotonic() < until:
        seen.raw += sleeper.sock.recv(65536)
        if not websocket:
            seen.reader.feed(seen.raw)
            seen.raw = b""
    while websocket and len(seen.raw) > 10:
        assert seen.raw[0] == 0x82
        size, at = seen.raw[1], 2
        if size == 126:
            size, at = struct.unpack(">H", seen.raw[2:4])[0], 4
        elif size == 127:
            size, at = struct.unpack(">Q", seen.raw[2:10])[0], 10
        if len(seen.raw) < at + size:
            break
        seen.reader.feed(seen.raw[at:at + size])
        seen.raw = seen.raw[at + size:]
    return seen


def test_a_stream_without_key_frames_stays_within_its_bounds(vigild, push, clip_tags):
    """Frames that no viewer can begin with do not fill the memory."""
    vigild.add_device(DID)
    big = [Tag(VIDEO, i * 40, b"\x27\x01\x00\x00\x00" + bytes(60_000)) for i in range(2000)]
    first = [tag for tag in clip_tags if tag.is_config]
    push(DID, vigild.push_token(DID), first + big, speed=1000)
    wait_for(lambda: vigild.stream(DID)["frames"] > 1500, 20, "frames")
    assert vigild.metric("ring_bytes") <= 33 * 1024 * KB


def test_a_frame_past_its_limit_ends_the_push(vigild, push, clip_tags):
    vigild.add_device(DID)
    huge = [Tag(VIDEO, 0, b"\x17\x01\x00\x00\x00" + bytes(5 * 1024 * KB))]
    pusher = push(DID, vigild.push_token(DID), clip_tags[:5] + huge, speed=1000)
    wait_for(lambda: pusher.is_over or vigild.metric("publishers") == 0, 10, "the push's end")
    assert vigild.metric("ring_bytes") <= 1024 * KB


def test_viewers_go_when_the_server_ends(vigild, push, watch):
    """SIGTERM does not wait for those who watch; a WebSocket hears why."""
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID))
    path = f"/live/{DID}.flv?token={vigild.view_token(DID)}"
    viewer = watch(DID).wait_frames(5)
    closed = []
    thread = threading.Thread(
        target=lambda: closed.append(watch_websocket(vigild, path, 10 ** 6)[1:]), daemon=True)
    thread.start()
    wait_for(lambda: vigild.metric("viewers") == 2, what="two viewers")
    began = time.monotonic()
    vigild.stop()
    assert time.monotonic() - began < 5
    viewer.wait_end()
    thread.join(5)
    assert closed == [(4008, "stream-ended")]


def test_sound_and_picture_keep_their_order(vigild, push, watch):
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID))
    viewer = watch(DID).wait_frames(40)
    for kind in (AUDIO, VIDEO):
        stamps = [tag.timestamp_ms for tag in viewer.reader.frames(kind)]
        assert stamps == sorted(stamps)
