# SPDX-License-Identifier: Apache-2.0
"""The limits of the stages by the wall's clock, and times that jump on their way to HLS."""
import json
import threading
import time

import pytest

from harness.device import success
from harness.hls import Session, decode_times
from harness.process import wait_for
from harness.rtmp import RtmpClient

DID = "CAM0001"
STAGES = {"no-answer": 5, "no-push": 8, "no-key-frame": 10}


@pytest.mark.realtime
def test_the_stages_limits_by_the_walls_clock(vigild, make_device, push, watch, clip_tags):
    """No answer in 5 s, no push in 8 s, no key frame in 10 s, and 5 s for a command."""
    make_device("no-answer", answer=lambda data: None).go_online()
    make_device("no-push", answer=success).go_online()
    vigild.add_device("no-key-frame")
    began, viewers, took = time.monotonic(), {}, {}
    push("no-key-frame", vigild.push_token("no-key-frame"), [tag for tag in clip_tags if not tag.is_key])
    for name in STAGES:
        viewers[name] = watch(name)

    def all_have_ended():
        for name, viewer in viewers.items():
            if viewer.status is not None:
                took.setdefault(name, time.monotonic() - began)
        return len(took) == len(STAGES)
    wait_for(all_have_ended, 14, "the end of all three")
    for name, seconds in STAGES.items():
        assert viewers[name].status == 504
        assert json.loads(viewers[name].problem)["type"] == f"/problems/{name}"
        assert seconds - 0.2 < took[name] < seconds + 1.5, took
    began = time.monotonic()
    assert vigild.action("no-answer", {"ptz": {"stop": {}}}).status_code == 504
    assert 4.9 < time.monotonic() - began < 6


class Leaper(threading.Thread):
    """Pushes the clip round and round, four times as fast; `later_ms` is added to its times."""

    def __init__(self, vigild, tags):
        super().__init__(daemon=True)
        self.tags, self.later_ms, self.is_over = tags, 4_000_000, False
        self.client = RtmpClient(vigild.address("rtmp"))
        assert self.client.publish(f"{DID}?token={vigild.push_token(DID)}") == "NetStream.Publish.Start"
        self.start()

    def run(self):
        turn_ms = 0
        while not self.is_over:
            for tag in self.tags:
                self.client.send_tag(tag, tag.timestamp_ms + turn_ms + self.later_ms)
                time.sleep(0.004)
            turn_ms += self.tags[-1].timestamp_ms + 40

    def close(self):
        self.is_over = True
        self.join(5)
        self.client.close()


@pytest.mark.parametrize("jump_ms", [5000, 3_600_000, 17_000_000, -2000, -3_600_000])
def test_times_that_jump_do_not_stop_hls(vigild, clip_tags, jump_ms):
    """Decode times go on and segments keep their length, however the camera's clock leaps."""
    vigild.add_device(DID)
    leaper = Leaper(vigild, clip_tags)
    try:
        session = Session(vigild, DID).open()
        first = session.wait_segments(2).number("MEDIA-SEQUENCE")
        leaper.later_ms += jump_ms
        media = session.wait_segments(5, 15)
        assert media.number("MEDIA-SEQUENCE") == first and len(media.breaks) <= 1, "at most one break"
        times = [decode_times(session.file(name).content) for name, _ in media.segments]
        for track in times[0]:
            of_track = [one[track] for one in times if track in one]
            assert len(of_track) >= 4 and all(a < b for a, b in zip(of_track, of_track[1:])), of_track
        assert all(0 < duration <= 2.5 for _, duration in media.segments), media.text
    finally:
        leaper.close()
