# SPDX-License-Identifier: Apache-2.0
"""Actions: HTTP in, the device's answer out; what is refused, late, double or lost."""
import concurrent.futures
import socket
import time

import pytest

from harness.process import wait_for
from test_devices import problem


def test_an_action_goes_to_the_device_and_its_answer_comes_back(vigild, device):
    answer = vigild.action("CAM0001", {"ptz": {"start": {"direction": 2, "speed": 1}}})
    assert answer.status_code == 200
    sent = device.next_action()
    assert answer.json() == {"mid": sent["mid"], "result": {"ptz": {"code": 0}}}
    assert sent["did"] == "CAM0001" and sent["type"] == "action" and len(sent["token"]) > 20
    assert sent["data"] == {"ptz": {"start": {"direction": 2, "speed": 1}}}


def test_every_command_has_its_own_mid_and_token_of_its_kind(vigild, device):
    for _ in range(3):
        vigild.action("CAM0001", {"ptz": {"stop": {}}})
        vigild.action("CAM0001", {"preset": {"goto": {"index": 1}}})
        vigild.action("CAM0001", {"read": ["config"]})
    sent = [device.next_action() for _ in range(9)]
    assert len({action["mid"] for action in sent}) == 9
    assert all(action["token"] for action in sent)


def test_answers_find_their_callers(vigild, make_device):
    """Many at once, answered in another order: nobody gets another's."""
    device = make_device(answer=lambda data: None).go_online()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        calls = {index: pool.submit(vigild.action, "CAM0001", {"preset": {"set": {"index": index}}})
                 for index in range(1, 11)}
        waiting = [device.next_action() for _ in calls]
        for action in reversed(waiting):
            device.reply(action, {"preset": {"code": 0, "echo": action["data"]["preset"]["set"]["index"]}})
        for index, call in calls.items():
            assert call.result().json()["result"]["preset"]["echo"] == index


def test_play_without_an_address_gets_the_servers(vigild, device):
    assert vigild.action("CAM0001", {"play": {}}).status_code == 200
    sent = device.next_action()
    assert sent["data"]["play"]["url"] == f"{vigild.rtmp}/live/CAM0001?token={sent['token']}"


def test_an_offline_device_is_told_at_once(vigild):
    vigild.add_device("CAM1")
    started = time.monotonic()
    problem(vigild.action("CAM1", {"ptz": {"stop": {}}}), 409, "device-offline")
    assert time.monotonic() - started < 1
    problem(vigild.action("NONE", {"ptz": {"stop": {}}}), 404, "not-found")


def test_a_silent_device_times_out(vigild, make_device):
    device = make_device(answer=lambda data: None).go_online()
    started = time.monotonic()
    problem(vigild.action("CAM0001", {"ptz": {"stop": {}}}, timeout_ms=300), 504, "device-timeout")
    assert 0.25 < time.monotonic() - started < 2
    late = device.next_action()
    before = vigild.metric("command_late_total")
    device.reply(late, {"ptz": {"code": 0}})
    wait_for(lambda: vigild.metric("command_late_total") == before + 1, what="the late answer's count")


def test_the_default_time_is_five_seconds(vigild, make_device):
    make_device(answer=lambda data: None).go_online()
    started = time.monotonic()
    problem(vigild.action("CAM0001", {"ptz": {"stop": {}}}), 504, "device-timeout")
    assert 4.5 < time.monotonic() - started < 7


def test_a_double_answer_is_counted_and_dropped(vigild, make_device):
    device = make_device(answer=lambda data: None).go_online()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(vigild.action, "CAM0001", {"ptz": {"stop": {}}})
        action = device.next_action()
        before = vigild.metric("command_late_total")
        device.reply(action, {"ptz": {"code": 0}})
        device.reply(action, {"ptz": {"code": 60000, "error": "twice"}})
        assert call.result().status_code == 200
    wait_for(lambda: vigild.metric("command_late_total") == before + 1, what="the double answer's count")


REFUSALS = [(60000, "PTZ"), (60001, "permission"), (60002, "upper"), (60003, "lower"), (60004, "left"),
            (60005, "right"), (60006, "later"), (60007, "presets"), (60009, "preset"), (60011, "preset"),
            (60020, "support"), (61234, "my own words")]


@pytest.mark.parametrize("code, words", REFUSALS)
def test_a_refusal_has_its_code_and_words(vigild, make_device, code, words):
    make_device(answer=lambda data: {"ptz": {"code": code, "error": "my own words"}}).go_online()
    body = problem(vigild.action("CAM0001", {"ptz": {"start": {"direction": 0}}}), 422, "device-refused")
    assert body["code"] == code and words in body["detail"]


def test_being_there_already_is_no_failure(vigild, make_device):
    make_device(answer=lambda data: {"preset": {"code": 60010, "error": "x"}}).go_online()
    answer = vigild.action("CAM0001", {"preset": {"goto": {"index": 1}}})
    assert answer.status_code == 200 and answer.json()["result"]["preset"]["code"] == 60010


@pytest.mark.parametrize("result", [{}, {"ptz": 1}, {"ptz": {"code": "x"}}, {"ptz": {"code": None}}])
def test_an_answer_without_shape_is_a_refusal(vigild, make_device, result):
    make_device(answer=lambda data: result).go_online()
    problem(vigild.action("CAM0001", {"ptz": {"stop": {}}}), 422, "device-refused")


@pytest.mark.parametrize("data, field", [
    ({"preset": {"set": {"index": 0}}}, "preset.set.index"),
    ({"preset": {"set": {"index": 129}}}, "preset.set.index"),
    ({"preset": {"set": {}}}, "preset.set.index"),
    ({"preset": {"goto": {"index": "x"}}}, "preset.goto.index"),
    ({"ptz": {"start": {"direction": 10}}}, "ptz.start.direction"),
    ({"ptz": {"start": {"direction": -1}}}, "ptz.start.direction"),
    ({"ptz": {"start": {"direction": 1, "speed": 3}}}, "ptz.start.speed"),
    ({"write": {"config": {"alarm.sensitivity": "extreme"}}}, "write.config.alarm.sensitivity"),
])
def test_a_bad_field_never_leaves(vigild, device, data, field):
    body = problem(vigild.action("CAM0001", data), 400, "invalid-action")
    assert body["field"] == field
    assert device.actions.empty()


@pytest.mark.parametrize("data", [{}, {"fly": {}}, {"ptz": {}}, {"ptz": {"stop": {}}, "stop": {}}, 1, "x", None, []])
def test_what_is_no_action_is_refused(vigild, device, data):
    problem(vigild.action("CAM0001", data), 400, "invalid-action")
    assert device.actions.empty()


@pytest.mark.parametrize("timeout_ms, status", [(100, 200), (30000, 200), (99, 400), (30001, 400), ("5", 400), (1.5, 400)])
def test_the_time_has_limits(vigild, device, timeout_ms, status):
    answer = vigild.action("CAM0001", {"ptz": {"stop": {}}}, timeout_ms=timeout_ms)
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["field"] == "timeout_ms"


def test_a_device_has_room_for_so_many_commands(vigild, make_device):
    device = make_device(answer=lambda data: None).go_online()
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        calls = [pool.submit(vigild.action, "CAM0001", {"ptz": {"stop": {}}}) for _ in range(32)]
        actions = [device.next_action() for _ in calls]
        busy = vigild.action("CAM0001", {"ptz": {"stop": {}}})
        problem(busy, 503, "device-busy")
        assert busy.headers["Retry-After"]
        for action in actions:
            device.reply(action, {"ptz": {"code": 0}})
        assert {call.result().status_code for call in calls} == {200}


def test_a_device_that_goes_fails_its_commands(vigild, make_device):
    device = make_device(answer=lambda data: None).go_online()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(vigild.action, "CAM0001", {"ptz": {"stop": {}}})
        device.next_action()
        device.close()
        problem(call.result(), 409, "device-offline")


def test_a_caller_that_goes_leaves_nothing(vigild, make_device):
    device = make_device(answer=lambda data: None).go_online()
    body = '{"data":{"ptz":{"stop":{}}},"timeout_ms":500}'
    for _ in range(5):
        with socket.create_connection(vigild.address("http")) as client:
            client.sendall(f"POST /v2/devices/CAM0001/actions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                           f"{vigild.admin_token}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            action = device.next_action()
        device.reply(action, {"ptz": {"code": 0}})
    device.answer = lambda data: {"ptz": {"code": 0}}
    assert vigild.action("CAM0001", {"ptz": {"stop": {}}}).status_code == 200


def test_a_repeated_key_moves_the_camera_once(vigild, device):
    def call():
        return vigild.api("POST", "/v2/devices/CAM0001/actions", {"data": {"ptz": {"stop": {}}}},
                          headers={"Idempotency-Key": "once"})
    first, again = call(), call()
    assert first.json() == again.json() and again.headers["Idempotency-Replayed"] == "true"
    device.next_action()
    assert device.actions.empty()


def test_the_table_tells_what_there_is(vigild):
    table = vigild.api("GET", "/v2/actions").json()
    names = {action["name"] for action in table["items"]}
    assert names >= {"play", "stop", "ptz.start", "ptz.stop", "preset.set", "preset.list", "preset.goto",
                     "preset.remove", "capture", "read", "write"}


def presets(vigild):
    return vigild.api("GET", "/v2/devices/CAM0001").json()["presets"]


def test_presets_are_kept_and_survive(vigild, device):
    for index, name in ((7, "gate"), (1, "Tür"), (128, "")):
        assert vigild.action("CAM0001", {"preset": {"set": {"index": index, "name": name}}}).status_code == 200
    kept = [{"index": 1, "name": "Tür"}, {"index": 7, "name": "gate"}, {"index": 128, "name": ""}]
    assert presets(vigild) == kept
    vigild.kill()
    vigild.start()
    assert presets(vigild) == kept


def test_a_removed_or_renamed_preset_is_gone(vigild, device):
    vigild.action("CAM0001", {"preset": {"set": {"index": 1, "name": "a"}}})
    vigild.action("CAM0001", {"preset": {"set": {"index": 2, "name": "b"}}})
    vigild.action("CAM0001", {"preset": {"set": {"index": 2, "name": "c"}}})
    assert vigild.action("CAM0001", {"preset": {"remove": {"index": 1}}}).status_code == 200
    assert presets(vigild) == [{"index": 2, "name": "c"}]


def test_a_refused_preset_is_not_kept(vigild, make_device):
    make_device(answer=lambda data: {"preset": {"code": 60007, "error": "full"}}).go_online()
    problem(vigild.action("CAM0001", {"preset": {"set": {"index": 1}}}), 422, "device-refused")
    assert presets(vigild) == []


def test_the_cameras_own_list_wins(vigild, make_device):
    told = [{"index": 3, "name": "three"}, {"index": 2, "name": "two"}, {"index": 3, "name": "double"},
            {"index": 0, "name": "bad"}, {"index": 129}, "no", {"name": "none"}]
    device = make_device(answer=lambda data: {"preset": {"code": 0}}).go_online()
    vigild.action("CAM0001", {"preset": {"set": {"index": 1, "name": "ours"}}})
    device.answer = lambda data: {"preset": {"presets": told}}
    answer = vigild.action("CAM0001", {"preset": {"list": {}}})
    assert answer.status_code == 200 and answer.json()["result"]["preset"]["presets"] == told
    assert presets(vigild) == [{"index": 2, "name": "two"}, {"index": 3, "name": "three"}]
    assert vigild.restart().api("GET", "/v2/devices/CAM0001").json()["presets"] == [
        {"index": 2, "name": "two"}, {"index": 3, "name": "three"}]


def test_settings_go_through(vigild, make_device):
    settings = {"image.flip": True, "image.day_night": "auto", "image.watermark": False, "alarm.motion": True,
                "alarm.sensitivity": "low", "alarm.interval_s": 30, "alarm.person": True,
                "alarm.period": {"all_day": False, "start": "08:00", "end": "18:00", "days": ["monday", "sunday"]},
                "ptz.cruise": {"presets": [1, 2], "dwell_s": 10, "speed": 1}, "storage.mode": "continuous"}
    device = make_device(answer=lambda data: {"write": {"code": 0}} if "write" in data
                         else {"read": {"config": settings}}).go_online()
    assert vigild.action("CAM0001", {"write": {"config": settings}}).status_code == 200
    assert device.next_action()["data"]["write"]["config"] == settings
    read = vigild.action("CAM0001", {"read": ["config"]})
    assert read.status_code == 200 and read.json()["result"]["read"]["config"] == settings
