# SPDX-License-Identifier: Apache-2.0
"""RTMP out: the same pictures, rights, waits and words as over HTTP, for the players there are."""
import ssl
import struct
import subprocess
import time

import pytest

from harness.flv import AUDIO, SCRIPT, VIDEO, heavy, hurried
from harness.media import probe
from harness.process import wait_for
from harness.rtmp import Pusher, message
from harness.rtmp_player import PONG, STREAM_BEGIN, STREAM_EOF, RtmpPlayer

DID = "CAM0001"
NOT_FOUND, FAILED = "NetStream.Play.StreamNotFound", "NetStream.Play.Failed"


@pytest.fixture
def play(vigild):
    """play("CAM0001"): a player in Python with a token of its own, or another name."""
    players = []

    def start(did=DID, token=None, name=None, **options):
        name = name or f"{did}?token={vigild.view_token(did) if token is None else token}"
        players.append(RtmpPlayer(vigild.address("rtmp"), name, **options))
        return players[-1]
    yield start
    for player in players:
        player.close()


@pytest.fixture
def streaming(vigild, push):
    vigild.add_device(DID)
    return push(DID, vigild.push_token(DID))


def url(vigild, app="live"):
    return f"{vigild.rtmp}/{app}/{DID}?token={vigild.view_token(DID)}"


@pytest.mark.parametrize("app", ["live", "v2/media/live", "v2/meida/live"])
def test_ffmpeg_plays_by_every_address(vigild, streaming, app, tmp_path):
    streams, packets = probe(url(vigild, app))
    assert (streams["video"]["codec_name"], streams["video"]["width"]) == ("h264", 320)
    assert streams["audio"]["codec_name"] == "aac"
    video = [packet for packet in packets if packet["codec_type"] == "video"]
    assert "K" in video[0]["flags"] and len(video) >= 20
    assert float(video[0]["pts_time"]) < 1


def test_ffmpeg_decodes_all_it_plays(vigild, streaming, tmp_path):
    path = tmp_path / "seen.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", url(vigild), "-t", "2", "-c", "copy", path],
                   check=True, timeout=20)
    decoded = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "null", "-"], timeout=20,
                             capture_output=True, check=True)
    assert decoded.stderr == b""


@pytest.mark.parametrize("source", ["rtmp2src", "rtmpsrc"])
def test_gstreamer_plays(vigild, streaming, source):
    """rtmp2src, and rtmpsrc which is librtmp: both decode picture and sound."""
    location = url(vigild) + (" live=1" if source == "rtmpsrc" else "")
    pipeline = ("num-buffers=300 ! flvdemux name=d"
                " d.video ! queue ! h264parse ! openh264dec ! fakesink name=picture sync=false"
                " d.audio ! queue ! aacparse ! faad ! fakesink name=sound sync=false")
    done = subprocess.run(["gst-launch-1.0", "-v", source, f"location={location}",
                           *pipeline.split()], capture_output=True, timeout=40,
                          stdin=subprocess.DEVNULL)
    words = done.stdout.decode(errors="replace")
    assert done.returncode == 0, (words, done.stderr)
    assert "picture.GstPad:sink: caps = video/x-raw" in words
    assert "sound.GstPad:sink: caps = audio/x-raw" in words


def test_rtmpdump_plays(vigild, streaming, tmp_path):
    path = tmp_path / "seen.flv"
    done = subprocess.run(["timeout", "8", "rtmpdump", "-q", "--live", "-B", "2", "-r", url(vigild),
                           "-o", path], capture_output=True, stdin=subprocess.DEVNULL)
    streams, packets = probe(path)
    assert streams["video"]["codec_name"] == "h264" and streams["audio"]["codec_name"] == "aac"
    assert len(packets) > 40, done.stderr


def test_what_a_player_is_told_and_in_which_order(vigild, streaming, play):
    player = play().wait_frames(30)
    kinds = [one.kind for one in player.messages]
    start = player.codes
    assert start[:2] == ["NetStream.Play.Reset", "NetStream.Play.Start"]
    assert player.controls(STREAM_BEGIN)[0] == struct.pack(">HI", STREAM_BEGIN, 1)
    media = player.tags
    assert media[0].kind == SCRIPT and b"|RtmpSampleAccess" in media[0].body
    assert media[1].kind == SCRIPT and media[1].body.startswith(b"\x02\x00\x0aonMetaData")
    configs = [tag.kind for tag in media[2:4] if tag.is_config]
    assert sorted(configs) == [AUDIO, VIDEO]
    assert player.frames()[0].is_key and media[4].kind == VIDEO
    assert kinds.index(20) < kinds.index(VIDEO)
    assert all(one.stream == 1 for one in player.messages if one.kind in (AUDIO, VIDEO, SCRIPT))
    player.assert_steady()


def test_the_bytes_are_those_of_flv(vigild, streaming, play, watch):
    player, viewer = play().wait_frames(30), watch(DID).wait_frames(30)
    mine = {tag.body for tag in player.frames()}
    theirs = {tag.body for tag in viewer.reader.frames()}
    assert len(mine & theirs) > 20


def test_the_token_may_stand_elsewhere(vigild, streaming, play):
    token = vigild.view_token(DID)
    play(name=DID, app=f"live?token={token}").wait_frames(1)
    play(name=f"{DID}?token={vigild.admin_token}").wait_frames(1)
    assert token not in vigild.log


@pytest.mark.parametrize("kind,code,words", [
    ("none", FAILED, b"unauthenticated"), ("wrong", FAILED, b"unauthenticated"),
    ("push", FAILED, b"denied"), ("another's", NOT_FOUND, b"not-found"),
    ("no device", NOT_FOUND, b"not-found"), ("no name", NOT_FOUND, b"not-found")])
def test_others_are_refused(vigild, streaming, play, kind, code, words):
    vigild.add_device("CAM0002")
    name = {
        "none": lambda: DID, "wrong": lambda: f"{DID}?token=" + "x" * 43,
        "push": lambda: f"{DID}?token={vigild.push_token(DID)}",
        "another's": lambda: f"{DID}?token={vigild.view_token('CAM0002')}",
        "no device": lambda: f"NOSUCH?token={vigild.admin_token}",
        "no name": lambda: f"?token={vigild.admin_token}",
    }[kind]()
    player = play(name=name)
    player.wait_code(code)
    assert words in player.words
    player.wait_end()
    assert not player.frames() and vigild.metric("viewers") == 0


def test_a_player_makes_the_camera_send_and_waits_for_it(vigild, make_device, play, push):
    device = make_device(DID, answer=lambda data: {name: {"code": 0} for name in data}).go_online()
    player = play()
    action = device.next_action()
    assert action["data"]["play"]["url"]
    time.sleep(0.3)
    assert not player.codes and not player.is_ended
    pusher = push(DID, action["token"])
    player.wait_frames(10)
    player.close()
    wait_for(lambda: vigild.metric("viewers") == 0, what="the player's end")
    assert pusher.code


def test_offline_is_said_at_once(vigild, play):
    vigild.add_device(DID)
    player = play()
    player.wait_code(NOT_FOUND, limit_s=2)
    assert b"device-offline" in player.words
    player.wait_end()


@pytest.mark.parametrize("name,advance_ms", [("no-answer", 5100), ("no-push", 8100)])
def test_a_failed_stage_is_told_in_its_words(vigild, make_device, play, name, advance_ms):
    device = make_device(DID)
    if name == "no-answer":
        device.answer = None
    device.go_online()
    player = play()
    device.next_action()
    if name == "no-push":
        vigild.wait_stage(DID, "answered")
    vigild.advance(advance_ms)
    player.wait_code(FAILED)
    assert name.encode() in player.words
    player.wait_end()
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewers")


def test_a_refusal_carries_the_devices_code_and_words(vigild, make_device, play):
    make_device(DID, answer=lambda data: {"play": {"code": 60020, "error": "lens cap is on"}}
                ).go_online()
    player = play().wait_code(FAILED)
    assert b"device-refused" in player.words and b"lens cap is on" in player.words


def test_the_end_is_told(vigild, streaming, play):
    player = play().wait_frames(5)
    vigild.api("DELETE", f"/v2/devices/{DID}")
    player.wait_code("NetStream.Play.UnpublishNotify")
    player.wait_end()
    assert player.controls(STREAM_EOF)


@pytest.mark.tsan
def test_a_lost_push_is_resumed_with_times_going_on(vigild, push, play):
    vigild.add_device(DID)
    token = vigild.push_token(DID)
    first = push(DID, token)
    player = play().wait_frames(30)
    first.close()
    wait_for(lambda: vigild.metric("publishers") == 0, what="the push's end")
    seen = len(player.frames())
    push(DID, token)
    player.wait_frames(seen + 30)
    player.assert_steady()


def test_a_pause_sends_nothing_and_goes_on_at_a_key_frame(vigild, streaming, play):
    player = play().wait_frames(10)
    player.client.command("pause", 0, None, True, 0, stream=1)
    player.wait_code("NetStream.Pause.Notify")
    time.sleep(0.2)
    seen = len(player.frames())
    time.sleep(1.5)
    assert len(player.frames()) == seen and vigild.metric("viewers") == 1
    player.client.command("pause", 0, None, False, 0, stream=1)
    player.wait_frames(seen + 20)
    assert "NetStream.Unpause.Notify" in player.codes
    player.assert_steady()


def test_a_pause_without_end_is_ended(vigild, streaming, play):
    player = play().wait_frames(5)
    player.client.command("pause", 0, None, True, 0, stream=1)
    player.wait_code("NetStream.Pause.Notify")
    vigild.advance(100_000)
    time.sleep(0.3)
    assert not player.is_ended
    vigild.advance(201_000)
    player.wait_end()


@pytest.mark.tsan
@pytest.mark.parametrize("command", ["deleteStream", "closeStream"])
def test_a_player_that_stops_leaves(vigild, streaming, play, command):
    player = play().wait_frames(5)
    player.client.command(command, 0, None, *([1] if command == "deleteStream" else []), stream=1)
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewers")
    time.sleep(0.2)
    seen = len(player.frames())
    time.sleep(0.3)
    assert len(player.frames()) == seen and not player.is_ended
    player.client.command("play", 5, None, f"{DID}?token={vigild.view_token(DID)}", -2, stream=1)
    player.wait_frames(seen + 5)


def test_questions_of_players_are_answered(vigild, streaming, play):
    player = play().wait_frames(5)
    player.client.send(message(4, struct.pack(">HI", 6, 4711), channel=2))
    wait_for(lambda: player.controls(PONG), what="an answer to the ping")
    assert player.controls(PONG)[0] == struct.pack(">HI", PONG, 4711)
    player.client.command("seek", 0, None, 1000, stream=1)
    player.wait_code("NetStream.Seek.Failed")
    player.client.command("FCSubscribe", 9, None, DID)
    wait_for(lambda: b"onFCSubscribe" in player.words, what="onFCSubscribe")
    seen = len(player.frames())
    player.wait_frames(seen + 10)


@pytest.mark.tsan
def test_a_slow_player_skips_to_a_key_frame(vigild, push, play, clip_tags):
    """Its socket is full in the middle of a message: that one is finished before the jump."""
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID), hurried(heavy(clip_tags, 200_000, 200_000), 60), speed=2)
    player = play(receive_bytes=4096).wait_frames(1)
    player.go_on.clear()
    began = vigild.stream(DID)["frames"]
    wait_for(lambda: vigild.stream(DID)["frames"] > began + 400, 20, "more than the ring holds")
    for _ in range(3):
        player.client.send(message(4, struct.pack(">HI", 6, 4711), channel=2))
    player.go_on.set()
    wait_for(lambda: vigild.metric("viewer_skips_total") >= 1, 10, "a skip")
    seen = len(player.frames())
    player.wait_frames(seen + 60, limit_s=20)
    wait_for(lambda: len(player.controls(PONG)) == 3, what="the answers that had to wait")
    assert player.failure is None
    player.assert_steady()


@pytest.mark.parametrize("pings,is_closed", [(227, False), (228, True)])
def test_answers_that_wait_end_at_their_limit(vigild, push, play, clip_tags, pings, is_closed):
    """They may not stand inside the message that is half sent; 18 bytes each, 4 KiB in all."""
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID), hurried(heavy(clip_tags, 200_000, 200_000), 60), speed=2)
    player = play(receive_bytes=4096).wait_frames(1)
    player.go_on.clear()
    began = vigild.stream(DID)["frames"]
    wait_for(lambda: vigild.stream(DID)["frames"] > began + 400, 20, "more than the ring holds")
    for _ in range(pings):
        player.client.send(message(4, struct.pack(">HI", 6, 4711), channel=2))
    if is_closed:
        wait_for(lambda: vigild.metric("viewers") == 0, what="the player's end")
        return
    player.go_on.set()
    wait_for(lambda: len(player.controls(PONG)) == pings, 20, "the answers")


def test_who_stops_within_a_message_is_closed(vigild, push, play, clip_tags):
    """What came next would be taken for the rest of that message."""
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID), hurried(heavy(clip_tags, 200_000, 200_000), 60), speed=2)
    player = play(receive_bytes=4096).wait_frames(1)
    player.go_on.clear()
    began = vigild.stream(DID)["frames"]
    wait_for(lambda: vigild.stream(DID)["frames"] > began + 100, 20, "more than a socket holds")
    player.client.command("closeStream", 0, None, stream=1)
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewers")
    player.go_on.set()
    wait_for(lambda: player.is_ended, 10, "the end of the connection")


def test_a_player_that_never_reads_is_closed(vigild, push, play, clip_tags):
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID), hurried(heavy(clip_tags), 120), speed=20)
    player = play(receive_bytes=4096).wait_frames(1)
    player.go_on.clear()
    began = vigild.stream(DID)["frames"]
    wait_for(lambda: vigild.stream(DID)["frames"] > began + 1500, 20, "a minute's frames")
    vigild.advance(31_000)
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewers")


def test_rtmps_plays_and_is_pushed_to(start_vigild, certificate, clip_tags):
    cert, key = certificate
    vigild = start_vigild("--tls-cert", cert, "--tls-key", key)
    vigild.add_device(DID)
    context = ssl.create_default_context(cafile=str(cert))

    def wrap(sock):
        return context.wrap_socket(sock, server_hostname="localhost")
    pusher = Pusher(vigild.address("rtmps"), f"{DID}?token={vigild.push_token(DID)}", clip_tags,
                    wrap=wrap)
    player = RtmpPlayer(vigild.address("rtmps"), f"{DID}?token={vigild.view_token(DID)}", wrap=wrap)
    try:
        player.wait_frames(60)
        player.assert_steady()
    finally:
        player.close()
        pusher.close()
