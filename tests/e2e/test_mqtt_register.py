# SPDX-License-Identifier: Apache-2.0
"""Who may be a device: each form of sign, each refusal, renewal and its end."""
import subprocess

import pytest

from harness.device import Device

WORDS = {
    40001: "The signature does not fit the device's secret",
    40002: "No such device is registered here",
    40003: "The device's clock is more than 300 s off",
    40004: "This signature was used before",
    40005: "The device is disabled",
    40006: "The device's sign policy does not allow this kind of signature",
    40007: "Another live connection holds this device",
    40008: "The device is not bound to this gateway",
}


@pytest.fixture
def waiting(make_device):
    """A device that is connected and listens, and has not registered."""
    def make(did="CAM0001", **options):
        device = make_device(did, **options).connect()
        assert device.subscribe() == 1
        return device
    return make


def check_refused(result, code):
    assert result == {"code": code, "error": WORDS[code]}


def check_accepted(result):
    assert set(result) == {"id", "token", "expires"}, result


# --- forms that are right -------------------------------------------------------------------------

def test_milliseconds_seconds_and_strings(waiting):
    device = waiting()
    check_accepted(device.register())
    now_s = device.vigild.now_ms() // 1000
    check_accepted(device.register(timestamp=now_s + 1))
    check_accepted(device.register(timestamp=str(now_s + 2)))
    check_accepted(device.register(timestamp=str((now_s + 3) * 1000)))


def test_suffix_and_upper_case(waiting):
    device = waiting()
    for form in (lambda sign: sign + ":md5", lambda sign: sign.upper(),
                 lambda sign: sign.upper() + ":md5"):
        stamp = device.timestamp()
        check_accepted(device.register(timestamp=stamp, sign=form(device.sign(stamp))))


def test_hmac(waiting):
    device = waiting()
    check_accepted(device.register("hmac"))
    stamp = device.timestamp()
    bare = device.sign(stamp, "hmac").removesuffix(":hmac-sha256")
    check_accepted(device.register(timestamp=stamp, sign=bare))


def test_static_only_where_the_policy_is_any(waiting, vigild):
    device = waiting()
    check_refused(device.register("static"), 40006)
    assert vigild.api("PATCH", "/v2/devices/CAM0001", {"sign_policy": "any"}).status_code == 200
    check_accepted(device.register("static"))
    assert vigild.presence("CAM0001")["weak_sign"] is True
    # A timestamp beside a static sign is only a time of sending.
    check_accepted(device.register(sign=device.sign(None, "static")))
    check_accepted(device.register())
    assert vigild.presence("CAM0001")["weak_sign"] is False


def test_policy_hmac_refuses_md5(waiting, vigild):
    device = waiting(fields={"sign_policy": "hmac"})
    check_refused(device.register(), 40006)
    check_refused(device.register("static"), 40006)
    check_accepted(device.register("hmac"))


def test_regiser_and_the_mid(waiting):
    """As the protocol's text also spells it; a mid that is given comes back."""
    device = waiting()
    device.send_register(type="regiser", mid="r-1")
    answer = device.registrations.get(timeout=5)
    assert (answer["did"], answer["type"], answer["mid"]) == ("CAM0001", "register", "r-1")
    check_accepted(answer["result"])
    device.send_register()
    assert "mid" not in device.registrations.get(timeout=5)


def test_the_profile_is_shown(waiting, vigild):
    device = waiting()
    device.register(data={"model": "X1", "firmware": "1.0.3", "ptz": True})
    assert vigild.device("CAM0001")["profile"] == {"model": "X1", "firmware": "1.0.3", "ptz": True}
    device.register(data={})
    assert vigild.device("CAM0001")["profile"]["model"] == "X1"


def test_no_user_name_and_password_are_needed_nor_looked_at(make_device):
    device = make_device()
    device.client.username_pw_set("somebody", "anything")
    device.connect()
    assert device.subscribe() == 1
    check_accepted(device.register())


def test_the_secret_is_made_once_and_never_shown_again(vigild):
    made = vigild.add_device("CAM0001")
    assert len(made) >= 22 and made != vigild.add_device("CAM0002")
    assert "secret" not in vigild.device("CAM0001")
    for path in (vigild.data).glob("*"):
        if path.is_file():
            assert made.encode() not in path.read_bytes(), path
    assert made not in vigild.log


# --- refusals -------------------------------------------------------------------------------------

def test_a_wrong_sign(waiting, vigild):
    device = waiting()
    refused = vigild.metric("device_refused_total")
    stamp = device.timestamp()
    right = device.sign(stamp)
    for sign in ("0" * 32, right[:-1] + ("0" if right[-1] != "0" else "1"), right[:16],
                 right + ":sha1", right + ":hmac-sha256", "", None):
        check_refused(device.register(timestamp=stamp, sign=sign), 40001)
    other = Device(vigild, "CAM0001", "another secret")
    check_refused(device.register(sign=other.sign(device.last_timestamp + 1),
                                  timestamp=device.last_timestamp + 1), 40001)
    # A sign of the server's own time, but for another timestamp than the one that is sent.
    check_refused(device.register(timestamp=stamp + 1, sign=right), 40001)
    assert vigild.metric("device_refused_total") == refused + 9
    assert vigild.presence("CAM0001")["state"] == "never"
    check_accepted(device.register())


def test_an_unknown_did(waiting):
    device = waiting("CAM0404", add=False, secret="any")
    check_refused(device.register(), 40002)
    check_refused(device.register("static"), 40002)


@pytest.mark.parametrize("sign", ["md5", "hmac"])
def test_the_window_is_300_seconds(waiting, sign):
    """Some hundred milliseconds pass on the way, so the limit is tried a second from it."""
    device = waiting()
    now = device.vigild.now_ms()
    check_refused(device.register(sign, timestamp=now - 300_001), 40003)
    check_refused(device.register(sign, timestamp=now + 302_000), 40003)
    check_accepted(device.register(sign, timestamp=now - 299_000))
    check_accepted(device.register(sign, timestamp=now + 299_999))


@pytest.mark.parametrize("stamp", ["12345", "16000000001", "16000000000000", "1e12",
                                   "1600000000.0", "-160000000"])
def test_a_stamp_of_another_length_is_none(waiting, stamp):
    """What is neither seconds nor milliseconds makes the sign a static one, which may not be."""
    device = waiting()
    assert device.register(timestamp=stamp)["code"] in (40001, 40003, 40006)


def test_a_replayed_sign(waiting, make_device):
    device = waiting()
    message = device.register_message()
    device.publish(message)
    check_accepted(device.registrations.get(timeout=5)["result"])
    device.publish(message)
    check_refused(device.registrations.get(timeout=5)["result"], 40004)
    check_refused(device.register(timestamp=device.last_timestamp - 1), 40004)
    # From another connection it is no better, and the device does not notice.
    thief = make_device(add=False, secret="")
    thief.connect().subscribe()
    thief.publish(message)
    check_refused(thief.registrations.get(timeout=5)["result"], 40004)
    assert device.stays_connected(0.2)
    assert device.vigild.presence("CAM0001")["online"]


def test_a_whole_second_may_repeat_for_two(waiting, vigild):
    device = waiting()
    stamp = vigild.now_ms() // 1000
    check_accepted(device.register(timestamp=stamp))
    check_accepted(device.register(timestamp=stamp))
    vigild.advance(2500)
    check_refused(device.register(timestamp=stamp), 40004)
    check_accepted(device.register(timestamp=stamp + 3))


def test_a_replay_is_known_after_kill_9(waiting, vigild, make_device):
    device = waiting()
    message = device.register_message()
    device.publish(message)
    check_accepted(device.registrations.get(timeout=5)["result"])
    vigild.kill()
    vigild.start()
    thief = make_device(add=False, secret="")
    thief.connect().subscribe()
    thief.publish(message)
    check_refused(thief.registrations.get(timeout=5)["result"], 40004)


def test_a_disabled_device(waiting, vigild):
    device = waiting()
    check_accepted(device.register())
    assert vigild.api("PATCH", "/v2/devices/CAM0001", {"disabled": True}).status_code == 200
    device.wait_disconnect()
    assert vigild.presence("CAM0001")["reason"] == "disabled"
    again = waiting(add=False, secret=device.secret)
    again.last_timestamp = device.last_timestamp
    check_refused(again.register(), 40005)
    # Only who knows the secret hears of it.
    check_refused(again.register(sign="0" * 32), 40001)
    vigild.api("PATCH", "/v2/devices/CAM0001", {"disabled": False})
    check_accepted(again.register())


def test_a_new_secret_ends_what_the_old_one_opened(waiting, vigild):
    device = waiting()
    check_accepted(device.register())
    fresh = vigild.api("POST", "/v2/devices/CAM0001/secret", {}).json()["secret"]
    device.wait_disconnect()
    again = waiting(add=False, secret=device.secret)
    again.last_timestamp = device.last_timestamp
    check_refused(again.register(), 40001)
    again.secret = fresh
    check_accepted(again.register())


def test_refusals_do_not_stop_the_connection_but_the_time_does(waiting, vigild):
    device = waiting()
    for _ in range(3):
        check_refused(device.register(sign="0" * 32), 40001)
    assert device.stays_connected(0.1)
    vigild.advance(10_001)
    device.wait_disconnect()


# --- renewal and end ------------------------------------------------------------------------------

def make_silent(vigild, did="CAM0001"):
    """On line without a keep-alive: the test moves the clock by hours."""
    device = Device(vigild, did, vigild.add_device(did))
    device.connect(keepalive=0)
    device.subscribe()
    return device


def test_renewal_keeps_the_link(waiting, vigild):
    device = waiting()
    first = device.register()
    presence = vigild.presence("CAM0001")
    vigild.advance(1_800_000)
    # Its keep-alive would be over by that: what counts is that bytes come.
    device = waiting(add=False, secret=device.secret)
    second = device.register()
    assert second["token"] != first["token"]
    presence = vigild.presence("CAM0001")
    third = device.register()
    renewed = vigild.presence("CAM0001")
    assert renewed["since"] == presence["since"]
    assert renewed["link"]["epoch"] > presence["link"]["epoch"]
    assert third["token"] != second["token"]
    assert len(vigild.events("CAM0001", "device.connected", least=2)) == 2


def test_expires_is_jittered(waiting):
    device = waiting()
    given = [device.register()["expires"] for _ in range(24)]
    assert all(3240 <= one <= 3600 for one in given)
    assert len(set(given)) > 5, "a fleet that came at once would come back at once"


def test_a_registration_that_is_not_renewed_ends(vigild):
    device = make_silent(vigild)
    result = device.register()
    vigild.advance(result["expires"] * 1000 - 5000)
    assert device.stays_connected(0.2)
    vigild.advance(5100)
    device.wait_disconnect()
    assert vigild.presence("CAM0001")["reason"] == "registration expired"
    device.close()


def push(vigild, did, token):
    """ffmpeg pushes one second; True when it was let in."""
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=10", "-t", "0.5",
         "-c:v", "libx264", "-preset", "ultrafast", "-f", "flv",
         f"{vigild.rtmp}/live/{did}?token={token}"],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20).returncode == 0


def test_the_token_before_a_renewal_is_good_for_a_minute_more(vigild):
    device = make_silent(vigild)
    first, second = device.register()["token"], device.register()["token"]
    assert push(vigild, "CAM0001", first)
    vigild.advance(61_000)
    assert not push(vigild, "CAM0001", first)
    assert push(vigild, "CAM0001", second)
    device.close()


def test_a_push_needs_a_living_token_of_its_own_device(vigild):
    device, other = make_silent(vigild), make_silent(vigild, "CAM0002")
    result, foreign = device.register(), other.register()["token"]
    for token in ("", "wrong" * 8, foreign):
        assert not push(vigild, "CAM0001", token), token
    assert push(vigild, "CAM0001", result["token"])
    vigild.advance(result["expires"] * 1000 + 100)
    device.wait_disconnect()
    assert not push(vigild, "CAM0001", result["token"])
    device.close()
    other.close()
