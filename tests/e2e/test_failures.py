# SPDX-License-Identifier: Apache-2.0
"""Every action that fails, fails alike: {code, error} from the camera, and the same to its caller."""
import time

import pytest

from harness.process import wait_for

DID = "CAM0001"
NOW = int(time.time() * 1000)
FIND = {"start": NOW - 60_000, "end": NOW, "channel": 1, "stream": 0, "type": 1}
KEY = f"{DID}_replay_1_0_20260101000000_20260101010000"
ACTIONS = {
    "play": {"play": {}}, "stop": {"stop": {"reason": "done"}}, "capture": {"capture": {}},
    "segment": {"segment": {"find": FIND}}, "upload": {"upload": {"file": "a.flv"}},
    "replay": {"replay": {"id": KEY, "pause": True}}, "read": {"read": ["config"]},
    "write": {"write": {"config": {"alarm.interval_s": 5}}},
}


@pytest.mark.parametrize("code,words", [
    (60006, "failed"), (60020, "support"), (61000, "not today"), (61999, "not today")])
def test_a_device_that_refuses_is_quoted(vigild, make_device, code, words):
    """60006 is a failure, 60020 an action it does not know, 61000 and on are extensions."""
    make_device(DID, answer=lambda data: {
        name: {"code": code, "error": "not today"} for name in data}).go_online()
    for name, data in ACTIONS.items():
        answer = vigild.action(DID, data)
        assert answer.status_code == 422, (name, answer.text)
        problem = answer.json()
        assert problem["type"] == "/problems/device-refused" and problem["code"] == code, name
        assert words in problem["detail"], name


@pytest.fixture
def camera(vigild, start_camera):
    start_camera(DID)
    wait_for(lambda: vigild.metric("devices_linked") == 1, what="the camera")


@pytest.mark.parametrize("data,code", [
    ({"play": {"url": "rtmp://127.0.0.1:9/live/CAM0001"}}, None),
    ({"capture": {"url": "http://127.0.0.1:9/x"}}, 60006),
    ({"upload": {"url": "http://127.0.0.1:9/x", "file": "nothing.flv"}}, 60006),
    ({"upload": {"file": "../../etc/passwd"}}, 60006),
    ({"replay": {"id": KEY, "pause": True}}, 60006),
    ({"preset": {"goto": {"index": 7}}}, 60011),
])
def test_the_simulated_camera_fails_in_that_shape(vigild, camera, data, code):
    answer = vigild.action(DID, data)
    if code is None:  # it says yes at once; what becomes of the push is seen by the stage
        assert answer.status_code == 200, answer.text
        return
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == code and answer.json()["detail"]


@pytest.mark.parametrize("find", [
    {**FIND, "channel": 0}, {**FIND, "stream": -1}, {**FIND, "end": FIND["start"]},
    {**FIND, "start": "today"}, {key: value for key, value in FIND.items() if key != "end"}])
def test_a_search_past_its_ranges_never_leaves(vigild, make_device, find):
    device = make_device(DID).go_online()
    answer = vigild.action(DID, {"segment": {"find": find}})
    assert answer.status_code == 400 and answer.json()["type"] == "/problems/invalid-action"
    assert device.actions.empty()
