# SPDX-License-Identifier: Apache-2.0
"""Pushes that are unasked, wrong, too long, broken off, or there again after a restart."""
import socket
import struct
import threading
import time

import pytest

from harness.device import success
from harness.process import Process, wait_for
from harness.rtmp import Pusher, RtmpClient, message
from harness.viewer import HttpViewer

DID = "CAM0001"
STARTED, DENIED = "NetStream.Publish.Start", "NetStream.Publish.Denied"


def advance_pushing(vigild, ms):
    """Moves the clock in steps, so that the publisher is never silent for too long."""
    while ms > 0:
        before = vigild.stream(DID)["frames"]
        wait_for(lambda: vigild.stream(DID)["frames"] > before, what="frames")
        vigild.advance(min(ms, 20_000))
        ms -= 20_000


def token_of(play):
    return play["data"]["play"]["url"].split("token=")[1]


def test_who_pushes_on_after_stop_is_cut_and_counted(vigild, start_camera, watch):
    start_camera(DID, "--fault", "push-after-stop", "--fault", "no-self-stop")
    wait_for(lambda: vigild.metric("devices_linked") == 1, what="the camera")
    watch(DID).wait_frames(5).close()
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewer")
    advance_pushing(vigild, 61_000)
    wait_for(lambda: vigild.stream(DID)["stage_text"] == "The camera was told to stop", what="stop")
    advance_pushing(vigild, 7_000)
    assert vigild.metric("publish_overtime_total") == 0 and vigild.metric("publishers") == 1
    vigild.advance(2_500)
    wait_for(lambda: vigild.metric("publish_overtime_total") == 1, what="the cut")
    (stopped,) = vigild.events(DID, "stream.stopped", 1)
    assert "told to stop" in stopped["data"]["reason"]
    wait_for(lambda: vigild.metric("publishers") == 0, what="no push")
    # It comes back with the token it was given; with nobody there it is told to stop once more.
    wait_for(lambda: vigild.metric("publishers") == 1, 10, "the camera again")
    advance_pushing(vigild, 61_000)
    advance_pushing(vigild, 7_000)
    vigild.advance(4_000)
    wait_for(lambda: vigild.metric("publish_overtime_total") == 2, what="the second cut")


def test_a_push_nobody_asked_for_is_accepted_and_left_alone(vigild, device, push, watch):
    device.answer = success
    pusher = push(DID, vigild.push_token(DID))
    assert pusher.code == STARTED
    vigild.wait_stage(DID, "playing")
    advance_pushing(vigild, 61_000)
    viewer = watch(DID).wait_frames(5)
    advance_pushing(vigild, 61_000)
    viewer.wait_frames(len(viewer.reader.frames()) + 5).close()
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewer")
    advance_pushing(vigild, 80_000)
    assert vigild.metric("publishers") == 1 and not pusher.is_over
    assert device.actions.empty(), "neither play nor stop"
    assert vigild.metric("publish_overtime_total") == 0


def test_a_push_to_the_wrong_name_is_refused_and_the_viewer_told(vigild, device, push, watch):
    device.answer = success
    vigild.add_device("CAM0002")
    viewer = watch(DID)
    token = token_of(device.next_action())
    before = vigild.metric("publish_refused_total")
    for name, code in (("CAM0002", DENIED), ("CAM0003", DENIED),
                       (f"{DID}_replay_1_0_20260101000000_20260101010000", DENIED),
                       (f"{DID}/x", "NetStream.Publish.BadName")):
        assert push(name, token).code == code, name
    for wrong in ("", "x", token[:-1] + ("a" if token[-1] != "a" else "b"), device.token[:-1]):
        assert push(DID, wrong).code == DENIED
    assert vigild.metric("publish_refused_total") == before + 8
    assert vigild.stream(DID)["stage"] == "answered"
    vigild.advance(8_100)
    assert viewer.wait_status() == 504 and b"/problems/no-push" in viewer.problem


def test_a_publisher_killed_in_a_frame_is_resumed(vigild, device, push, watch, clip_tags):
    device.answer = success
    viewer = watch(DID)
    token = token_of(device.next_action())
    client = RtmpClient(vigild.address("rtmp"))
    assert client.publish(f"{DID}?token={token}") == STARTED
    for tag in clip_tags[:20]:
        client.send_tag(tag)
    viewer.wait_frames(3)
    seen = len(viewer.reader.frames())
    half = message(9, b"\x27\x01\x00\x00\x00" + bytes(5000), 2000, 1, 6)
    client.send(half[:2500])
    # Gone with a reset, in the middle of the message.
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    play = device.next_action()
    time.sleep(0.3)
    assert not viewer.is_ended
    push(DID, token_of(play))
    viewer.wait_frames(seen + 20)
    assert viewer.failure is None
    assert len(vigild.events(DID, "stream.lost", 1)) == 1


def test_a_restarted_server_finds_its_cameras_and_viewers_again(start_vigild, programs, tmp_path):
    """The camera reconnects and sends on; its push is kept up and stopped by the new run."""
    first = start_vigild()
    ports = {name: first.urls[name].rsplit(":", 1)[1].split("/")[0]
             for name in ("http", "rtmp", "mqtt")}
    secret, token = first.add_device(DID), first.view_token(DID)
    folder = tmp_path / "camera"
    folder.mkdir()
    camera = Process("vigil-cam", folder)
    camera.spawn(["--mqtt", f"127.0.0.1:{ports['mqtt']}", "--did", DID, "--secret", secret])
    programs.append(camera)
    wait_for(lambda: first.metric("devices_linked") == 1, what="the camera")
    path = f"/live/{DID}.flv?token={token}"
    viewer = HttpViewer(first, path).wait_frames(5)

    first.arguments = tuple(f"--{name}=127.0.0.1:{port}" for name, port in ports.items())
    first.restart()
    viewer.wait_end(5)
    viewer.close()

    def sees_it():
        again = HttpViewer(first, path)
        status = again.wait_status(12)
        if status == 200:
            again.wait_frames(5)
        again.close()
        return status == 200
    wait_for(sees_it, 20, "the picture again")
    assert first.metric("publishers") == 1
    advance_pushing(first, 40_000)
    first.advance(21_000)
    wait_for(lambda: first.metric("publishers") == 0, 5, "the stop")


def test_a_hundred_viewers_a_second_leave_nothing_behind(start_vigild, clip_tags):
    vigild = start_vigild(env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    vigild.add_device(DID)
    path = f"/live/{DID}.flv?token={vigild.view_token(DID)}"
    pusher = Pusher(vigild.address("rtmp"), f"{DID}?token={vigild.push_token(DID)}", clip_tags)
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    opened, until = [0], time.monotonic() + 30

    def rss_kb():
        with open(f"/proc/{vigild.pid}/statm") as statm:
            return int(statm.read().split()[1]) * 4

    def come_and_go():
        while time.monotonic() < until:
            began = time.monotonic()
            with socket.create_connection(vigild.address("http"), 5) as sock:
                sock.sendall(request)
                if opened[0] % 3:
                    sock.recv(2000)
            opened[0] += 1
            time.sleep(max(0, 0.1 - (time.monotonic() - began)))
    try:
        threads = [threading.Thread(target=come_and_go) for _ in range(10)]
        for thread in threads:
            thread.start()
        time.sleep(8)
        before, opened_before = rss_kb(), opened[0]
        for thread in threads:
            thread.join()
        assert opened[0] - opened_before > 1000, opened
        wait_for(lambda: vigild.metric("viewers") == 0, what="no viewer")
        assert vigild.metric("streams") == 1 and vigild.metric("publishers") == 1
        assert rss_kb() - before < 3000, (before, rss_kb(), opened)
    finally:
        pusher.close()
    wait_for(lambda: vigild.metric("streams") == 0 and vigild.metric("ring_bytes") == 0,
             what="an idle server")


@pytest.mark.realtime
def test_the_three_times_by_the_walls_clock(vigild, make_device, start_camera, push, watch):
    """play every 60 s; stop 60 s after the last viewer; a camera not asked stops after 120 s."""
    heard = {"BEAT": [], "STOP": []}
    began = time.monotonic()
    for did, times in heard.items():
        def answer(data, times=times):
            times.append((time.monotonic(), next(iter(data)), data))
            return success(data)
        make_device(did, answer=answer).go_online()
    viewers = {did: watch(did) for did in heard}
    for did, times in heard.items():
        wait_for(lambda times=times: times, what=f"{did} asked")
        push(did, times[0][2]["play"]["url"].split("token=")[1])
        viewers[did].wait_frames(3)
    viewers["STOP"].close()
    left = time.monotonic()
    start_camera(DID)
    wait_for(lambda: vigild.metric("devices_linked") == 3, what="the third camera")
    url = f"{vigild.rtmp}/live/{DID}"  # it adds its own token, and nobody asks it again
    assert vigild.action(DID, {"play": {"url": url, "players": 1}}).status_code == 200
    asked = time.monotonic()
    vigild.wait_stage(DID, "playing")

    time.sleep(max(0, began + 118 - time.monotonic()))
    wait_for(lambda: len(heard["BEAT"]) >= 3, 10, "the second repetition")
    beats = [at for at, kind, _ in heard["BEAT"] if kind == "play"]
    assert len(beats) == len(heard["BEAT"])
    assert all(59 < later - earlier < 62 for earlier, later in zip(beats, beats[1:]))
    (stop,) = [at for at, kind, _ in heard["STOP"] if kind == "stop"]
    assert 59 < stop - left < 62
    assert vigild.stream("BEAT")["viewers"] == 1 and vigild.stream("BEAT")["stage"] == "playing"
    wait_for(lambda: vigild.stream(DID) is None, 130, "the camera's own stop")
    assert 119 < time.monotonic() - asked < 124
