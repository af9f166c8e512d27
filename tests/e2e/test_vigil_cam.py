# SPDX-License-Identifier: Apache-2.0
"""The simulated camera against foreign peers only: mosquitto, paho, ffmpeg, Python's HTTP server."""
import hashlib
import hmac
import json
import socket
import subprocess
import time

import paho.mqtt.client as mqtt
import pytest

from harness.broker import Broker, RtmpReceiver, Service, Uploads
from harness.process import Process, wait_for

DID = "CAM-1"
SECRET = "s3cret"


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path)
    yield broker
    broker.close()


@pytest.fixture
def service(broker):
    service = Service(broker.port, {DID: SECRET})
    yield service
    service.close()


@pytest.fixture
def uploads():
    uploads = Uploads()
    yield uploads
    uploads.close()


@pytest.fixture
def start_cam(broker, programs, tmp_path):
    def start(*arguments, did=DID, secret=SECRET):
        cam = Process("vigil-cam", tmp_path)
        cam.spawn(["--mqtt", f"127.0.0.1:{broker.port}", "--did", did, "--secret", secret,
                   "--state", tmp_path / "state", *arguments])
        programs.append(cam)
        return cam
    return start


@pytest.fixture
def receive(tmp_path):
    receivers = []

    def start(seconds=2):
        path = tmp_path / f"received{len(receivers)}.flv"
        receivers.append(RtmpReceiver(path, seconds))
        return receivers[-1]
    yield start
    for receiver in receivers:
        receiver.close()


def probe(path):
    """The video stream and its packets."""
    output = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_streams",
                             "-show_packets", "-of", "json", path], check=True,
                            capture_output=True).stdout
    found = json.loads(output)
    return found["streams"][0], found["packets"]


def probe_sound(path):
    """The sound's stream, and all packets in the order they came, as (kind, seconds)."""
    output = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-show_packets", "-of",
                             "json", path], check=True, capture_output=True).stdout
    found = json.loads(output)
    (stream,) = [one for one in found["streams"] if one["codec_type"] == "audio"]
    return stream, [(one["codec_type"], float(one["dts_time"])) for one in found["packets"]]


def assert_sound(path, least_s):
    """AAC of 16 kHz in even steps, between the pictures and in the order of time."""
    stream, packets = probe_sound(path)
    assert (stream["codec_name"], stream["profile"]) == ("aac", "LC")
    assert (stream["sample_rate"], stream["channels"]) == ("16000", 1)
    times = [at for _, at in packets]
    assert times == sorted(times)
    sounds = [at for kind, at in packets if kind == "audio"]
    assert sounds[-1] - sounds[0] > least_s
    steps = [round(b - a, 3) for a, b in zip(sounds, sounds[1:])]
    assert set(steps) == {0.064}
    return packets


def first_picture(path):
    """The first picture's brightness, as bytes."""
    return subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", "-pix_fmt",
                           "gray", "-f", "rawvideo", "-"], check=True, capture_output=True).stdout


def test_it_registers_with_a_timestamped_sign_and_renews(broker, start_cam):
    service = Service(broker.port, {DID: SECRET}, expires=10)
    start_cam()
    service.wait_registered(DID, 2)
    stamps = [message["timestamp"] for _, message in service.registered]
    assert stamps[0] < stamps[1]
    assert abs(stamps[0] / 1000 - time.time()) < 60
    service.close()


@pytest.mark.parametrize("sign", ["hmac", "static"])
def test_other_signs(service, start_cam, sign):
    start_cam("--sign", sign)
    service.wait_registered(DID)


def test_a_refused_camera_tries_again(broker, start_cam):
    service = Service(broker.port, {})
    cam = start_cam()
    wait_for(lambda: "device.refused" in cam.log, what="the refusal")
    service.secrets[DID] = SECRET
    service.wait_registered(DID)
    service.close()


def test_it_comes_back_after_the_broker_did(tmp_path, programs, start_cam, broker, service):
    start_cam()
    service.wait_registered(DID)
    service.client.publish("nothing", b"")
    # Another client with its id makes the broker close its connection.
    thief = mqtt.Client(DID)
    thief.connect("127.0.0.1", broker.port)
    thief.loop_start()
    time.sleep(0.5)
    thief.loop_stop()
    thief.disconnect()
    service.wait_registered(DID, 2)
    assert any(event["data"]["name"] == "offline" for event in service.events)


def test_play_pushes_h264_until_stop(service, start_cam, receive):
    start_cam()
    service.wait_registered(DID)
    receiver = receive(seconds=4)
    assert service.action(DID, {"play": {"url": receiver.url, "players": 1}}) == {"code": 0}
    stream, packets = probe(receiver.wait())
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("h264", 640, 360)
    keys = [float(packet["pts_time"]) for packet in packets if "K" in packet["flags"]]
    assert keys[0] == 0 and 1.5 < keys[1] - keys[0] < 2.5
    assert 13 < len(packets) / (float(packets[-1]["pts_time"]) + 1 / 15) < 17
    assert service.action(DID, {"stop": {"reason": "over"}}) == {"code": 0}


def test_the_picture_has_sound(service, start_cam, receive):
    start_cam()
    service.wait_registered(DID)
    receiver = receive(seconds=5)
    service.action(DID, {"play": {"url": receiver.url, "players": 1}})
    packets = assert_sound(receiver.wait(), 4)
    assert packets[0] == ("video", 0)
    # Nothing is left over behind the other: they travel side by side.
    assert max(b - a for (_, a), (_, b) in zip(packets, packets[1:])) < 0.2
    ticks = subprocess.run(["ffmpeg", "-v", "info", "-i", receiver.path, "-af",
                            "silencedetect=n=-35dB:d=0.5", "-f", "null", "-"],
                           check=True, capture_output=True, text=True).stderr
    assert 3 <= ticks.count("silence_start") <= 6, "a tick every second"


def test_a_silent_camera_has_no_sound(service, start_cam, receive):
    start_cam("--silent")
    service.wait_registered(DID)
    receiver = receive(2)
    service.action(DID, {"play": {"url": receiver.url, "players": 1}})
    output = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of",
                             "csv=p=0", receiver.wait()], check=True, capture_output=True).stdout
    assert output.split() == [b"video"]


def test_the_picture_moves_with_ptz(service, start_cam, receive):
    start_cam()
    service.wait_registered(DID)
    first, second = receive(1), receive(1)
    service.action(DID, {"play": {"url": first.url, "players": 1}})
    first.wait()
    assert service.action(DID, {"ptz": {"start": {"direction": 2, "speed": 2}}}) == {"code": 0}
    time.sleep(2)
    service.action(DID, {"ptz": {"stop": {}}})
    answer = service.action(DID, {"ptz": {"start": {"direction": 2, "speed": 2}}})
    assert answer == {"code": 60004, "error": "PTZ reached its left limit"}
    service.action(DID, {"play": {"url": second.url, "players": 1}})
    before, after = first_picture(first.path), first_picture(second.wait())
    changed = sum(abs(a - b) > 20 for a, b in zip(before, after))
    assert changed > len(before) // 10


def test_presets_outlive_a_restart(service, start_cam):
    cam = start_cam()
    service.wait_registered(DID)
    assert service.action(DID, {"preset": {"set": {"index": 1, "name": "gate"}}}) == {"code": 0}
    assert service.action(DID, {"preset": {"set": {"index": 129}}})["code"] == 60007
    cam.kill()
    start_cam()
    service.wait_registered(DID, 2)
    presets = service.action(DID, {"preset": {"list": {}}})["presets"]
    assert presets == [{"index": 1, "name": "gate"}]
    assert service.action(DID, {"preset": {"goto": {"index": 1}}})["code"] == 60010
    assert service.action(DID, {"preset": {"goto": {"index": 2}}})["code"] == 60011
    assert service.action(DID, {"preset": {"remove": {"index": 1}}}) == {"code": 0}


def test_settings_are_kept_and_checked(service, start_cam):
    cam = start_cam()
    service.wait_registered(DID)
    changes = {"image.flip": True, "alarm.interval_s": 60}
    assert service.action(DID, {"write": {"config": changes}}) == {"code": 0}
    wrong = service.action(DID, {"write": {"config": {"image.flip": False, "alarm.interval_s": 7}}})
    assert wrong["code"] == 60006 and "alarm.interval_s" in wrong["error"]
    cam.kill()
    start_cam()
    service.wait_registered(DID, 2)
    config = service.action(DID, {"read": ["config"]})["config"]
    assert config["image.flip"] is True and config["alarm.interval_s"] == 60


def test_capture_uploads_a_jpeg(service, start_cam, uploads):
    start_cam()
    service.wait_registered(DID)
    request = {"capture": {"url": uploads.url + "/v2/storage/upload"}}
    answer = service.action(DID, request, token="capture-token")
    assert answer == {"url": "/v2/storage/file/1.jpeg"}
    path, headers, body = uploads.posts[0]
    assert path == "/v2/storage/upload?token=capture-token"
    assert headers["Content-Type"] == "image/jpeg" and body[:3] == b"\xff\xd8\xff"


def test_a_capture_that_cannot_be_sent_says_so(service, start_cam):
    start_cam()
    service.wait_registered(DID)
    answer = service.action(DID, {"capture": {"url": "http://127.0.0.1:9/"}})
    assert answer["code"] == 60006 and "upload failed" in answer["error"]


def test_recordings_are_found_uploaded_and_replayed(service, start_cam, uploads, receive):
    start_cam()
    service.wait_registered(DID)
    begin = int(time.time() * 1000)
    service.action(DID, {"write": {"config": {"storage.mode": "continuous"}}})
    time.sleep(4)
    service.action(DID, {"write": {"config": {"storage.mode": "triggered"}}})
    params = {"start": begin - 60000, "end": begin + 60000, "channel": 1, "stream": 0, "type": 1}
    found = service.action(DID, {"segment": {"find": params}})["find"]
    assert found["params"] == params
    (segment,) = found["segments"]
    assert begin <= segment["start"] < segment["end"] and segment["type"] == 1

    answer = service.action(DID, {"upload": {"url": f"{uploads.url}/v2/media/upload/{DID}/",
                                             "file": segment["file"]}}, token="upload-token")
    assert answer["code"] == 0
    path, _, body = uploads.posts[0]
    assert path == f"/v2/media/upload/{DID}/?token=upload-token" and body[:3] == b"FLV"

    receiver = receive(30)
    stamp = [time.strftime("%Y%m%d%H%M%S", time.gmtime(at / 1000))
             for at in (begin - 60000, begin + 60000)]
    name = f"{DID}_replay_1_0_{stamp[0]}_{stamp[1]}"
    url = receiver.url.replace("/live/x", f"/live/{name}")
    assert service.action(DID, {"play": {"url": url, "players": 1}}) == {"code": 0}
    assert service.action(DID, {"replay": {"id": name, "speed": 4}}) == {"code": 0}
    assert service.action(DID, {"replay": {"id": "other", "speed": 4}})["code"] == 60006
    _, packets = probe(receiver.wait())
    assert len(packets) > 30


def test_a_replay_has_the_recorded_sound(service, start_cam, receive):
    start_cam()
    service.wait_registered(DID)
    begin = time.time()
    service.action(DID, {"write": {"config": {"storage.mode": "continuous"}}})
    time.sleep(4)
    service.action(DID, {"write": {"config": {"storage.mode": "triggered"}}})
    stamp = [time.strftime("%Y%m%d%H%M%S", time.gmtime(begin + at)) for at in (-60, 60)]
    receiver = receive(30)
    url = receiver.url.replace("/live/x", f"/live/{DID}_replay_1_0_{stamp[0]}_{stamp[1]}")
    assert service.action(DID, {"play": {"url": url, "players": 1}}) == {"code": 0}
    packets = assert_sound(receiver.wait(), 2)
    assert packets[0] == ("video", 0)


def test_a_gateway_registers_its_children(broker, start_cam):
    secrets = {"GW": "key-GW", "GW0001": "key-GW0001", "GW0002": "key-GW0002"}
    service = Service(broker.port, secrets)
    start_cam("--gateway", "--children", "2", did="GW", secret="key-%s")
    for did in secrets:
        service.wait_registered(did)
    assert service.registered[0][0] == "GW"
    assert service.registered[1][1]["data"]["gateway"] == "GW"
    assert service.action("GW0002", {"ptz": {"stop": {}}}) == {"code": 0}
    assert service.action("GW", {"ptz": {"stop": {}}})["code"] == 60020
    service.close()


def test_many_share_one_loop(broker, start_cam, receive):
    secrets = {f"M{i:04}": f"key-M{i:04}" for i in range(1, 51)}
    service = Service(broker.port, secrets)
    start_cam("--count", "50", did="M", secret="key-%s")
    for did in secrets:
        service.wait_registered(did)
    receiver = receive(10)  # longer than the loop: its end meets its begin
    assert service.action("M0050", {"play": {"url": receiver.url, "players": 1}})["code"] == 0
    assert_sound(receiver.wait(), 9)
    _, packets = probe(receiver.path)
    assert len(packets) > 140
    service.close()


def test_a_clip_is_pushed_round_and_round(service, start_cam, receive, tmp_path):
    clip = tmp_path / "clip.flv"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x240:r=10:d=1",
                    "-f", "lavfi", "-i", "sine=d=1", "-c:v", "libx264", "-bf", "0", "-c:a", "aac",
                    "-pix_fmt", "yuv420p", clip], check=True)
    start_cam("--clip", clip)
    service.wait_registered(DID)
    receiver = receive(4)
    assert service.action(DID, {"play": {"url": receiver.url, "players": 1}})["code"] == 0
    stream, packets = probe(receiver.wait())
    assert stream["width"] == 320 and len(packets) > 30


def test_unknown_and_repeated_actions(service, start_cam):
    start_cam()
    service.wait_registered(DID)
    assert service.action(DID, {"dance": {}})["code"] == 60020
    service.action(DID, {"ptz": {"stop": {}}}, mid="once")
    service.send(DID, {"ptz": {"stop": {}}}, mid="once")
    assert service.action(DID, {"preset": {"read": {}}}) == {"presets": []}


def test_a_wrong_server_sign_is_not_obeyed(service, start_cam):
    start_cam("--require-sign")
    service.wait_registered(DID)
    stamp, data = int(time.time() * 1000), {"ptz": {"stop": {}}}
    service.send(DID, data)
    service.send(DID, data, timestamp=stamp, sign="0" * 64)
    digest = hashlib.sha256(json.dumps(data).encode()).hexdigest()
    text = f"{DID}:signed:{stamp}:{digest}"
    sign = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    answer = service.action(DID, data, mid="signed", timestamp=stamp, sign=sign)
    assert answer == {"code": 0}


def test_motion_is_told_and_recorded(service, start_cam):
    start_cam("--events")
    service.wait_registered(DID)
    begin = int(time.time() * 1000)
    wait_for(lambda: len(service.events) == 2, 15, "the begin and end of motion")
    assert [event["data"] for event in service.events] == [
        {"name": "motion", "state": "start"}, {"name": "motion", "state": "stop"}]
    params = {"start": begin, "end": begin + 60000}
    (segment,) = service.action(DID, {"segment": {"find": params}})["find"]["segments"]
    assert segment["type"] == 2 and 3000 < segment["end"] - segment["start"] < 6000


@pytest.mark.parametrize("fault", ["no-answer", "wrong-did", "late-answer"])
def test_faults_of_answers(service, start_cam, fault):
    start_cam("--fault", fault)
    service.wait_registered(DID)
    mid = service.send(DID, {"ptz": {"stop": {}}})
    time.sleep(1)
    if fault == "wrong-did":
        answer = service.answers.get(timeout=5)
        assert answer["did"] != DID and answer["mid"] == mid
    else:
        assert service.answers.empty()
    if fault == "late-answer":
        assert service.answers.get(timeout=10)["mid"] == mid


@pytest.fixture
def listener():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(6)
    yield listener
    listener.close()


def listener_url(listener):
    return f"rtmp://127.0.0.1:{listener.getsockname()[1]}/live/{DID}"


def test_fault_no_push(service, start_cam, listener):
    start_cam("--fault", "no-push")
    service.wait_registered(DID)
    listener.settimeout(1.5)
    assert service.action(DID, {"play": {"url": listener_url(listener)}}) == {"code": 0}
    with pytest.raises(socket.timeout):
        listener.accept()


def test_a_broken_push_is_tried_again_until_stop(service, start_cam, listener):
    start_cam()
    service.wait_registered(DID)
    assert service.action(DID, {"play": {"url": listener_url(listener)}}) == {"code": 0}
    for _ in range(2):
        peer, _ = listener.accept()
        peer.close()
    service.action(DID, {"stop": {"reason": "over"}})
    listener.settimeout(5)
    with pytest.raises(socket.timeout):
        listener.accept()


def test_fault_push_after_stop(service, start_cam, listener):
    start_cam("--fault", "push-after-stop")
    service.wait_registered(DID)
    service.action(DID, {"play": {"url": listener_url(listener)}})
    assert service.action(DID, {"stop": {"reason": "over"}}) == {"code": 0}
    peer, _ = listener.accept()
    peer.close()
    listener.accept()[0].close()


def test_fault_no_keyframe(service, start_cam, receive):
    start_cam("--fault", "no-keyframe")
    service.wait_registered(DID)
    receiver = receive(2)
    service.action(DID, {"play": {"url": receiver.url}})
    _, packets = probe(receiver.wait())
    assert len(packets) > 15 and not any("K" in packet["flags"] for packet in packets)


def test_fault_drop_rtmp(service, start_cam, receive):
    start_cam("--fault", "drop-rtmp")
    service.wait_registered(DID)
    receiver = receive(60)
    service.action(DID, {"play": {"url": receiver.url}})
    _, packets = probe(receiver.wait())
    assert 2 < float(packets[-1]["pts_time"]) < 4


def test_wrong_arguments_are_refused(programs, tmp_path):
    cam = Process("vigil-cam", tmp_path)
    cam.spawn(["--did", "x", "--secret", "y", "--fault", "no-sense"])
    assert cam.wait() == 2
    assert "there is no no-sense" in cam.log
