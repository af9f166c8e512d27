# SPDX-License-Identifier: Apache-2.0
"""Who may watch, in which way, and what those hear who cannot."""
import json
import subprocess
import threading
import time

import pytest
import requests

from harness.flv import SCRIPT, make_clip, read_tags
from harness.process import wait_for
from harness.viewer import watch_websocket

DID = "CAM0001"
PATHS = ("/live/{}.flv", "/v2/media/live/{}.flv", "/v2/meida/live/{}.flv")


@pytest.fixture
def streaming(vigild, push):
    """A device that pushes by itself."""
    vigild.add_device(DID)
    return push(DID, vigild.push_token(DID))


def refuse(_data):
    return {"play": {"code": 60020, "error": "lens cap is on"}}


def test_every_address_shows_the_picture_over_http_and_websocket(vigild, streaming, watch):
    token = vigild.view_token(DID)
    for path in PATHS:
        viewer = watch(DID, token, path.format(DID))
        viewer.wait_frames(5)
        assert viewer.headers["Content-Type"] == "video/x-flv"
        first = [tag for tag in viewer.reader.tags if tag.kind != SCRIPT]
        assert first[0].is_config and first[1].is_config
        assert viewer.reader.frames()[0].is_key
        reader, code, _ = watch_websocket(vigild, f"{path.format(DID)}?token={token}", 5)
        assert code is None and reader.frames()[0].is_key
    assert token not in vigild.log


def test_curl_and_ffmpeg_read_it(vigild, streaming, tmp_path):
    url = f"{vigild.http}/live/{DID}.flv?token={vigild.view_token(DID)}"
    output = subprocess.run(["curl", "-s", "-m", "2", url], capture_output=True).stdout
    assert len([tag for tag in read_tags(output) if tag.is_key]) >= 2
    path = tmp_path / "seen.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", url, "-t", "1", "-c", "copy", path], check=True,
                   timeout=20)
    decoded = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "null", "-"], timeout=20,
                             capture_output=True, check=True)
    assert decoded.stderr == b""


def test_many_watch_one_push(vigild, streaming, watch):
    viewers = [watch(DID) for _ in range(20)]
    for viewer in viewers:
        viewer.wait_frames(25)
    assert vigild.metric("publishers") == 1 and vigild.metric("viewers") == 20
    stream = vigild.stream(DID)
    assert stream["viewers"] == 20 and stream["bytes_out"] > 10 * stream["bytes_in"] > 0
    # The same bytes for everybody: all that one saw from a key frame on, the others saw too.
    bodies = [[tag.body for tag in viewer.reader.frames()] for viewer in viewers]
    common = set(bodies[0][:25]).intersection(*(map(bytes, seen) for seen in bodies[1:]))
    assert len(common) > 10


def test_tokens_come_by_query_bearer_and_cookie(vigild, streaming, watch):
    token = vigild.view_token(DID)
    watch(DID, "", headers={"Authorization": f"Bearer {token}"}).wait_frames(1)
    watch(DID, "", headers={"Authorization": f"Bearer {vigild.admin_token}"}).wait_frames(1)
    link = (vigild.data / "sign-in.url").read_text().strip()
    session = requests.Session()
    session.trust_env = False
    sign_in = link.rsplit("=", 1)[1]
    answer = session.post(vigild.http + "/v2/session", json={"token": sign_in}, timeout=10)
    assert answer.status_code < 300, answer.text
    cookie = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
    watch(DID, "", headers={"Cookie": cookie}).wait_frames(1)
    _, code, _ = watch_websocket(vigild, f"/live/{DID}.flv", 1, headers={"Cookie": cookie})
    assert code is None


def test_a_view_token_opens_one_devices_live_and_nothing_else(vigild, streaming, watch):
    vigild.add_device("CAM0002")
    token = vigild.view_token(DID)
    assert watch("CAM0002", token).wait_status() == 404
    assert watch("NOSUCH", token).wait_status() == 404
    for method, path, status in (("GET", "/v2/devices", 403), ("GET", f"/v2/devices/{DID}", 403),
                                 ("GET", "/v2/devices/CAM0002", 404), ("GET", "/v2/streams", 403),
                                 ("POST", f"/v2/devices/{DID}/actions", 403),
                                 ("POST", f"/v2/devices/{DID}/view-tokens", 403)):
        answer = vigild.api(method, path, {} if method == "POST" else None, token=token)
        assert answer.status_code == status, (path, answer.text)
    _, code, name = watch_websocket(vigild, f"/live/CAM0002.flv?token={token}")
    assert (code, name) == (4007, "denied")


@pytest.mark.parametrize("token", ["", "wrong" * 8, "push"])
def test_others_are_refused(vigild, streaming, watch, token):
    token = vigild.push_token(DID) if token == "push" else token
    viewer = watch(DID, token)
    assert viewer.wait_status() == (401 if len(token) < 42 else 403)
    query = f"?token={token}" if token else ""
    _, code, name = watch_websocket(vigild, f"/live/{DID}.flv{query}")
    assert (code, name) == (4007, "denied")


def test_a_view_token_expires(vigild, device, watch):
    token = vigild.view_token(device.did, expires_in=60)
    vigild.advance(61_000)
    assert watch(device.did, token).wait_status() == 401
    _, code, _ = watch_websocket(vigild, f"/live/{device.did}.flv?token={token}")
    assert code == 4007


def test_offline_is_said_at_once(vigild, watch):
    vigild.add_device(DID)
    began = time.monotonic()
    viewer = watch(DID)
    assert viewer.wait_status() == 409 and time.monotonic() - began < 1
    problem = json.loads(viewer.problem)
    assert problem["type"] == "/problems/device-offline" and problem["status"] == 409
    _, code, name = watch_websocket(vigild, f"/live/{DID}.flv?token={vigild.view_token(DID)}")
    assert (code, name) == (4001, "device-offline")
    assert vigild.metric("viewers") == 0


def test_a_refusal_carries_the_devices_code_and_words(vigild, make_device, watch):
    make_device(DID, answer=refuse).go_online()
    viewer = watch(DID)
    assert viewer.wait_status() == 422
    problem = json.loads(viewer.problem)
    assert problem["type"] == "/problems/device-refused" and problem["code"] == 60020
    assert "lens cap is on" in json.dumps(problem)
    _, code, name = watch_websocket(vigild, f"/live/{DID}.flv?token={vigild.view_token(DID)}")
    assert (code, name) == (4002, "device-refused")
    assert vigild.stream(DID) is None or vigild.stream(DID)["viewers"] == 0


class Waiting:
    """A viewer over HTTP and one over WebSocket that wait for the same failure."""

    def __init__(self, vigild, watch):
        self.vigild, self.http = vigild, watch(DID)
        self.closed = []
        path = f"/live/{DID}.flv?token={vigild.view_token(DID)}"
        self.thread = threading.Thread(
            target=lambda: self.closed.append(watch_websocket(vigild, path)[1:]), daemon=True)
        self.thread.start()
        wait_for(lambda: vigild.metric("viewers") == 2, what="two viewers")

    def fails_with(self, status, name, code):
        assert self.http.wait_status() == status
        assert json.loads(self.http.problem)["type"] == f"/problems/{name}"
        self.thread.join(10)
        assert self.closed == [(code, name)]
        wait_for(lambda: self.vigild.metric("viewers") == 0, what="no viewers")


def test_no_answer(vigild, make_device, watch):
    device = make_device(DID)
    device.answer = None
    device.go_online()
    waiting = Waiting(vigild, watch)
    device.next_action()
    vigild.advance(5100)
    waiting.fails_with(504, "no-answer", 4003)


def test_no_push(vigild, make_device, watch):
    device = make_device(DID).go_online()
    waiting = Waiting(vigild, watch)
    device.next_action()
    vigild.wait_stage(DID, "answered")
    vigild.advance(8100)
    waiting.fails_with(504, "no-push", 4004)


def test_no_key_frame(vigild, push, watch, clip_tags):
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID), [tag for tag in clip_tags if not tag.is_key])
    waiting = Waiting(vigild, watch)
    vigild.wait_stage(DID, "pushing")
    vigild.advance(10_100)
    waiting.fails_with(504, "no-key-frame", 4005)


@pytest.mark.parametrize("fault,status,name,advance_ms", [
    ("no-answer", 504, "no-answer", 5100), ("no-push", 504, "no-push", 8100),
    ("no-keyframe", 504, "no-key-frame", 10_100)])
def test_the_simulated_cameras_faults(vigild, start_camera, watch, fault, status, name, advance_ms):
    start_camera(DID, "--fault", fault)
    wait_for(lambda: vigild.metric("devices_linked") == 1, what="the camera")
    viewer = watch(DID)
    stage = {"no-answer": "asked", "no-push": "answered", "no-keyframe": "pushing"}[fault]
    vigild.wait_stage(DID, stage)
    vigild.advance(advance_ms)
    assert viewer.wait_status() == status
    assert json.loads(viewer.problem)["type"] == f"/problems/{name}"


def test_the_simulated_camera_is_seen_on_demand(vigild, start_camera, watch):
    start_camera(DID)
    wait_for(lambda: vigild.metric("devices_linked") == 1, what="the camera")
    assert vigild.stream(DID) is None and vigild.metric("publishers") == 0
    watch(DID).wait_frames(30)
    stream = vigild.stream(DID)
    assert stream["stage"] == "playing" and 0 < stream["first_frame_ms"] < 5000


def test_a_changed_configuration_reaches_viewers(vigild, streaming, watch, tmp_path):
    viewer = watch(DID).wait_frames(10)
    other = read_tags(make_clip(tmp_path / "other.flv", size="640x360").read_bytes())
    streaming.use(other)
    wait_for(lambda: (vigild.stream(DID)["video"] or {}).get("width") == 640, what="the change")
    wait_for(lambda: sum(tag.kind == 9 and tag.is_config for tag in viewer.reader.tags) >= 2,
             what="the new configuration")
    late = watch(DID).wait_frames(5)
    configs = [tag.body for tag in late.reader.tags if tag.kind == 9 and tag.is_config]
    assert configs == [next(tag.body for tag in other if tag.kind == 9 and tag.is_config)]
    at = max(i for i, tag in enumerate(viewer.reader.tags) if tag.kind == 9 and tag.is_config)
    wait_for(lambda: len(viewer.reader.tags) > at + 5, what="frames after it")
    after = [tag for tag in viewer.reader.tags[at + 1:] if tag.kind == 9]
    assert after[0].is_key, "the first frame after a new configuration is a key frame"


def test_head_tells_the_type_without_joining(vigild, streaming):
    answer = vigild.api("HEAD", f"/live/{DID}.flv")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "video/x-flv"
    assert vigild.metric("viewers") == 0


def test_who_leaves_before_the_picture_is_forgotten(vigild, make_device, watch):
    device = make_device(DID).go_online()
    viewers = [watch(DID) for _ in range(5)]
    device.next_action()
    wait_for(lambda: vigild.metric("viewers") == 5, what="five viewers")
    for viewer in viewers:
        viewer.close()
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewers")
