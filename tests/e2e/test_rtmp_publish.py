# SPDX-License-Identifier: Apache-2.0
"""Who may push, by which address, from which program; and what the log says of it."""
import urllib.parse

import pytest

from harness.flv import AUDIO
from harness.media import ffmpeg_push, gstreamer_push, probe
from harness.process import wait_for
from harness.rtmp import RtmpClient

DID = "CAM0001"
STARTED, DENIED = "NetStream.Publish.Start", "NetStream.Publish.Denied"
BAD_NAME = "NetStream.Publish.BadName"


@pytest.fixture
def publish(vigild):
    """publish("CAM0001?token=..."): the code of the answer, and the connection."""
    clients = []

    def start(name, app="live"):
        clients.append(RtmpClient(vigild.address("rtmp")))
        return clients[-1].publish(name, app), clients[-1]
    yield start
    for client in clients:
        client.close()


def wait_unpublished(vigild):
    wait_for(lambda: vigild.metric("publishers") == 0, what="the push's end")


@pytest.mark.parametrize("address", [
    "live/{did}?token={token}", "v2/media/live/{did}?token={token}",
    "v2/meida/live/{did}?token={token}", "live?token={token}/{did}",
    "live/{did}?x=1&token={escaped}"])
def test_ffmpeg_pushes_by_every_address(vigild, clip, address):
    vigild.add_device(DID)
    token = vigild.push_token(DID)
    escaped = "".join(f"%{byte:02x}" for byte in token.encode())
    path = address.format(did=DID, token=token, escaped=escaped)
    publisher = ffmpeg_push(clip, f"{vigild.rtmp}/{path}")
    try:
        vigild.wait_stage(DID, "playing")
        stream = vigild.stream(DID)
        assert (stream["video"]["width"], stream["video"]["height"]) == (320, 180)
        assert stream["video"]["codec"].startswith("avc1.") and stream["publisher"]["address"]
        assert token not in vigild.log and escaped not in vigild.log
    finally:
        publisher.close()
    wait_unpublished(vigild)


def test_ffmpegs_picture_and_sound_arrive_whole(vigild, clip):
    vigild.add_device(DID)
    publisher = ffmpeg_push(clip, f"{vigild.rtmp}/live/{DID}?token={vigild.push_token(DID)}")
    try:
        vigild.wait_stage(DID, "playing")
        streams, packets = probe(f"{vigild.http}/live/{DID}.flv?token={vigild.view_token(DID)}")
        assert (streams["video"]["codec_name"], streams["video"]["width"]) == ("h264", 320)
        assert streams["audio"]["codec_name"] == "aac"
        video = [packet for packet in packets if packet["codec_type"] == "video"]
        assert "K" in video[0]["flags"] and len(video) >= 20
    finally:
        publisher.close()


def test_gstreamer_pushes(vigild):
    vigild.add_device(DID)
    token = vigild.push_token(DID)
    publisher = gstreamer_push(f"{vigild.rtmp}/live/{DID}?token={token}")
    try:
        vigild.wait_stage(DID, "playing")
        streams, _ = probe(f"{vigild.http}/live/{DID}.flv?token={vigild.view_token(DID)}")
        assert (streams["video"]["codec_name"], streams["video"]["height"]) == ("h264", 180)
        assert streams["audio"]["codec_name"] == "aac"
    finally:
        publisher.close()
    assert token not in vigild.log


def test_an_encoder_gets_an_address_that_works(vigild, clip):
    """What push-tokens answers is typed into the encoder as it is."""
    vigild.add_device(DID)
    answer = vigild.api("POST", f"/v2/devices/{DID}/push-tokens", {}).json()
    assert urllib.parse.urlsplit(answer["url"]).port == vigild.address("rtmp")[1]
    publisher = ffmpeg_push(clip, answer["url"])
    try:
        vigild.wait_stage(DID, "playing")
    finally:
        publisher.close()


def test_the_devices_own_token_opens_its_stream(vigild, device, publish):
    code, client = publish(f"{device.did}?token={device.token}")
    assert code == STARTED
    client.close()
    wait_unpublished(vigild)


@pytest.mark.parametrize("kind", ["none", "empty", "wrong", "view", "operator", "another's",
                                  "another device's own"])
def test_other_tokens_do_not(vigild, make_device, publish, kind):
    vigild.add_device(DID)
    vigild.add_device("CAM0002")
    token = {
        "none": lambda: "", "empty": lambda: "?token=", "wrong": lambda: "?token=" + "x" * 43,
        "view": lambda: "?token=" + vigild.view_token(DID),
        "operator": lambda: "?token=" + vigild.admin_token,
        "another's": lambda: "?token=" + vigild.push_token("CAM0002"),
        "another device's own": lambda: "?token=" + make_device("CAM0003").go_online().token,
    }[kind]()
    code, client = publish(DID + token)
    assert code == DENIED
    assert client.is_closed()
    assert vigild.metric("publish_refused_total") == 1
    assert vigild.metric("publishers") == 0
    assert len(token) < 20 or token.removeprefix("?token=") not in vigild.log


@pytest.mark.parametrize("name", ["", "../CAM0001", "CAM0001/x", "A" * 65, "CAM 1", "NOSUCH"])
def test_other_names_do_not(vigild, publish, name):
    vigild.add_device(DID)
    code, client = publish(f"{name}?token={vigild.push_token(DID)}")
    assert code in (BAD_NAME, DENIED)
    assert client.is_closed()


@pytest.mark.parametrize("name", ["CAM0001?token=" + "x" * 3000, "%00", "A" * 3000])
def test_names_past_all_measure_end_the_connection(vigild, publish, name):
    vigild.add_device(DID)
    code, client = publish(name)
    assert code is None and client.is_closed()
    assert "xxx" not in vigild.log and vigild.metric("publishers") == 0


def test_an_expired_token_does_not(vigild, device, publish):
    """The device's own dies with its registration, a push token at its time."""
    vigild.add_device("CAM0002")
    own, token = device.token, vigild.push_token("CAM0002", expires_in=60)
    assert publish(f"CAM0002?token={token}")[0] == STARTED
    vigild.advance(61_000)
    assert publish(f"CAM0002?token={token}")[0] == DENIED
    vigild.advance(3_600_000)
    assert publish(f"{device.did}?token={own}")[0] == DENIED


def test_a_play_actions_token_opens_its_stream_only(vigild, make_device, publish, watch):
    device = make_device(answer=lambda data: {name: {"code": 0} for name in data}).go_online()
    vigild.add_device("CAM0002")
    watch(device.did)
    action = device.next_action()
    url = urllib.parse.urlsplit(action["data"]["play"]["url"])
    token = urllib.parse.parse_qs(url.query)["token"][0]
    assert url.port == vigild.address("rtmp")[1] and url.path == f"/live/{device.did}"
    assert token == action["token"]
    assert publish(f"CAM0002?token={token}")[0] == DENIED
    assert publish(f"{device.did}?token={token}")[0] == STARTED
    ptz = vigild.action(device.did, {"ptz": {"stop": {}}})
    assert ptz.status_code == 200
    other = device.next_action()["token"]
    assert publish(f"{device.did}?token={other}")[0] == DENIED
    assert token not in vigild.log and other not in vigild.log


def test_a_device_with_a_push_token_is_never_asked_to_play(vigild, device, watch):
    vigild.push_token(device.did)
    assert vigild.api("GET", f"/v2/devices/{device.did}").json()["push"] == "self"
    viewer = watch(device.did)
    vigild.wait_stage(device.did, "answered")
    vigild.advance(9000)
    assert viewer.wait_status() == 504 and b"/problems/no-push" in viewer.problem
    assert device.actions.empty()


def test_who_says_nothing_is_cut(vigild, publish):
    vigild.add_device(DID)
    silent = RtmpClient(vigild.address("rtmp"))
    half = RtmpClient(vigild.address("rtmp"))
    half.connect()
    _, publisher = publish(f"{DID}?token={vigild.push_token(DID)}")
    vigild.advance(10_500)
    assert silent.is_closed() and half.is_closed()
    assert vigild.metric("publishers") == 1
    vigild.advance(30_000)
    assert publisher.is_closed()
    wait_unpublished(vigild)


def test_a_second_push_takes_the_firsts_place(vigild, push, watch):
    vigild.add_device(DID)
    token = vigild.push_token(DID)
    first = push(DID, token)
    viewer = watch(DID).wait_frames()
    second = push(DID, token)
    assert second.code == STARTED
    wait_for(lambda: first.is_over, what="the first push's end")
    assert vigild.metric("publishers") == 1
    seen = len(viewer.reader.frames())
    viewer.wait_frames(seen + 25)
    assert not viewer.is_ended and viewer.failure is None


def test_sound_alone_is_a_stream_too(vigild, clip_tags, push, watch):
    vigild.add_device(DID)
    sound = [tag for tag in clip_tags if tag.kind == AUDIO]
    push(DID, vigild.push_token(DID), sound)
    viewer = watch(DID)
    wait_for(lambda: len(viewer.reader.frames(AUDIO)) > 10, what="sound")
    assert viewer.reader.tags[0].kind == AUDIO and viewer.reader.tags[0].is_config
    stream = vigild.stream(DID)
    assert stream["video"] is None and stream["audio"]["codec"]
