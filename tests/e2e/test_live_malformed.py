# SPDX-License-Identifier: Apache-2.0
"""Pushes whose pictures are cut at every byte, while every kind of viewer looks on."""
import random
import threading
import time

import pytest
import requests

from harness import enhanced
from harness.flv import AUDIO, VIDEO, Tag
from harness.process import wait_for
from harness.rtmp import RtmpClient
from harness.rtmp_player import RtmpPlayer

DID, BROKEN = "CAM0001", "CAM0002"
STARTED = "NetStream.Publish.Start"


class Source:
    """Pushes tag after tag, and begins again wherever it was cut off."""

    def __init__(self, vigild, did):
        self.vigild, self.name = vigild, f"{did}?token={vigild.push_token(did)}"
        self.client, self.at_ms, self.cuts = None, 0, 0

    def send(self, *tags):
        for _ in range(3):
            try:
                if not self.client:
                    self.client = RtmpClient(self.vigild.address("rtmp"))
                    assert self.client.publish(self.name) == STARTED
                for tag in tags:
                    self.client.send_tag(tag, self.at_ms)
                self.at_ms += 40
                return
            except (BrokenPipeError, ConnectionError):
                self.client.close()
                self.client, self.cuts = None, self.cuts + 1
        raise AssertionError("it is cut off again and again")

    def close(self):
        if self.client:
            self.client.close()


@pytest.fixture
def picture(vigild, push, watch):
    """A push and its viewer: nobody else's fault may disturb them."""
    vigild.add_device(DID)
    pusher, viewer = push(DID, vigild.push_token(DID)), watch(DID).wait_frames(5)
    yield viewer
    viewer.wait_frames(len(viewer.reader.frames()) + 10)
    assert not viewer.is_ended and not pusher.is_over


@pytest.fixture(scope="session")
def clips(clip_tags, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    h265 = enhanced.make_h265(folder / "h265.mp4")
    return {"avc": clip_tags, "hvc1": enhanced.video_tags(h265, "hvc1", "hvcC"),
            "12": enhanced.video_tags(h265, "12", "hvcC"),
            "av01": enhanced.video_tags(enhanced.make_av1(folder / "av1.mp4"), "av01", "av1C")}


def good_beginning(tags):
    """(configurations, a key frame, a sound) of a clip."""
    configs = [tag for tag in tags[:8] if tag.is_config or enhanced.is_sequence_start(tag)]
    configs = [tag for tag in configs if tag.kind in (AUDIO, VIDEO)]
    key = next(tag for tag in tags if tag.kind == VIDEO and tag not in configs and tag.body[0] >> 4 & 7 == 1)
    sound = next((tag for tag in tags if tag.kind == AUDIO and tag not in configs), None)
    return configs, key, sound


class Onlookers:
    """One viewer of every kind, for whatever there is to be seen; HLS and thumbnails ask on and on."""

    def __init__(self, vigild, watch):
        self.vigild, self.token, self.is_over, self.statuses = vigild, vigild.view_token(BROKEN), False, set()
        self.viewer = watch(BROKEN, token=self.token)
        self.player = RtmpPlayer(vigild.address("rtmp"), f"{BROKEN}?token={self.token}")
        self.threads = [threading.Thread(target=self.ask, args=(path,), daemon=True) for path in (
            f"/live/{BROKEN}.m3u8", f"/v2/devices/{BROKEN}/thumbnail.jpeg")]
        for thread in self.threads:
            thread.start()

    def ask(self, path):
        while not self.is_over:
            try:
                answer = requests.get(f"{self.vigild.http}{path}?token={self.token}", timeout=1)
                self.statuses.add(answer.status_code)
            except requests.Timeout:
                pass
            except requests.ConnectionError:
                self.statuses.add(None)
            time.sleep(0.05)

    def close(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(5)
        self.player.close()
        assert self.viewer.failure is None
        assert self.statuses and self.statuses <= {200, 409, 415, 502, 503, 504}, self.statuses


def assert_seen_again(source, watch, configs, key):
    """The same source, whole again: who comes now sees it, with its own configuration."""
    source.send(*configs, key)
    time.sleep(0.5)  # what was sent before it has been read
    late = watch(BROKEN)
    assert late.wait_status() == 200
    for _ in range(10):
        source.send(key)
    wait_for(lambda: [tag.body for tag in late.reader.tags].count(key.body) > 5, what="pictures")
    pictures = [tag.body for tag in late.reader.tags if tag.kind == VIDEO]
    assert pictures[0] == next(tag.body for tag in configs if tag.kind == VIDEO)
    assert set(pictures[1:]) == {key.body}


@pytest.mark.parametrize("codec", ["avc", "hvc1", "12", "av01"])
def test_pictures_cut_at_every_byte_harm_nobody(vigild, picture, watch, clips, codec):
    """Configurations, key frames and sound cut at each byte; behind each cut the good ones again."""
    vigild.add_device(BROKEN)
    configs, key, sound = good_beginning(clips[codec])
    source = Source(vigild, BROKEN)
    source.send(*configs, key)
    onlookers = Onlookers(vigild, watch)
    whole = [*configs, Tag(key.kind, 0, key.body[:200]), *([sound] if sound else [])]
    for tag in whole:
        for cut in range(1, min(len(tag.body), 120)):
            source.send(Tag(tag.kind, 0, tag.body[:cut]), key)
        source.send(*configs, key)
    assert_seen_again(source, watch, configs, key)
    onlookers.close()
    source.close()


def wrong_lengths(body, chance):
    """An AVC or HEVC frame whose NAL units claim other lengths than they have."""
    for length in (0, 1, len(body), len(body) - 8, len(body) - 9, 2**31 - 1, 2**31, 2**32 - 1):
        yield body[:5] + length.to_bytes(4, "big") + body[9:]
    for _ in range(60):
        broken = bytearray(body)
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(5, len(broken))] = chance.choice((0, 1, 3, 127, 128, 255))
        yield bytes(broken)


@pytest.mark.parametrize("codec", ["avc", "12"])
def test_units_with_wrong_lengths_harm_nobody(vigild, picture, watch, clips, codec):
    vigild.add_device(BROKEN)
    configs, key, _ = good_beginning(clips[codec])
    source, chance = Source(vigild, BROKEN), random.Random(5)
    source.send(*configs, key)
    onlookers = Onlookers(vigild, watch)
    for body in wrong_lengths(key.body, chance):
        source.send(Tag(VIDEO, 0, body), key)
    for config in configs:
        for body in wrong_lengths(config.body + bytes(10), chance):
            source.send(Tag(config.kind, 0, body), key)
        source.send(*configs, key)
    assert_seen_again(source, watch, configs, key)
    onlookers.close()
    source.close()
