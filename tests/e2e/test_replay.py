# SPDX-License-Identifier: Apache-2.0
"""A recorder's pictures: found, played on demand like live ones, steered, and over by themselves."""
import time

import pytest

from harness.process import wait_for

DID = "CAM0001"
RECORDED_S = 6


def stamp(ms):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(ms / 1000))


def action(vigild, data, status=200):
    answer = vigild.action(DID, data)
    assert answer.status_code == status, answer.text
    return answer.json().get("result")


@pytest.fixture
def recorded(vigild, start_camera):
    """A camera with some seconds on its card; gives the time asked for, in ms."""
    start_camera(DID)
    wait_for(lambda: vigild.metric("devices_linked") == 1, what="the camera")
    action(vigild, {"write": {"config": {"storage.mode": "continuous"}}})
    begin = int(time.time() * 1000)
    time.sleep(RECORDED_S)
    action(vigild, {"write": {"config": {"storage.mode": "triggered"}}})
    return begin // 1000 * 1000 - 60_000, begin // 1000 * 1000 + 60_000


def key_of(recorded, zone=""):
    start, end = recorded
    return f"{DID}_replay_1_0_{stamp(start)}{zone}_{stamp(end)}{zone}"


@pytest.mark.tsan
def test_what_was_found_is_played_and_ends(vigild, recorded, watch):
    start, end = recorded
    params = {"start": start, "end": end, "channel": 1, "stream": 0, "type": 1}
    found = action(vigild, {"segment": {"find": params}})["segment"]["find"]
    assert found["params"] == params
    (segment,) = found["segments"]
    assert start <= segment["start"] < segment["end"] <= end and segment["type"] == 1
    assert segment["end"] - segment["start"] > (RECORDED_S - 3) * 1000

    # Shorter than the recording: it ends by itself, and the viewer has all of it.
    from_ms = segment["start"] // 1000 * 1000 + 1000
    key = f"{DID}_replay_1_0_{stamp(from_ms)}Z_{stamp(from_ms + 3000)}Z"
    viewer = watch(DID, path=f"/v2/meida/live/{key}.flv")
    viewer.wait_frames(5)
    view = vigild.stream(key)
    assert view["did"] == DID and view["stage"] == "playing" and view["viewers_by"]["flv"] == 1
    assert view["replay"]["channel"] == 1 and view["replay"]["stream"] == 0
    assert view["replay"]["start"] == time.strftime("%Y-%m-%dT%H:%M:%S.000Z",
                                                    time.gmtime(from_ms / 1000))
    began = time.monotonic()
    viewer.wait_end(12)
    assert time.monotonic() - began > 1.5, "played, not poured out"
    frames = viewer.reader.frames()
    lasted_ms = frames[-1].timestamp_ms - frames[0].timestamp_ms
    assert 2000 <= lasted_ms <= 5500, lasted_ms
    assert viewer.failure is None
    (stopped,) = vigild.events(DID, "stream.stopped", 1)
    assert stopped["data"]["key"] == key and stopped["data"]["reason"] == "the recording is over"
    wait_for(lambda: vigild.metric("streams") == 0, what="no stream")
    assert not vigild.events(DID, "stream.lost")


def test_segments_are_clipped_sorted_and_apart(vigild, recorded):
    start, end = recorded
    action(vigild, {"write": {"config": {"storage.mode": "continuous"}}})
    time.sleep(4)
    action(vigild, {"write": {"config": {"storage.mode": "triggered"}}})

    def find(start, end, **others):
        params = {"start": start, "end": end, "channel": 1, "stream": 0, "type": 1, **others}
        found = action(vigild, {"segment": {"find": params}})["segment"]["find"]
        assert found["params"] == params
        return [(one["start"], one["end"]) for one in found["segments"]]
    first, second = find(start, end)
    assert first[0] < first[1] <= second[0] < second[1]
    assert find(first[0] + 1000, second[1] - 1000) == [(first[0] + 1000, first[1]),
                                                       (second[0], second[1] - 1000)]
    assert find(first[1] - 500, first[1] - 100) == [(first[1] - 500, first[1] - 100)]
    assert not find(start, first[0]) and not find(start, end, channel=2)
    assert not find(start, end, stream=1) and not find(start, end, type=2)


@pytest.mark.parametrize("path", ["/live/{}.flv", "/v2/media/live/{}.flv", "/v2/meida/live/{}.flv"])
def test_every_address_opens_it(vigild, recorded, watch, path):
    key = key_of(recorded)
    watch(DID, path=path.format(key)).wait_frames(5)
    watch(DID, path=path.format(key)).wait_frames(5)
    assert vigild.metric("publishers") == 1 and vigild.stream(key)["viewers"] == 2


def test_speed_seek_pause_resume_and_stop(vigild, recorded, watch):
    key = key_of(recorded, "Z")
    viewer = watch(DID, path=f"/live/{key}.flv").wait_frames(10)

    action(vigild, {"replay": {"id": key, "pause": True}})
    time.sleep(0.5)
    seen = len(viewer.reader.frames())
    time.sleep(0.7)
    assert len(viewer.reader.frames()) <= seen + 1, "paused"
    action(vigild, {"replay": {"id": key, "resume": True}})
    viewer.wait_frames(seen + 10)

    def rate():
        before, began = len(viewer.reader.frames()), time.monotonic()
        viewer.wait_frames(before + 15)
        return 15 / (time.monotonic() - began)
    action(vigild, {"replay": {"id": key, "speed": 0.5}})
    slow = rate()
    action(vigild, {"replay": {"id": key, "seek": recorded[0]}})
    action(vigild, {"replay": {"id": key, "speed": 4}})
    assert rate() > 3 * slow

    action(vigild, {"replay": {"id": key, "speed": 1}})
    action(vigild, {"replay": {"id": key, "seek": recorded[0] + 61_000}})
    viewer.wait_frames(len(viewer.reader.frames()) + 5)
    action(vigild, {"replay": {"id": key, "speed": 17}}, 400)
    action(vigild, {"replay": {"id": key + "x", "pause": True}}, 422)
    assert vigild.metric("publishers") == 1 and not viewer.is_ended
    action(vigild, {"replay": {"id": key, "stop": True}})
    viewer.wait_end(5)


def test_a_replay_and_the_live_picture_at_once(vigild, recorded, watch):
    key = key_of(recorded)
    live = watch(DID).wait_frames(5)
    replay = watch(DID, path=f"/live/{key}.flv").wait_frames(5)
    assert vigild.metric("publishers") == 2
    assert {item["key"] for item in vigild.api("GET", "/v2/streams").json()["items"]} == {DID, key}
    # The live picture is told to stop a minute after its last viewer; the recording goes on.
    live.close()
    wait_for(lambda: vigild.stream(DID)["viewers"] == 0, what="no live viewer")
    seen = len(replay.reader.frames())
    replay.wait_frames(seen + 5)
    for _ in range(3):
        vigild.advance(20_000)
        seen = len(replay.reader.frames())
        replay.wait_frames(seen + 3)
    vigild.advance(1_000)
    wait_for(lambda: vigild.stream(DID) is None, 5, "the live picture's end")
    seen = len(replay.reader.frames())
    replay.wait_frames(seen + 5)
    assert not replay.is_ended and vigild.metric("publishers") == 1


def test_a_minute_after_the_last_viewer_it_is_stopped(vigild, make_device, push, watch):
    device = make_device(DID, answer=lambda data: {name: {"code": 0} for name in data}).go_online()
    key = f"{DID}_replay_2_1_20260101000000_20260101010000"
    viewer = watch(DID, path=f"/live/{key}.flv")
    play = device.next_action()["data"]["play"]
    url, token = play["url"].split("?token=")
    assert url == f"{vigild.rtmp}/v2/meida/live/{key}"
    pusher = push(key, token, app="v2/meida/live")
    viewer.wait_frames(5)
    vigild.advance(25_000)
    viewer.wait_frames(len(viewer.reader.frames()) + 5)
    vigild.advance(36_000)
    again = device.next_action()["data"]["play"]
    assert again["url"].startswith(url) and again["players"] == 1
    viewer.close()
    wait_for(lambda: vigild.stream(key)["viewers"] == 0, what="no viewer")
    for _ in range(3):
        seen = vigild.stream(key)["frames"]
        wait_for(lambda: vigild.stream(key)["frames"] > seen, what="frames")
        vigild.advance(20_500)
    while "replay" not in (data := device.next_action()["data"]):
        assert list(data) == ["play"]
    assert data == {"replay": {"id": key, "stop": True}}
    pusher.close()
    wait_for(lambda: vigild.metric("streams") == 0, what="no stream")


def test_its_token_opens_that_replay_only(vigild, make_device, push, watch):
    device = make_device(DID, answer=lambda data: {name: {"code": 0} for name in data}).go_online()
    key = f"{DID}_replay_1_0_20260101000000_20260101010000"
    watch(DID, path=f"/live/{key}.flv")
    token = device.next_action()["data"]["play"]["url"].split("?token=")[1]
    assert push(DID, token).code == "NetStream.Publish.Denied"
    assert push(key.replace("_1_0_", "_2_0_"), token).code == "NetStream.Publish.Denied"
    assert vigild.metric("publish_refused_total") == 2
    watch(DID)
    live = device.next_action()["data"]["play"]["url"].split("?token=")[1]
    assert push(key, live).code == "NetStream.Publish.Denied"
    assert push(key, token).code == "NetStream.Publish.Start"
    assert push(DID, live).code == "NetStream.Publish.Start"
    # The device's own token opens all its streams.
    assert push(key, device.token).code == "NetStream.Publish.Start"


def test_a_device_plays_so_many_recordings_and_no_more(vigild, make_device, watch):
    make_device(DID, answer=lambda data: {name: {"code": 0} for name in data}).go_online()
    keys = [f"{DID}_replay_{n}_0_20260101000000_20260101010000" for n in range(1, 10)]
    viewers = [watch(DID, path=f"/live/{key}.flv") for key in keys[:8]]
    wait_for(lambda: vigild.metric("streams") == 8, what="eight replays")
    late = watch(DID, path=f"/live/{keys[8]}.flv")
    assert late.wait_status() == 503 and b"8 recordings" in late.problem
    again = watch(DID, path=f"/live/{keys[0]}.flv")
    wait_for(lambda: vigild.metric("viewers") == 9, what="another viewer of the first")
    assert not again.is_ended and all(viewer.status is None for viewer in viewers)


@pytest.mark.parametrize("key", [
    f"{DID}_replay_1_0_20260101000000_20260101000000", f"{DID}_replay_0_0_20260101000000_20260101010000",
    f"{DID}_replay_1_0_20260101000000_20260301000000", f"{DID}_replay_1_0", f"{DID}_x"])
def test_what_is_no_key_is_not_found(vigild, watch, key):
    vigild.add_device(DID)
    assert watch(DID, path=f"/live/{key}.flv").wait_status() == 404
    assert vigild.api("GET", f"/v2/streams/{key}").status_code == 404


def test_another_devices_token_does_not_open_it(vigild, recorded, watch):
    vigild.add_device("CAM0002")
    key = key_of(recorded)
    viewer = watch(DID, path=f"/live/{key}.flv", token=vigild.view_token("CAM0002"))
    assert viewer.wait_status() == 404
