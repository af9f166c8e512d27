# SPDX-License-Identifier: Apache-2.0
"""The camera is asked when somebody watches, again each minute, and told to stop afterwards."""
import queue
import time

import pytest

from harness.device import success
from harness.process import wait_for

DID = "CAM0001"


class Camera:
    """A paho device that keeps what it was told, and pushes when the test says so."""

    def __init__(self, make_device, push):
        self.push_clip, self.pusher = push, None
        self.device = make_device(DID, answer=success).go_online()

    def next(self, kind):
        action = self.device.next_action()
        assert list(action["data"]) == [kind], action
        return action

    def hears_nothing(self, seconds=0.4):
        with pytest.raises(queue.Empty):
            self.device.actions.get(timeout=seconds)

    def start(self, play):
        token = play["data"]["play"]["url"].rsplit("=", 1)[1]
        self.pusher = self.push_clip(DID, token)
        assert self.pusher.code == "NetStream.Publish.Start"


@pytest.fixture
def camera(make_device, push):
    return Camera(make_device, push)


@pytest.fixture
def playing(camera, watch):
    """The camera, and its first viewer, who sees it."""
    viewer = watch(DID)
    camera.start(camera.next("play"))
    return camera, viewer.wait_frames(5)


def test_nobody_is_asked_before_somebody_watches(camera, vigild):
    camera.hears_nothing()
    assert vigild.metric("streams") == 0


def test_the_first_viewer_makes_it_play(vigild, camera, watch):
    viewer = watch(DID)
    play = camera.next("play")
    assert play["type"] == "action" and play["did"] == DID and play["mid"]
    assert play["data"]["play"]["players"] == 1
    assert play["data"]["play"]["url"].startswith(f"{vigild.rtmp}/live/{DID}?token=")
    camera.start(play)
    viewer.wait_frames(5)
    watch(DID).wait_frames(5)
    camera.hears_nothing()
    assert vigild.metric("publishers") == 1


def test_play_is_said_each_minute_with_the_viewers_there_are(vigild, playing, watch):
    camera, _ = playing
    watch(DID).wait_frames(1)
    watch(DID).wait_frames(1)
    for _ in range(3):
        before = vigild.stream(DID)["frames"]
        wait_for(lambda: vigild.stream(DID)["frames"] > before, what="frames after the clock moved")
        vigild.advance(25_000)
        wait_for(lambda: vigild.stream(DID)["frames"] > before + 5, what="more frames")
        vigild.advance(25_000)
        before = vigild.stream(DID)["frames"]
        wait_for(lambda: vigild.stream(DID)["frames"] > before, what="still more frames")
        vigild.advance(10_500)
        assert camera.next("play")["data"]["play"]["players"] == 3
    assert vigild.metric("publishers") == 1


def advance_pushing(vigild, ms):
    """Moves the clock in steps, so that the publisher is never silent for too long."""
    while ms > 0:
        before = vigild.stream(DID)["frames"]
        wait_for(lambda: vigild.stream(DID)["frames"] > before, what="frames")
        vigild.advance(min(ms, 20_000))
        ms -= 20_000


def test_some_time_after_the_last_viewer_it_stops(vigild, playing):
    camera, viewer = playing
    viewer.close()
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewers")
    advance_pushing(vigild, 55_000)
    wait_for(lambda: vigild.stream(DID)["viewers"] == 0, what="the stream without viewers")
    while not camera.device.actions.empty():
        assert "stop" not in camera.device.actions.get()["data"]
    advance_pushing(vigild, 6_000)
    stop = camera.device.next_action()
    while "stop" not in stop["data"]:
        stop = camera.device.next_action()
    assert stop["data"]["stop"]["reason"]
    camera.pusher.close()
    wait_for(lambda: vigild.metric("streams") == 0, what="no stream")
    assert vigild.metric("ring_bytes") == 0


def test_a_viewer_who_returns_in_time_cancels_it(vigild, playing, watch):
    camera, viewer = playing
    viewer.close()
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewers")
    advance_pushing(vigild, 40_000)
    again = watch(DID).wait_frames(5)
    advance_pushing(vigild, 40_000)
    again.wait_frames(10)
    while not camera.device.actions.empty():
        assert "stop" not in camera.device.actions.get()["data"]
    assert vigild.metric("publishers") == 1 and not again.is_ended


@pytest.mark.tsan
def test_viewers_survive_a_lost_publisher(vigild, playing):
    camera, viewer = playing
    seen = len(viewer.reader.frames())
    camera.pusher.close()
    play = camera.next("play")
    time.sleep(0.3)
    assert not viewer.is_ended and vigild.metric("viewers") == 1
    camera.start(play)
    viewer.wait_frames(seen + 20)
    assert viewer.failure is None


def test_viewers_of_a_publisher_that_stays_away_are_told(vigild, playing):
    camera, viewer = playing
    camera.pusher.close()
    camera.next("play")
    vigild.wait_stage(DID, "answered")
    vigild.advance(10_500)
    viewer.wait_end()
    assert vigild.metric("viewers") == 0
    vigild.wait_stage(DID, "failed")
    assert vigild.stream(DID)["failure"] == "no-push"
    vigild.advance(10_500)
    wait_for(lambda: vigild.metric("streams") == 0, what="no stream")


def test_a_camera_without_a_key_frame_is_told_to_stop(vigild, camera, watch, clip_tags):
    viewer = watch(DID)
    play = camera.next("play")
    token = play["data"]["play"]["url"].rsplit("=", 1)[1]
    camera.pusher = camera.push_clip(DID, token, [tag for tag in clip_tags if not tag.is_key])
    vigild.wait_stage(DID, "pushing")
    vigild.advance(10_500)
    assert viewer.wait_status() == 504
    advance_pushing(vigild, 61_000)
    action = camera.device.next_action()
    while "stop" not in action["data"]:
        action = camera.device.next_action()


@pytest.mark.tsan
def test_a_removed_device_is_not_seen_any_more(vigild, playing):
    camera, viewer = playing
    assert vigild.api("DELETE", f"/v2/devices/{DID}").status_code in (200, 204)
    wait_for(lambda: vigild.metric("publishers") == 0, 3, "the push's end")
    viewer.wait_end(3)
    wait_for(lambda: vigild.metric("streams") == 0, what="no stream")


def test_a_disabled_device_is_not_seen_any_more(vigild, playing, watch):
    camera, viewer = playing
    token = vigild.push_token(DID)
    answer = vigild.api("PATCH", f"/v2/devices/{DID}", {"disabled": True})
    assert answer.status_code == 200, answer.text
    wait_for(lambda: vigild.metric("publishers") == 0, 3, "the push's end")
    viewer.wait_end(3)
    assert camera.push_clip(DID, token).code == "NetStream.Publish.Denied"
    late = watch(DID)
    assert late.wait_status() == 409 and b"/problems/device-disabled" in late.problem


def test_a_repeated_play_does_not_restart_the_simulated_camera(vigild, start_camera, watch):
    start_camera(DID)
    wait_for(lambda: vigild.metric("devices_linked") == 1, what="the camera")
    viewer = watch(DID).wait_frames(5)
    before, sent = vigild.stream(DID)["publisher"], vigild.metric("command_sent_total")
    advance_pushing(vigild, 61_000)
    wait_for(lambda: vigild.metric("command_sent_total") > sent, what="the repetition")
    seen = len(viewer.reader.frames())
    viewer.wait_frames(seen + 10)
    assert vigild.stream(DID)["publisher"] == before
    assert not vigild.events(DID, "stream.lost") and viewer.failure is None


def test_the_simulated_camera_stops_and_comes_back(vigild, start_camera, watch):
    start_camera(DID)
    wait_for(lambda: vigild.metric("devices_linked") == 1, what="the camera")
    viewer = watch(DID).wait_frames(5)
    viewer.close()
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewers")
    advance_pushing(vigild, 50_000)
    vigild.advance(11_000)
    wait_for(lambda: vigild.metric("publishers") == 0, what="the push's end")
    watch(DID).wait_frames(5)
