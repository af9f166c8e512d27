# SPDX-License-Identifier: Apache-2.0
"""HLS and the camera behind it: asked, watched by many through one cursor, told to stop; and what
each stage answers. Codecs, breaks and limits."""
import concurrent.futures
import json
import socket
import subprocess

import pytest

from harness import enhanced
from harness.device import success
from harness.flv import AUDIO, VIDEO, Tag, make_clip, read_tags
from harness.hls import Session, boxes
from harness.process import wait_for
from harness.rtmp import Pusher

DID = "CAM0001"


@pytest.fixture
def camera(make_device):
    return make_device(DID, answer=success).go_online()


@pytest.fixture
def playing(vigild, camera, push):
    """A first viewer of a camera that had to be asked, and the camera's push."""
    session = Session(vigild, DID)
    opening = aside(session.open)
    play = camera.next_action()
    pusher = push(DID, play["data"]["play"]["url"].rsplit("=", 1)[1], speed=4)
    opening()
    return camera, pusher, session


def aside(call):
    """Runs `call` aside; the function it gives waits for the end and raises what was raised."""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    future = pool.submit(call)
    pool.shutdown(wait=False)
    return lambda: future.result(30)


def push_tags(vigild, push, tags):
    if not vigild.api("GET", f"/v2/devices/{DID}").ok:
        vigild.add_device(DID)
    return push(DID, vigild.push_token(DID), tags, speed=4)


def advance_asking(vigild, sessions, ms):
    """Moves the clock by steps in which everything shows that it lives."""
    while ms > 0:
        for session in sessions:
            session.media()
        before = vigild.stream(DID)["frames"]
        wait_for(lambda: vigild.stream(DID)["frames"] > before, what="frames")
        vigild.advance(min(ms, 15_000))
        ms -= 15_000


# --- the camera ---------------------------------------------------------------------------------

def test_the_first_playlist_makes_the_camera_play(vigild, playing):
    _, _, session = playing
    assert session.media().segments and vigild.stream(DID)["stage"] == "playing"


def test_two_sessions_are_two_viewers_of_one_cursor(vigild, playing):
    camera, _, first = playing
    second = Session(vigild, DID).open()
    assert second.folder != first.folder
    wait_for(lambda: vigild.stream(DID)["viewers_by"]["hls"] == 2, what="two viewers")
    assert vigild.metric("viewers") == 2 and vigild.metric("hls_sessions") == 2
    stream = vigild.stream(DID)
    assert stream["bytes_out"] < 1.5 * stream["bytes_in"]  # read once
    assert camera.actions.empty()


def test_sessions_end_and_then_the_camera_stops(vigild, playing):
    camera, pusher, first = playing
    second = Session(vigild, DID).open()
    advance_asking(vigild, [first], 35_000)  # the second one was silent meanwhile
    wait_for(lambda: vigild.stream(DID)["viewers_by"]["hls"] == 1, what="one viewer")
    assert second.file("media.m3u8").status_code == 404
    assert first.media().segments
    advance_asking(vigild, [], 31_000)
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewers")
    wait_for(lambda: vigild.metric("hls_bytes") == 0, what="no bytes")
    assert first.file("media.m3u8").status_code == 404
    while not camera.actions.empty():
        assert "stop" not in camera.actions.get()["data"]
    advance_asking(vigild, [], 61_000)
    action = camera.next_action()
    while "stop" not in action["data"]:
        action = camera.next_action()
    pusher.close()
    wait_for(lambda: vigild.metric("streams") == 0, what="no stream")


def test_who_goes_before_the_picture_leaves_nothing(vigild, camera):
    host, port = vigild.address("http")
    with socket.create_connection((host, port)) as peer:
        path = f"/live/{DID}.m3u8?token={vigild.view_token(DID)}"
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        camera.next_action()
        wait_for(lambda: vigild.metric("hls_sessions") == 1, what="a session")
    wait_for(lambda: vigild.metric("hls_sessions") == 0 and vigild.metric("viewers") == 0,
             what="nobody")


def problem(vigild, query=""):
    session = Session(vigild, DID, query=query)
    answer = session.get(session.address)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_stages_fail_as_for_other_viewers(vigild, make_device):
    device = make_device(DID, answer=success)
    assert problem(vigild) == (409, "device-offline")
    device.go_online()
    asking = aside(lambda: problem(vigild))
    device.next_action()
    vigild.wait_stage(DID, "answered")
    vigild.advance(8_500)
    assert asking() == (504, "no-push")
    assert vigild.metric("hls_sessions") == 0


def test_a_device_that_is_silent_is_named(vigild, make_device):
    make_device(DID, answer=lambda _data: None).go_online()
    asking = aside(lambda: problem(vigild))
    vigild.wait_stage(DID, "asked")
    vigild.advance(5_500)
    assert asking() == (504, "no-answer")


def test_sessions_of_a_stream_that_ended_hear_so(vigild, playing):
    _, pusher, session = playing
    pusher.close()
    wait_for(lambda: vigild.metric("publishers") == 0, what="no push")
    waiting = aside(lambda: session.file(f"media.m3u8?_HLS_msn={session.media().next[0] + 1}"))
    vigild.wait_stage(DID, "answered")
    vigild.advance(10_500)
    assert waiting().status_code in (410, 504)
    assert session.file("media.m3u8").status_code in (410, 504)


def test_a_lost_push_that_comes_back_goes_on(vigild, playing, push, tmp_path):
    """The same configuration in times that go on: players need not begin anew."""
    camera, pusher, session = playing
    media = session.wait_segments(2)
    pusher.close()
    play = camera.next_action()
    push(DID, play["data"]["play"]["url"].rsplit("=", 1)[1], speed=4)
    for _ in range(3):
        media = session.media(media.next[0])
    assert media.breaks == [] and media.number("DISCONTINUITY-SEQUENCE") == 0
    decodes(session, media, tmp_path / "whole.mp4")


def test_another_push_with_another_configuration_is_a_break(vigild, playing, push, tmp_path):
    camera, pusher, session = playing
    larger = read_tags(make_clip(tmp_path / "larger.flv", size="640x360").read_bytes())
    session.wait_segments(2)
    pusher.close()
    play = camera.next_action()
    push(DID, play["data"]["play"]["url"].rsplit("=", 1)[1], larger, speed=4)
    media = session.media()
    for _ in range(8):
        media = session.media(media.next[0])
        if media.breaks:
            break
    assert len(media.breaks) == 1 and media.number("DISCONTINUITY-SEQUENCE") == 0
    assert len(media.maps) == 2
    for _ in range(8):
        media = session.media(media.next[0])
    assert media.breaks == [] and media.number("DISCONTINUITY-SEQUENCE") == 1


# --- what is carried ----------------------------------------------------------------------------

def probe(vigild, session, seconds=2):
    output = subprocess.run(["ffprobe", "-v", "error", "-read_intervals", f"%+{seconds}",
                             "-show_streams", "-show_packets", "-of", "json",
                             vigild.http + session.folder + "media.m3u8"], check=True, timeout=40,
                            capture_output=True).stdout
    found = json.loads(output)
    return {stream["codec_type"]: stream for stream in found["streams"]}, found["packets"]


def decodes(session, media, path):
    """The segments so far, one behind the other, as ffmpeg sees them: complaints fail."""
    whole = session.file(media.maps[0]).content
    whole += b"".join(session.file(name).content for name, _ in media.segments)
    path.write_bytes(whole)
    seen = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "null", "-"], timeout=40,
                          capture_output=True)
    assert seen.returncode == 0 and seen.stderr == b"", seen.stderr


def test_av1_is_carried(vigild, push, tmp_path):
    tags = enhanced.video_tags(enhanced.make_av1(tmp_path / "av1.mp4"), "av01", "av1C")
    push_tags(vigild, push, tags)
    session = Session(vigild, DID).open()
    assert 'CODECS="av01.0.' in session.multivariant and "320x180" in session.multivariant
    media = session.wait_segments(2)
    streams, _ = probe(vigild, session)
    assert streams["video"]["codec_name"] == "av1" and streams["video"]["width"] == 320
    decodes(session, media, tmp_path / "whole.mp4")


@pytest.mark.parametrize("four_cc", ["hvc1", "12"])
def test_h265_is_carried_with_frames_out_of_order(vigild, push, tmp_path, four_cc):
    tags = enhanced.video_tags(enhanced.make_h265(tmp_path / "h265.mp4"), four_cc, "hvcC")
    push_tags(vigild, push, tags)
    session = Session(vigild, DID).open()
    assert 'CODECS="hvc1.' in session.multivariant
    media = session.wait_segments(2)
    streams, packets = probe(vigild, session)
    assert streams["video"]["codec_name"] == "hevc"
    assert any(float(packet["pts_time"]) > float(packet["dts_time"]) for packet in packets)
    decodes(session, media, tmp_path / "whole.mp4")


def test_opus_beside_h264_is_carried(vigild, push, clip_tags, tmp_path):
    path = enhanced.make_opus(tmp_path / "opus.mp4")
    sound = enhanced.audio_tags([body for *_, body in enhanced.packets(path)], "Opus",
                                enhanced.OPUS_HEAD)
    tags = [tag for tag in clip_tags if tag.kind == VIDEO] + sound
    tags.sort(key=lambda tag: (tag.timestamp_ms, not tag.is_config))
    push_tags(vigild, push, tags)
    session = Session(vigild, DID).open()
    assert "opus" in session.multivariant
    streams, packets = probe(vigild, session)
    assert streams["audio"]["codec_name"] == "opus"
    times = [float(p["dts_time"]) for p in packets if p["codec_type"] == "audio"]
    assert max(b - a for a, b in zip(times, times[1:])) < 0.05


def test_sound_alone_is_carried(vigild, push, tmp_path):
    clip = read_tags(make_clip(tmp_path / "sound.flv", video=False).read_bytes())
    push_tags(vigild, push, clip)
    session = Session(vigild, DID).open()
    assert 'CODECS="mp4a.40.2"' in session.multivariant and "RESOLUTION" not in session.multivariant
    media = session.wait_segments(2)
    assert all(independent for *_, independent in media.parts)
    decodes(session, media, tmp_path / "whole.mp4")


def test_video_alone_and_g711_beside_it_are_carried_without_sound(vigild, push, clip_tags):
    video = [tag for tag in clip_tags if tag.kind == VIDEO]
    speech = [Tag(AUDIO, at, b"\x7e" + bytes(320)) for at in range(0, 2000, 40)]
    tags = sorted(video + speech, key=lambda tag: (tag.timestamp_ms, not tag.is_config))
    push_tags(vigild, push, tags)
    session = Session(vigild, DID).open()
    assert 'CODECS="avc1.42c00d"' in session.multivariant
    streams, _ = probe(vigild, session)
    assert list(streams) == ["video"]


def test_what_cannot_be_carried_is_refused(vigild, push):
    tags = [Tag(VIDEO, 0, enhanced.video_head("vp08", True, enhanced.SEQUENCE_START) + bytes(8))]
    tags += [Tag(VIDEO, at, enhanced.video_head("vp08", at % 1000 == 0, enhanced.CODED_FRAMES)
                 + bytes(40)) for at in range(0, 2000, 40)]
    push_tags(vigild, push, tags)
    assert problem(vigild) == (415, "codec-unsupported")
    assert vigild.metric("viewers") == 0


def test_a_player_that_cannot_show_it_is_told(vigild, push, clip_tags):
    push_tags(vigild, push, clip_tags)
    assert problem(vigild, "&codecs=av01,mp4a") == (415, "codec-unsupported")
    assert Session(vigild, DID, query="&codecs=avc1,mp4a").open().media().segments


def test_a_codec_that_comes_later_is_told_too(vigild, push, clip_tags, tmp_path):
    pusher = push_tags(vigild, push, clip_tags)
    session = Session(vigild, DID, query="&codecs=avc1,mp4a").open()
    other = Session(vigild, DID).open()
    session.wait_segments(2)
    pusher.use(enhanced.video_tags(enhanced.make_h265(tmp_path / "h265.mp4"), "hvc1", "hvcC"))
    wait_for(lambda: session.file("media.m3u8").status_code == 415, 20, "codec-unsupported")
    wait_for(lambda: session.file("media.m3u8").status_code == 404, 5, "the session's end")
    assert other.media().segments and vigild.metric("hls_sessions") == 1


def test_too_long_a_list_of_codecs_is_refused(vigild, push, clip_tags):
    push_tags(vigild, push, clip_tags)
    at_limit = "&codecs=avc1," + 250 * "x"
    assert Session(vigild, DID, query=at_limit).open().media().segments
    assert problem(vigild, at_limit + "x")[0] == 400


def test_another_configuration_comes_with_its_own_header(vigild, push, clip_tags, tmp_path):
    larger = read_tags(make_clip(tmp_path / "larger.flv", size="640x360").read_bytes())
    pusher = push_tags(vigild, push, clip_tags)
    session = Session(vigild, DID).open()
    session.wait_segments(2)
    pusher.use(larger)
    media = session.media()
    for _ in range(3):
        media = session.media(media.next[0])
    assert len(media.maps) == 2 and media.breaks
    first, second = (session.file(name).content for name in media.maps)
    assert first != second and [kind for kind, _ in boxes(second)] == ["ftyp", "moov"]
    path = tmp_path / "second.mp4"
    path.write_bytes(second + session.file(media.segments[-1][0]).content)
    output = subprocess.run(["ffprobe", "-v", "error", "-show_streams", path], capture_output=True)
    assert b"width=640" in output.stdout


# --- limits -------------------------------------------------------------------------------------

def test_sessions_have_a_limit_for_a_stream_and_in_all(start_vigild, clip_tags):
    vigild = start_vigild("--live-hls-sessions-max=5", "--live-hls-stream-sessions-max=3")
    pushers = []
    for did in (DID, "OTHER"):
        vigild.add_device(did)
        pushers.append(Pusher(vigild.address("rtmp"), f"{did}?token={vigild.push_token(did)}", clip_tags, speed=4))
    kept = [Session(vigild, DID).open() for _ in range(3)]
    late = Session(vigild, DID)
    answer = late.get(late.address)
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    others = [Session(vigild, "OTHER").open() for _ in range(2)]
    late = Session(vigild, "OTHER")
    assert late.get(late.address).status_code == 503
    assert vigild.metric("hls_refused_total") == 2
    for session in kept + others:
        assert session.media().segments
    for pusher in pushers:
        pusher.close()


def test_a_session_may_wait_four_times_and_not_five(vigild, push, clip_tags):
    push_tags(vigild, push, clip_tags)
    session = Session(vigild, DID).open()
    number = session.follow(0).next[0]
    host, port = vigild.address("http")
    waiting = []
    for _ in range(5):
        waiting.append(socket.create_connection((host, port), timeout=10))
        path = f"{session.folder}media.m3u8?_HLS_msn={number + 1}"
        waiting[-1].sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        if len(waiting) == 4:
            answer = session.file("init-1.mp4")  # those four are known by now
            assert answer.status_code == 200
    heads = [peer.recv(12) for peer in waiting]
    assert sorted(heads) == [b"HTTP/1.1 200"] * 4 + [b"HTTP/1.1 503"]
    for peer in waiting:
        peer.close()


def test_the_window_is_bounded_by_bytes_and_by_time(start_vigild, tmp_path):
    """16 MB for all, and 3 MB a second: older segments go at once, and what is left plays."""
    vigild = start_vigild("--live-hls-mb=16")
    vigild.add_device(DID)
    frames = [Tag(VIDEO, at, bytes([0x17 if at % 1000 == 0 else 0x27, 1, 0, 0, 0]) +
                  (120_000).to_bytes(4, "big") + bytes([0x65]) * 120_000) for at in range(0, 2000, 40)]
    clip = read_tags(make_clip(tmp_path / "clip.flv", audio=False).read_bytes())
    config = next(tag for tag in clip if tag.is_config)
    pusher = Pusher(vigild.address("rtmp"), f"{DID}?token={vigild.push_token(DID)}",
                    [config, *frames], speed=2)
    session = Session(vigild, DID).open()
    held = []
    media = session.media()
    for _ in range(6):
        media = session.media(media.next[0])
        held.append(vigild.metric("hls_bytes"))
        assert media.segments and session.file(media.segments[-1][0]).status_code == 200
    assert max(held) < 24 * 1024 * 1024, held
    assert media.number("MEDIA-SEQUENCE") > 0
    assert session.file("0.m4s").status_code == 404
    pusher.close()


def test_five_hundred_sessions_cost_little_and_end(vigild, push, clip_tags):
    push_tags(vigild, push, clip_tags)
    first = Session(vigild, DID).open()
    before = vigild.metric("hls_bytes")
    token = vigild.view_token(DID)
    for _ in range(500):
        answer = first.get(f"/live/{DID}.m3u8?token={token}")
        assert answer.status_code == 200
    wait_for(lambda: vigild.stream(DID)["viewers_by"]["hls"] == 501, what="501 viewers")
    assert vigild.metric("hls_bytes") < before + 4 * 1024 * 1024
    stream = vigild.stream(DID)
    assert stream["bytes_out"] < 1.5 * stream["bytes_in"]
    advance_asking(vigild, [first], 35_000)
    wait_for(lambda: vigild.metric("hls_sessions") == 1, what="one session")


def test_who_never_reads_holds_up_nobody(vigild, push, clip_tags):
    push_tags(vigild, push, clip_tags)
    session = Session(vigild, DID).open()
    media = session.wait_segments(2)
    host, port = vigild.address("http")
    lazy = []
    for _ in range(20):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect((host, port))
        request = f"GET {session.folder}{media.segments[-1][0]} HTTP/1.1\r\nHost: x\r\n\r\n"
        peer.sendall(request.encode() * 8)
        lazy.append(peer)
    for _ in range(5):
        media = session.media(*media.next)
        assert session.file(media.parts[-1][0]).status_code == 200
    for peer in lazy:
        peer.close()


@pytest.mark.tsan
def test_many_loops_share_a_packager(start_vigild, clip_tags):
    vigild = start_vigild("--loops=3")
    vigild.add_device(DID)
    pusher = Pusher(vigild.address("rtmp"), f"{DID}?token={vigild.push_token(DID)}", clip_tags, speed=2)
    sessions = [Session(vigild, DID) for _ in range(12)]

    def follow(session):
        media = session.open().media()
        for _ in range(10):
            media = session.media(*media.next)
            session.file(media.hint)
        return media

    with concurrent.futures.ThreadPoolExecutor(len(sessions)) as pool:
        ends = list(pool.map(follow, sessions))
    assert all(media.parts for media in ends)
    pusher.close()
