# SPDX-License-Identifier: Apache-2.0
"""How far a picture is: read while it loads, and afterwards in events and metrics."""
import datetime
import json
import threading
import time

import pytest

from harness.device import success
from harness.flv import VIDEO
from harness.process import wait_for
from harness.viewer import HttpViewer, watch_websocket

DID = "CAM0001"


def consent(camera, action, result=None):
    camera.reply(action, result or success(action["data"]))


@pytest.fixture
def camera(make_device):
    """On line, and silent until the test says what it answers."""
    device = make_device(DID)
    device.answer = None
    return device.go_online()


def look(vigild, token, key=DID):
    answer = vigild.api("GET", f"/v2/streams/{key}", token=token)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.tsan
def test_each_stage_is_seen_while_the_picture_loads(vigild, camera, watch, push, clip_tags):
    token = vigild.view_token(DID)
    assert vigild.api("GET", f"/v2/streams/{DID}", token=token).status_code == 404
    viewer = watch(DID)
    play = camera.next_action()
    asked = look(vigild, token)
    assert asked["stage"] == "asked" and "asked" in asked["stage_text"]
    assert asked["key"] == asked["did"] == DID and asked["replay"] is None
    assert asked["failure"] is None and asked["viewers_by"] == {
        "flv": 1, "websocket": 0, "rtmp": 0, "hls": 0}
    since = datetime.datetime.fromisoformat(asked["stage_since"].replace("Z", "+00:00"))
    assert abs(since.timestamp() - time.time()) < 5

    time.sleep(0.1)
    consent(camera, play)
    vigild.wait_stage(DID, "answered")
    assert look(vigild, token)["stage_since"] > asked["stage_since"]
    config = [tag for tag in clip_tags if tag.kind == VIDEO and tag.is_config]
    frames = [tag for tag in clip_tags if tag.kind == VIDEO and not tag.is_config]
    first_key = next(i for i, tag in enumerate(frames) if tag.is_key)
    assert not any(tag.is_key for tag in frames[first_key + 1:first_key + 3])
    pusher = push(DID, play["data"]["play"]["url"].split("token=")[1],
                  config + frames[first_key + 1:first_key + 3])
    vigild.wait_stage(DID, "pushing")
    assert "complete picture" in look(vigild, token)["stage_text"]
    assert not viewer.reader.frames()
    pusher.use(clip_tags)
    viewer.wait_frames(5)
    playing = look(vigild, token)
    assert playing["stage"] == "playing" and playing["stage_text"] == "Playing"
    assert playing["video"]["codec"].startswith("avc1.") and playing["first_frame_ms"] > 100
    wait_for(lambda: look(vigild, token)["bits_per_second"] > 1000, what="a rate")
    assert look(vigild, token)["gop_ms"] > 0 and look(vigild, token)["shed"] is False

    for name in ("stage_answer_ms", "stage_push_ms", "stage_key_frame_ms", "first_frame_ms"):
        count, total = vigild.histogram(name)
        assert count == 1, name
        assert total <= playing["first_frame_ms"] + 50
    assert vigild.histogram("stage_answer_ms")[1] >= 100
    (started,) = vigild.events(DID, "stream.started", 1)
    assert started["data"]["key"] == DID and started["data"]["codec"] == playing["video"]["codec"]
    assert abs(started["data"]["first_frame_ms"] - playing["first_frame_ms"]) < 100


FAULTS = [("no-answer", 504, "no-answer", 5_100, "view_no_answer_total"),
          ("no-push", 504, "no-push", 8_100, "view_no_push_total"),
          ("no-keyframe", 504, "no-key-frame", 10_100, "view_no_key_frame_total")]


@pytest.mark.parametrize("fault,status,name,after_ms,counter", FAULTS)
def test_a_failure_is_named_everywhere(vigild, start_camera, watch, fault, status, name, after_ms,
                                       counter):
    start_camera(DID, "--fault", fault)
    wait_for(lambda: vigild.metric("devices_linked") == 1, what="the camera")
    viewer = watch(DID)
    stage = {"no-push": "answered", "no-keyframe": "pushing"}.get(fault, "asked")
    vigild.wait_stage(DID, stage)
    vigild.advance(after_ms - 1_500)
    time.sleep(0.3)
    assert viewer.status is None and vigild.stream(DID)["stage"] == stage
    vigild.advance(1_500)
    assert viewer.wait_status() == status
    problem = json.loads(viewer.problem)
    assert problem["type"] == f"/problems/{name}"
    view = vigild.stream(DID)
    assert (view["stage"], view["failure"]) == ("failed", name)
    words = problem.get("detail", problem["title"])
    assert view["stage_text"] == words and view["viewers"] == 0
    (failed,) = vigild.events(DID, "stream.failed", 1)
    assert failed["data"] == {"key": DID, "reason": name, "detail": words}
    assert vigild.metric(counter) == 1


@pytest.mark.parametrize("fault,counter", [("late-answer", "command_late_total"),
                                           ("wrong-did", "device_foreign_total")])
def test_stages_follow_the_media_not_only_the_answers(vigild, start_camera, watch, fault, counter):
    start_camera(DID, "--fault", fault)
    wait_for(lambda: vigild.metric("devices_linked") == 1, what="the camera")
    viewer = watch(DID).wait_frames(10)
    assert vigild.stream(DID)["stage"] == "playing"
    wait_for(lambda: vigild.metric(counter) >= 1, 12, "the answer that does not count")
    viewer.wait_frames(len(viewer.reader.frames()) + 10)
    assert vigild.stream(DID)["stage"] == "playing" and not vigild.events(DID, "stream.failed")


@pytest.mark.parametrize("websocket", [False, True])
def test_a_refusal_is_named_with_its_code(vigild, camera, watch, websocket):
    if websocket:
        threading.Timer(0.5, lambda: consent(camera, camera.next_action(), {
            "play": {"code": 60013, "error": "lens covered"}})).start()
        path = f"/live/{DID}.flv?token={vigild.view_token(DID)}"
        _, code, reason = watch_websocket(vigild, path)
        assert (code, reason) == (4002, "device-refused")
    else:
        viewer = watch(DID)
        consent(camera, camera.next_action(), {"play": {"code": 60013, "error": "lens covered"}})
        assert viewer.wait_status() == 422
    (failed,) = vigild.events(DID, "stream.failed", 1)
    assert failed["data"]["reason"] == "device-refused" and failed["data"]["code"] == 60013
    view = vigild.stream(DID)
    assert view["failure"] == "device-refused" and "lens covered" in view["stage_text"]


def test_offline_is_named_and_forgotten(vigild, watch):
    vigild.add_device(DID)
    assert watch(DID).wait_status() == 409
    vigild.wait_stage(DID, "failed")
    assert vigild.stream(DID)["failure"] == "device-offline"
    assert vigild.metric("view_offline_total") == 1
    (failed,) = vigild.events(DID, "stream.failed", 1)
    assert failed["data"]["reason"] == "device-offline"
    vigild.advance(10_100)
    wait_for(lambda: vigild.stream(DID) is None, what="no stream")


def test_a_storm_of_failing_views_is_one_event(vigild, watch):
    vigild.add_device(DID)
    token = vigild.view_token(DID)
    viewers = [watch(DID, token=token) for _ in range(100)]
    assert all(viewer.wait_status() == 409 for viewer in viewers)
    assert vigild.metric("view_offline_total") == 100
    wait_for(lambda: vigild.stream(DID), what="the failure")
    assert len(vigild.events(DID, "stream.failed", 1)) == 1
    vigild.advance(10_100)
    assert watch(DID, token=token).wait_status() == 409
    assert len(vigild.events(DID, "stream.failed", 2)) == 2


def test_who_may_see_the_picture_may_see_its_stage(vigild, camera, watch):
    vigild.add_device("CAM0002")
    watch(DID)
    camera.next_action()
    assert look(vigild, vigild.view_token(DID))["stage"] == "asked"
    other = vigild.view_token("CAM0002")
    assert vigild.api("GET", f"/v2/streams/{DID}", token=other).status_code == 404
    assert vigild.api("GET", f"/v2/streams/{DID}", token="").status_code == 401
    assert vigild.api("GET", "/v2/streams", token=other).status_code == 403
    assert look(vigild, None)["did"] == DID


def test_a_push_that_was_lost_is_told_and_one_that_was_stopped(vigild, camera, watch, push):
    camera.answer = success
    viewer = watch(DID)
    token = camera.next_action()["data"]["play"]["url"].split("token=")[1]
    pusher = push(DID, token)
    viewer.wait_frames(5)
    pusher.close()
    camera.next_action()
    (lost,) = vigild.events(DID, "stream.lost", 1)
    assert lost["data"] == {"key": DID, "reason": "the camera stopped sending"}
    assert "lost" in vigild.stream(DID)["stage_text"]
    pusher = push(DID, token)
    viewer.wait_frames(len(viewer.reader.frames()) + 5)
    viewer.close()
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewer")
    pusher.close()
    (stopped,) = vigild.events(DID, "stream.stopped", 1)
    assert stopped["data"]["bytes_in"] > 1000 and stopped["data"]["seconds"] >= 0
    assert len(vigild.events(DID, "stream.started")) == 2


@pytest.mark.tsan
def test_a_thousand_viewers_on_a_cold_camera_make_one_play(vigild, camera, push):
    camera.answer = success
    token = vigild.view_token(DID)
    viewers = []
    try:
        began = time.monotonic()
        viewers += [HttpViewer(vigild, f"/live/{DID}.flv?token={token}") for _ in range(1000)]
        assert time.monotonic() - began < 10
        play = camera.next_action()
        pusher = push(DID, play["data"]["play"]["url"].split("token=")[1])
        assert pusher.code == "NetStream.Publish.Start"
        wait_for(lambda: all(len(viewer.reader.frames()) > 3 for viewer in viewers), 60,
                 "a thousand pictures")
        assert camera.actions.empty() and vigild.metric("publishers") == 1
        assert vigild.stream(DID)["viewers_by"]["flv"] == 1000
        assert vigild.histogram("first_frame_ms")[0] == 1000
    finally:
        for viewer in viewers:
            viewer.close()
