# SPDX-License-Identifier: Apache-2.0
"""Crowds: a thousand within a second on a cold camera, and coming and going for minutes."""
import random
import select
import socket
import threading
import time

import pytest

from harness.device import success
from harness.process import wait_for
from harness.rtmp import Pusher
from harness.rtmp_player import RtmpPlayer
from test_live_load import request, rss_bytes

DID = "CAM0001"
CROWD = 1000
MINUTES = 3


@pytest.fixture
def camera(make_device):
    return make_device(DID, answer=success).go_online()


class Crowd:
    """Raw requests sent without waiting; then all that comes is read until each has its share."""

    def __init__(self):
        self.peers = {}

    def add(self, address, words, wanted):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(address)
        self.peers[sock.fileno()] = [sock, words, wanted, b""]

    def ask(self, limit_s=5):
        """Sends every request as soon as its connection is there."""
        poll, left = select.poll(), set(self.peers)
        for number in left:
            poll.register(number, select.POLLOUT)
        until = time.monotonic() + limit_s
        while left and time.monotonic() < until:
            for number, _ in poll.poll(100):
                sock, words, *_ = self.peers[number]
                assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
                sock.sendall(words)
                poll.unregister(number)
                left.discard(number)
        assert not left, f"{len(left)} were not connected"

    def read(self, limit_s=60):
        """Until each has what it wants: the words, and 2000 bytes behind them."""
        poll, left = select.poll(), set(self.peers)
        for number in left:
            poll.register(number, select.POLLIN)
        until = time.monotonic() + limit_s
        while left and time.monotonic() < until:
            for number, _ in poll.poll(100):
                peer = self.peers[number]
                data = peer[0].recv(65536)
                peer[3] += data if len(peer[3]) < 4000 else b""
                assert data or peer[2] in peer[3], peer[3][:300]
                at = peer[3].find(peer[2])
                if at >= 0 and (len(peer[3]) > at + 2000 or not data or b"EXTM3U" in peer[2]):
                    if number in left and b"EXTM3U" in peer[2]:
                        poll.unregister(number)
                    left.discard(number)
        assert not left, f"{len(left)} have no picture"

    def close(self):
        for sock, *_ in self.peers.values():
            sock.close()


def test_a_thousand_within_a_second_over_every_protocol_make_one_play(vigild, camera, push):
    """880 FLV, 100 WebSocket, 20 HLS in the first second, 5 RTMP right behind: one `play`, one push."""
    token = vigild.view_token(DID)
    flv, hls = f"/live/{DID}.flv?token={token}", f"/live/{DID}.m3u8?token={token}"
    crowd, players = Crowd(), []
    try:
        began = time.monotonic()
        for number in range(CROWD):
            if number % 50 == 7:
                crowd.add(vigild.address("http"), request(hls), b"#EXTM3U")
            else:
                crowd.add(vigild.address("http"), request(flv, number % 10 == 3), b"FLV\x01")
        crowd.ask()
        assert time.monotonic() - began < 1.0, "they came within a second"
        players += [RtmpPlayer(vigild.address("rtmp"), f"{DID}?token={token}") for _ in range(5)]
        play = camera.next_action(15)["data"]["play"]
        wait_for(lambda: vigild.metric("viewers") >= CROWD + 5, 30, "all of them")
        push(DID, play["url"].split("token=")[1])
        crowd.read()
        for player in players:
            player.wait_frames(3, 20)
        by = vigild.stream(DID)["viewers_by"]
        assert by == {"flv": 880, "websocket": 100, "rtmp": 5, "hls": 20}
        assert camera.actions.empty(), "the camera was asked once"
        assert vigild.metric("publishers") == 1 and vigild.metric("streams") == 1
        assert len(vigild.events(DID, "stream.started", 1)) == 1
        (item,) = vigild.api("GET", "/v2/streams").json()["items"]
        assert item["viewers"] == CROWD + 5 and not item["failure"]
    finally:
        crowd.close()
        for player in players:
            player.close()
    # HLS has no connection to lose: its sessions end 30 s after the last request.
    wait_for(lambda: vigild.metric("viewers") == 20, 20, "those who were connected gone")


class ComeAndGo(threading.Thread):
    """Ten a second: pictures by HTTP, WebSocket and RTMP, left before, amid and after they begin."""

    def __init__(self, vigild, token, until, seed):
        super().__init__(daemon=True)
        self.vigild, self.until, self.chance, self.count, self.failures = vigild, until, random.Random(seed), 0, []
        self.path, self.name = f"/live/{DID}.flv?token={token}", f"{DID}?token={token}"

    def by_http(self):
        with socket.create_connection(self.vigild.address("http"), 5) as sock:
            words = request(self.path, self.chance.random() < 0.4)
            sock.sendall(words[:len(words) if self.chance.random() < 0.9 else 40])
            if self.chance.random() < 0.6:
                sock.settimeout(0.05)
                sock.recv(self.chance.choice((1, 200, 20_000)))

    def by_rtmp(self):
        with socket.create_connection(self.vigild.address("rtmp"), 5) as sock:
            sock.sendall(b"\x03" + bytes(self.chance.choice((10, 1536, 3072))))

    def run(self):
        while time.monotonic() < self.until:
            began = time.monotonic()
            try:
                (self.by_rtmp if self.chance.random() < 0.1 else self.by_http)()
            except socket.timeout:
                pass
            except OSError as failure:
                self.failures.append(failure)
            self.count += 1
            time.sleep(max(0, 0.1 - (time.monotonic() - began)))


def file_descriptors(vigild):
    import os
    return len(os.listdir(f"/proc/{vigild.pid}/fd"))


@pytest.mark.realtime
def test_a_hundred_a_second_for_minutes_leave_nothing_behind(start_vigild, clip_tags):
    vigild = start_vigild(env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    vigild.add_device(DID)
    token = vigild.view_token(DID, 3600)
    pusher = Pusher(vigild.address("rtmp"), f"{DID}?token={vigild.push_token(DID)}", clip_tags)
    until = time.monotonic() + MINUTES * 60
    players, sizes = 0, []
    try:
        idle_files = file_descriptors(vigild)
        guests = [ComeAndGo(vigild, token, until, seed) for seed in range(10)]
        for guest in guests:
            guest.start()
        while time.monotonic() < until:
            player = RtmpPlayer(vigild.address("rtmp"), f"{DID}?token={token}")
            player.wait_frames(2)
            player.close()
            players += 1
            if players % 20 == 0:
                sizes.append(rss_bytes(vigild) // 1024)
            time.sleep(0.5)
        for guest in guests:
            guest.join()
        count = sum(guest.count for guest in guests)
        assert count > MINUTES * 60 * 60, count
        assert not [one for guest in guests for one in guest.failures]
        wait_for(lambda: vigild.metric("viewers") == 0, 15, "no viewer")
        assert vigild.metric("publishers") == 1 and not pusher.is_over
        wait_for(lambda: file_descriptors(vigild) <= idle_files + 2, 15, "their descriptors' end")
        assert rss_bytes(vigild) // 1024 - sizes[len(sizes) // 3] < 3000, sizes
    finally:
        pusher.close()
    wait_for(lambda: vigild.metric("streams") == 0 and vigild.metric("ring_bytes") == 0, what="an idle server")
