# SPDX-License-Identifier: Apache-2.0
"""A device's secret: it belongs to one id, and no byte of it is ever on a wire."""
import base64
import hashlib

import pytest

from harness.process import wait_for
from harness.tap import Tap

DID = "CAM0001"
SECRET = "k3y-that-nobody-may-overhear"


def forms(secret):
    """As it is, and as somebody might think it hidden."""
    raw = secret.encode()
    yield from (raw, raw.hex().encode(), raw.hex().upper().encode(), raw[::-1])
    yield from (base64.b64encode(raw)[:-4], base64.urlsafe_b64encode(raw)[:-4])
    yield from (hashlib.md5(raw).hexdigest().encode(), hashlib.sha256(raw).hexdigest().encode())


@pytest.fixture
def wires():
    """The wires of MQTT and RTMP, listened to."""
    wires = Tap(), Tap()
    yield wires
    for wire in wires:
        wire.close()


@pytest.fixture
def vigild(start_vigild, wires):
    mqtt, rtmp = wires
    vigild = start_vigild(f"--public-rtmp=rtmp://127.0.0.1:{rtmp.address[1]}")
    mqtt.target, rtmp.target = vigild.address("mqtt"), vigild.address("rtmp")
    return vigild


@pytest.mark.parametrize("sign, policy", [("md5", "timestamp"), ("hmac", "hmac"), ("static", "any")])
def test_the_secret_never_travels(vigild, wires, start_camera, watch, sign, policy):
    mqtt, rtmp = wires
    vigild.add_device(DID, secret=SECRET, sign_policy=policy, serve_sign="hmac")
    camera = start_camera(DID, "--mqtt", f"127.0.0.1:{mqtt.address[1]}", "--sign", sign,
                          "--require-sign", "--events", secret=SECRET)
    wait_for(lambda: vigild.presence(DID)["state"] == "online", 15, "the registration")
    answers = []
    viewer = watch(DID)
    viewer.wait_frames(20)
    for data in ({"preset": {"set": {"index": 1, "name": "gate"}}}, {"read": ["config"]},
                 {"ptz": {"start": {"direction": 0, "speed": 1}}}, {"ptz": {"stop": {}}}):
        answer = vigild.action(DID, data)
        assert answer.status_code == 200, answer.text
        answers.append(answer.text)
    mqtt.cut()
    wait_for(lambda: mqtt.bytes().count(b'"register"') >= 4, 20, "the second registration")
    for path in (f"/v2/devices/{DID}", "/v2/devices", "/v2/devices:export", "/v2/events", "/v2/streams"):
        answers.append(vigild.api("GET", path).text)
    viewer.close()
    heard = mqtt.bytes()
    assert b'"sign"' in heard and b"preset" in heard
    assert len(rtmp.bytes()) > 20_000
    for form in forms(SECRET):
        assert form not in heard and form not in rtmp.bytes()
        assert not any(form in answer.encode() for answer in answers)
        assert form not in vigild.log.encode() and form not in camera.log.encode()


def test_a_secret_fits_the_device_of_its_id_alone(vigild, start_camera):
    """What is burned in is did and secret together: neither is worth anything with another's."""
    own, other = vigild.add_device(DID), vigild.add_device("CAM0002")
    assert own != other
    wrong = start_camera(DID, secret=other)
    wait_for(lambda: "device.refused" in wrong.log, what="the refusal")
    assert vigild.presence(DID)["state"] != "online"
    wrong.stop()
    start_camera("CAM0002", secret=other)
    wait_for(lambda: vigild.presence("CAM0002")["state"] == "online", what="the other one")
    assert vigild.presence(DID)["state"] != "online"
