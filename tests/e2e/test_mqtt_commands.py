# SPDX-License-Identifier: Apache-2.0
"""An action from its HTTP call to the device and back: matched, signed, limited, never waited for."""
import hashlib
import hmac
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness import wire
from harness.device import Device
from harness.process import wait_for

STOP = {"ptz": {"stop": {}}}
WAITING_MAX = 32
ACTIONS = [
    ("play", {"play": {"url": "rtmp://127.0.0.1/live/x", "players": 1}}),
    ("play", {"stop": {"reason": "nobody watches"}}),
    ("ptz", {"ptz": {"start": {"direction": 0, "speed": 1}}}),
    ("ptz", {"ptz": {"stop": {}}}),
    ("preset", {"preset": {"set": {"index": 1, "name": "gate"}}}),
    ("preset", {"preset": {"goto": {"index": 1}}}),
    ("preset", {"preset": {"remove": {"index": 1}}}),
    ("capture", {"capture": {"url": "http://127.0.0.1/v2/storage/upload"}}),
    ("config", {"read": ["config"]}),
    ("config", {"write": {"config": {"image.flip": True}}}),
    ("replay", {"segment": {"find": {"start": 1600000000000, "end": 1600003600000, "channel": 1,
                                     "stream": 0, "type": 1}}}),
    ("replay", {"replay": {"id": "r1", "speed": 2}}),
    ("upload", {"upload": {"url": "http://127.0.0.1/v2/media/upload/x/", "file": "a.flv"}}),
]


@pytest.fixture
def pool():
    with ThreadPoolExecutor(WAITING_MAX + 8) as threads:
        yield threads


@pytest.fixture
def mute(make_device):
    """A device that answers nothing by itself."""
    return make_device(answer=lambda data: None).go_online()


def problem(answer):
    return answer.status_code, answer.json()["type"]


def done(data):
    return {name: {"code": 0} for name in data}


@pytest.mark.tsan
def test_an_action_goes_out_as_it_came_and_its_answer_comes_back(vigild, mute, pool):
    data = {"ptz": {"start": {"direction": 3, "speed": 2}}}
    waiting = pool.submit(vigild.action, "CAM0001", data)
    action = mute.next_action()
    assert set(action) >= {"did", "mid", "type", "token", "timestamp", "data"}
    assert (action["did"], action["type"], action["data"]) == ("CAM0001", "action", data)
    assert "sign" not in action
    mute.reply(action, {"ptz": {"code": 0, "extra": [1, {"b": "c"}]}})
    assert waiting.result().json() == {"mid": action["mid"],
                                       "result": {"ptz": {"code": 0, "extra": [1, {"b": "c"}]}}}


def test_offline_is_answered_at_once(vigild, make_device):
    make_device()
    started = time.monotonic()
    assert problem(vigild.action("CAM0001", STOP)) == (409, "/problems/device-offline")
    assert time.monotonic() - started < 1
    assert vigild.action("CAM0404", STOP).status_code == 404


def test_no_answer_fails_after_5_seconds(vigild, mute, pool):
    """Not before, and no later than the clock says."""
    waiting = pool.submit(vigild.action, "CAM0001", STOP)
    mute.next_action()
    vigild.advance(4_500)
    time.sleep(0.2)
    assert not waiting.done()
    vigild.advance(600)
    assert problem(waiting.result(3)) == (504, "/problems/device-timeout")


def test_timeout_ms_of_the_call(vigild, mute, pool):
    started = time.monotonic()
    assert problem(vigild.action("CAM0001", STOP, timeout_ms=100)) == (504, "/problems/device-timeout")
    assert time.monotonic() - started < 2
    waiting = pool.submit(vigild.action, "CAM0001", STOP, timeout_ms=30_000)
    mute.next_action(), mute.next_action()
    vigild.advance(29_000)
    time.sleep(0.1)
    assert not waiting.done()
    vigild.advance(1_100)
    assert waiting.result(3).status_code == 504
    for wrong in (99, 30_001, "5", 1.5):
        answer = vigild.action("CAM0001", STOP, timeout_ms=wrong)
        assert answer.status_code == 400 and "timeout_ms" in answer.text, answer.text


def test_the_default_is_a_setting(start_vigild):
    vigild = start_vigild(env={"VIGIL_COMMAND_TIMEOUT_MS": "200"})
    device = Device(vigild, "CAM0001", vigild.add_device("CAM0001"), answer=None).go_online()
    started = time.monotonic()
    assert vigild.action("CAM0001", STOP).status_code == 504
    assert time.monotonic() - started < 2
    device.close()


def count_late(vigild, more, act):
    """`act` makes this many answers that nobody waits for."""
    late = vigild.metric("command_late_total")
    act()
    wait_for(lambda: vigild.metric("command_late_total") == late + more, what=f"{more} late answers")


@pytest.mark.tsan
def test_late_and_double_answers_are_dropped_and_counted(vigild, mute, pool):
    assert vigild.action("CAM0001", STOP, timeout_ms=100).status_code == 504
    count_late(vigild, 1, lambda: mute.reply(mute.next_action(), done(STOP)))
    waiting = pool.submit(vigild.action, "CAM0001", STOP)
    action = mute.next_action()
    count_late(vigild, 2, lambda: [mute.reply(action, {"ptz": {"code": code}}) for code in (0, 60002, 0)])
    assert waiting.result().status_code == 200, "the first answer counts"


def test_foreign_and_invented_answers_reach_nobody(vigild, mute, make_device, pool):
    """Another device with the right mid, and the right device with another mid."""
    other = make_device("CAM0002").go_online()
    waiting = pool.submit(vigild.action, "CAM0001", STOP)
    action = mute.next_action()
    count_late(vigild, 1, lambda: other.reply(action, done(STOP)))
    count_late(vigild, 1, lambda: mute.reply({**action, "mid": action["mid"] + "x"}, done(STOP)))
    foreign = vigild.metric("device_foreign_total")
    other.publish({"did": "CAM0001", "mid": action["mid"], "type": "action", "result": done(STOP)})
    other.publish({"did": "CAM0001", "mid": action["mid"], "type": "action", "result": done(STOP)},
                  "messages/CAM0001")
    wait_for(lambda: vigild.metric("device_foreign_total") == foreign + 2, what="the count")
    assert not waiting.done()
    mute.reply(action, done(STOP))
    assert waiting.result().status_code == 200


def test_answers_find_their_requests_in_any_order(vigild, mute, pool):
    requests = [pool.submit(vigild.action, "CAM0001", {"preset": {"goto": {"index": index}}})
                for index in range(1, 21)]
    actions = [mute.next_action() for _ in requests]
    for action in reversed(actions):
        mute.reply(action, {"preset": {"code": 0, "was": action["data"]["preset"]["goto"]["index"]}})
    assert [one.result().json()["result"]["preset"]["was"] for one in requests] == list(range(1, 21))


def test_mids_are_different_and_cannot_be_guessed(vigild, mute, pool):
    mids = []
    for _ in range(60):
        vigild_answer = pool.submit(vigild.action, "CAM0001", STOP)
        action = mute.next_action()
        mute.reply(action, done(STOP))
        assert vigild_answer.result().json()["mid"] == action["mid"]
        mids.append(action["mid"])
    assert len(set(mids)) == 60
    tails = [re.fullmatch(r"[\x21-\x7e]+-([A-Za-z0-9_-]{16,})", mid).group(1) for mid in mids]
    # No two neighbours share more than chance gives: they are not counted up.
    for one, two in zip(tails, tails[1:]):
        assert sum(a == b for a, b in zip(one, two)) < len(one) * 2 // 3, (one, two)


@pytest.mark.parametrize("kind, data", ACTIONS, ids=lambda value: "" if isinstance(value, str) else
                         "-".join([*value, *[k for v in value.values() if isinstance(v, dict) for k in v][:1]]))
def test_each_kind_of_action_has_a_token(vigild, mute, pool, kind, data):
    waiting = pool.submit(vigild.action, "CAM0001", data, timeout_ms=1000)
    action = mute.next_action()
    assert action["data"] == data
    assert re.fullmatch(r"[A-Za-z0-9_-]{16,64}", action["token"])
    mute.reply(action, done(data))
    waiting.result()


def test_tokens_differ_for_each_kind_device_and_registration(vigild, make_device, pool):
    seen = {}
    for did in ("CAM0001", "CAM0002"):
        device = make_device(did, answer=lambda data: None).go_online()
        for kind, data in ACTIONS:
            waiting = pool.submit(vigild.action, did, data, timeout_ms=1000)
            action = device.next_action()
            device.reply(action, done(data))
            waiting.result()
            seen.setdefault(action["token"], set()).add((did, kind))
            assert device.token != action["token"]
    assert all(len(uses) == 1 for uses in seen.values()), "a token opens one resource of one device"
    assert {use for uses in seen.values() for use in uses} == {
        (did, kind) for did in ("CAM0001", "CAM0002") for kind, _ in ACTIONS}


# --- the server's signature -----------------------------------------------------------------------

def data_text(raw):
    """The characters of `data` as they stand in the message: its last member."""
    return raw[raw.index(b'"data":') + 7:-1]


@pytest.mark.parametrize("data", [STOP, {"preset": {"set": {"index": 1, "name": "caf\u00e9 \"1\""}}}],
                         ids=["plain", "unicode"])
def test_the_server_signs_by_hmac(vigild, connect_wire, pool, data):
    device = Device(vigild, "CAM0001", vigild.add_device("CAM0001", serve_sign="hmac"))
    raw = next_raw(vigild, device, connect_wire, pool, data)
    action = json.loads(raw)
    text = ":".join(["CAM0001", action["mid"], str(action["timestamp"]),
                     hashlib.sha256(data_text(raw)).hexdigest()])
    assert action["sign"] == hmac.new(device.secret.encode(), text.encode(), "sha256").hexdigest()
    assert abs(action["timestamp"] - vigild.now_ms()) < 5000


def test_the_server_signs_by_md5(vigild, connect_wire, pool):
    device = Device(vigild, "CAM0001", vigild.add_device("CAM0001", serve_sign="md5"))
    action = json.loads(next_raw(vigild, device, connect_wire, pool, STOP))
    text = f"CAM0001:{device.secret}:{action['mid']}:{action['timestamp']}"
    assert action["sign"] == hashlib.md5(text.encode()).hexdigest()


def next_raw(vigild, device, connect_wire, pool, data):
    """The bytes of the next action's message."""
    one = connect_wire("CAM0001")
    one.send(wire.subscribe("actions/CAM0001", qos=0),
             wire.publish("messages/CAM0001", device.register_message()))
    one.expect(wire.SUBACK)
    one.expect(wire.PUBLISH)
    waiting = pool.submit(vigild.action, "CAM0001", data)
    body = one.expect(wire.PUBLISH)
    raw = body[body.index(b"{"):]
    one.send(wire.publish("messages/CAM0001", {"did": "CAM0001", "type": "action",
                                               "mid": json.loads(raw)["mid"], "result": done(data)}))
    assert waiting.result().status_code == 200
    return raw


def test_a_change_of_the_servers_sign_counts_at_once(vigild, mute, pool):
    """Also for a device that is on line."""
    for serve, has_sign in (("hmac", True), ("none", False)):
        assert vigild.api("PATCH", "/v2/devices/CAM0001", {"serve_sign": serve}).status_code == 200
        waiting = pool.submit(vigild.action, "CAM0001", STOP)
        action = mute.next_action()
        assert ("sign" in action) == has_sign
        mute.reply(action, done(STOP))
        waiting.result()


# --- limits ---------------------------------------------------------------------------------------

def test_32_may_wait_for_one_device_and_the_33rd_is_refused(vigild, mute, make_device, pool):
    other = make_device("CAM0002").go_online()
    requests = [pool.submit(vigild.action, "CAM0001", STOP, timeout_ms=30_000)
                for _ in range(WAITING_MAX)]
    actions = [mute.next_action() for _ in requests]
    assert problem(vigild.action("CAM0001", STOP)) == (503, "/problems/device-busy")
    assert vigild.action(other.did, STOP).status_code == 200
    mute.reply(actions[0], done(STOP))
    wait_for(lambda: any(one.done() for one in requests), what="one answer")
    requests.append(pool.submit(vigild.action, "CAM0001", STOP, timeout_ms=30_000))
    actions.append(mute.next_action())
    for action in actions[1:]:
        mute.reply(action, done(STOP))
    assert all(one.result().status_code == 200 for one in requests)


@pytest.mark.tsan
def test_no_thread_waits(vigild, make_device):
    """100 parked commands, and everything else is answered at once."""
    dids = [f"CAM{number:04}" for number in range(4)]
    devices = [make_device(did, answer=lambda data: None).go_online() for did in dids]
    with ThreadPoolExecutor(100) as many:
        requests = [many.submit(vigild.action, dids[number % 4], STOP, timeout_ms=30_000)
                    for number in range(100)]
        actions = [(device, device.next_action()) for device in devices for _ in range(25)]
        started = time.monotonic()
        for _ in range(50):
            assert vigild.api("GET", "/v2/devices/CAM0001").status_code == 200
        assert time.monotonic() - started < 2
        assert vigild.metric("command_sent_total") >= 100
        assert not any(one.done() for one in requests)
        for device, action in actions:
            device.reply(action, done(STOP))
        assert all(one.result().status_code == 200 for one in requests)


@pytest.mark.tsan
def test_a_caller_who_goes_away_leaves_nothing_behind(vigild, mute, pool):
    """Its answer is dropped in silence, and the next caller has its own."""
    with pytest.raises(requests.exceptions.RequestException):
        vigild.api("POST", "/v2/devices/CAM0001/actions", {"data": STOP}, timeout=0.3)
    mute.reply(mute.next_action(), done(STOP))
    waiting = pool.submit(vigild.action, "CAM0001", STOP)
    mute.reply(mute.next_action(), {"ptz": {"code": 60002}})
    assert problem(waiting.result()) == (422, "/problems/device-refused")


@pytest.mark.parametrize("result", [{}, {"ptz": 0}, {"ptz": []}, {"ptz": None}, {"ptz": {"code": 1.5}},
                                    {"ptz": {"code": "x"}}, {"ptz": {"code": 10**12}}])
def test_an_answer_that_is_none_is_the_devices_refusal(vigild, mute, pool, result):
    waiting = pool.submit(vigild.action, "CAM0001", STOP)
    mute.reply(mute.next_action(), result)
    answer = waiting.result()
    assert problem(answer) == (422, "/problems/device-refused"), answer.text


def test_a_refusal_has_the_devices_code_and_words(vigild, mute, pool):
    waiting = pool.submit(vigild.action, "CAM0001", STOP)
    mute.reply(mute.next_action(), {"ptz": {"code": 60004, "error": "left end"}})
    answer = waiting.result()
    assert problem(answer) == (422, "/problems/device-refused")
    assert answer.json()["code"] == 60004
    waiting = pool.submit(vigild.action, "CAM0001", STOP)
    mute.reply(mute.next_action(), {"ptz": {"code": 99999, "error": "out of oil"}})
    assert waiting.result().json()["code"] == 99999
    assert "out of oil" in waiting.result().text
