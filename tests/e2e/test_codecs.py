# SPDX-License-Identifier: Apache-2.0
"""Every codec goes through byte for byte, is named, and is refused to players that cannot show it."""
import json
import subprocess

import pytest

from harness import enhanced
from harness.flv import AUDIO, SCRIPT, VIDEO, Tag, make_clip, read_tags
from harness.media import Publisher, ffmpeg_push, probe
from harness.process import wait_for
from harness.rtmp import RtmpClient
from harness.rtmp_player import RtmpPlayer
from harness.viewer import watch_websocket

DID = "CAM0001"


@pytest.fixture(scope="session")
def av1_tags(tmp_path_factory):
    path = enhanced.make_av1(tmp_path_factory.mktemp("av1") / "clip.mp4")
    return enhanced.video_tags(path, "av01", "av1C")


@pytest.fixture(scope="session")
def h265_clip(tmp_path_factory):
    return enhanced.make_h265(tmp_path_factory.mktemp("h265") / "clip.mp4")


@pytest.fixture(scope="session")
def h265_tags(h265_clip):
    return enhanced.video_tags(h265_clip, "hvc1", "hvcC")


@pytest.fixture(scope="session")
def opus_tags(tmp_path_factory):
    path = enhanced.make_opus(tmp_path_factory.mktemp("opus") / "clip.mp4")
    frames = [body for *_, body in enhanced.packets(path)]
    return enhanced.audio_tags(frames, "Opus", enhanced.OPUS_HEAD)


@pytest.fixture
def play(vigild):
    players = []

    def start():
        name = f"{DID}?token={vigild.view_token(DID)}"
        players.append(RtmpPlayer(vigild.address("rtmp"), name))
        return players[-1]
    yield start
    for player in players:
        player.close()


def bodies(tags, kind):
    return [tag.body for tag in tags if tag.kind == kind]


def assert_whole(sent, received, kind, least=20):
    """The configuration first, then a key frame; every body is one that was sent, in order."""
    known = {body: at for at, body in enumerate(bodies(sent, kind))}
    seen = bodies(received, kind)
    assert len(seen) > least and all(body in known for body in seen)
    places = [known[body] for body in seen]
    assert places[0] == 0, "the configuration comes first"
    steps = [b - a for a, b in zip(places[1:], places[2:])]
    assert all(step == 1 or step < 0 for step in steps), steps  # the clip goes round


def goes_through(vigild, push, watch, play, tags, kind=VIDEO):
    vigild.add_device(DID)
    assert push(DID, vigild.push_token(DID), tags).code == "NetStream.Publish.Start"
    viewer, player = watch(DID), play()
    for reader in (viewer.reader, player):
        wait_for(lambda: len(bodies(reader.tags, kind)) > 40, 10, "pictures or sound")
        assert_whole(tags, reader.tags, kind)
    assert viewer.failure is None and player.failure is None
    return vigild.stream(DID)


def test_av1_goes_through(vigild, push, watch, play, av1_tags):
    stream = goes_through(vigild, push, watch, play, av1_tags)
    assert stream["video"] == {"codec": "av01.0.00M.08", "width": 320, "height": 180}


@pytest.mark.parametrize("four_cc", ["hvc1", "12"])
def test_h265_goes_through(vigild, push, watch, play, h265_clip, four_cc):
    """By its FourCC, and by the number 12 of older cameras."""
    tags = enhanced.video_tags(h265_clip, four_cc, "hvcC")
    assert any(tag.body[5:8] not in (b"\0\0\0", b"") for tag in tags[1:]), "no B frames"
    stream = goes_through(vigild, push, watch, play, tags)
    assert stream["video"]["codec"].startswith("hvc1.1.6.L")
    assert (stream["video"]["width"], stream["video"]["height"]) == (320, 180)


def test_h264_by_its_four_cc_goes_through(vigild, push, watch, play, clip_tags):
    tags = []
    for tag in (tag for tag in clip_tags if tag.kind == VIDEO):
        kind = enhanced.SEQUENCE_START if tag.is_config else enhanced.CODED_FRAMES
        head = enhanced.video_head("avc1", tag.body[0] >> 4 == 1, kind)
        tags.append(Tag(VIDEO, tag.timestamp_ms, head + tag.body[5:]))
    stream = goes_through(vigild, push, watch, play, tags)
    assert stream["video"]["codec"].startswith("avc1.") and stream["video"]["width"] == 320


def test_opus_goes_through(vigild, push, watch, play, opus_tags):
    stream = goes_through(vigild, push, watch, play, opus_tags, AUDIO)
    assert stream["audio"] == {"codec": "opus", "rate_hz": 48000, "channels": 1}


@pytest.mark.parametrize("four_cc,head,codec", [
    ("mp4a", b"\x12\x10", "mp4a.40.2"), (".mp3", b"\0", "mp3"),
    ("fLaC", b"fLaC" + bytes(38), "flac"), ("ac-3", b"\0", "ac-3")])
def test_sound_by_its_four_cc_goes_through(vigild, push, watch, play, four_cc, head, codec):
    frames = [bytes([at, 255 - at]) * 50 for at in range(100)]
    stream = goes_through(vigild, push, watch, play, enhanced.audio_tags(frames, four_cc, head),
                          AUDIO)
    assert stream["audio"]["codec"] == codec


@pytest.mark.parametrize("codec,name", [("pcm_alaw", "g711a"), ("pcm_mulaw", "g711u")])
def test_ffmpeg_hears_g711(vigild, tmp_path, codec, name):
    vigild.add_device(DID)
    clip = tmp_path / "clip.flv"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x180:r=25:d=2", "-f",
                    "lavfi", "-i", "sine=d=2:r=8000", "-c:v", "libx264", "-preset", "ultrafast", "-g",
                    "25", "-pix_fmt", "yuv420p", "-c:a", codec, "-ar", "8000", "-ac", "1", clip],
                   check=True, stdin=subprocess.DEVNULL)
    publisher = ffmpeg_push(clip, f"{vigild.rtmp}/live/{DID}?token={vigild.push_token(DID)}")
    try:
        vigild.wait_stage(DID, "playing")
        token = vigild.view_token(DID)
        for url in (f"{vigild.http}/live/{DID}.flv?token={token}",
                    f"{vigild.rtmp}/live/{DID}?token={token}"):
            streams, packets = probe(url)
            assert streams["audio"]["codec_name"] == codec
            assert streams["audio"]["sample_rate"] == "8000"
            assert sum(packet["codec_type"] == "audio" for packet in packets) > 5
        stream = vigild.stream(DID)
        assert stream["audio"] == {"codec": name, "rate_hz": 8000, "channels": 1}
    finally:
        publisher.close()


@pytest.mark.parametrize("location,sink", [("", "rtmp2sink"), (" live=1", "rtmpsink")])
def test_gstreamer_and_librtmp_push(vigild, location, sink):
    """rtmp2sink is GStreamer's own, rtmpsink is librtmp."""
    vigild.add_device(DID)
    url = f"{vigild.rtmp}/live/{DID}?token={vigild.push_token(DID)}"
    publisher = Publisher(["gst-launch-1.0", "-q", "flvmux", "name=mux", "streamable=true", "!", sink,
                           f"location={url}{location}", *(
                               "videotestsrc is-live=true ! video/x-raw,width=320,height=180,"
                               "framerate=15/1 ! x264enc tune=zerolatency speed-preset=ultrafast "
                               "key-int-max=15 ! h264parse ! mux. audiotestsrc is-live=true ! "
                               "voaacenc ! mux.").split()])
    try:
        vigild.wait_stage(DID, "playing")
        token = vigild.view_token(DID)
        for address in (f"{vigild.http}/live/{DID}.flv?token={token}",
                        f"{vigild.rtmp}/live/{DID}?token={token}"):
            streams, _ = probe(address)
            assert (streams["video"]["codec_name"], streams["video"]["height"]) == ("h264", 180)
            assert streams["audio"]["codec_name"] == "aac"
        stream = vigild.stream(DID)
        assert stream["audio"]["codec"] == "mp4a.40.2" and stream["audio"]["rate_hz"] == 44100
    finally:
        publisher.close()


def test_what_goes_through_is_told_at_connect(vigild):
    client = RtmpClient(vigild.address("rtmp"))
    client.connect()
    client.wait_bytes(rb"(?s)objectEncoding")
    words = client.received
    client.close()
    for name in (b"fourCcList", b"videoFourCcInfoMap", b"audioFourCcInfoMap", b"capsEx", b"hvc1",
                 b"av01", b"Opus"):
        assert name in words


# --- ?codecs= ---------------------------------------------------------------------------------------

def test_a_codec_a_player_cannot_show_is_said_first(vigild, push, watch, h265_tags):
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID), h265_tags)
    vigild.wait_stage(DID, "playing")
    token = vigild.view_token(DID)
    path = f"/live/{DID}.flv?codecs=avc1,av01,mp4a"
    viewer = watch(DID, "", f"{path}&token={token}")
    assert viewer.wait_status() == 415
    problem = json.loads(viewer.problem)
    assert problem["type"] == "/problems/codec-unsupported"
    assert problem["detail"].startswith("hvc1.1.6")
    reader, code, name = watch_websocket(vigild, f"{path}&token={token}")
    assert (code, name) == (4006, "codec-unsupported") and not reader.tags
    assert vigild.metric("view_codec_total") == 2
    wait_for(lambda: vigild.metric("viewers") == 0, what="no viewers")


@pytest.mark.parametrize("codecs", ["avc1,hvc1", "hvc1.1.6", "hev1, hvc1", ""])
def test_a_codec_in_the_list_is_shown(vigild, push, watch, h265_tags, codecs):
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID), h265_tags)
    query = f"/live/{DID}.flv?codecs={codecs.replace(' ', '%20')}&token={vigild.view_token(DID)}"
    viewer = watch(DID, "", query)
    wait_for(lambda: len(viewer.reader.tags) > 20 or viewer.is_ended, what="pictures")
    assert viewer.status == 200
    _, code, _ = watch_websocket(vigild, query, 1)
    assert code is None


def test_who_asks_early_waits_until_the_codec_is_known(vigild, make_device, push, watch, h265_tags):
    device = make_device(DID, answer=lambda data: {name: {"code": 0} for name in data}).go_online()
    viewer = watch(DID, "", f"/live/{DID}.flv?codecs=avc1&token={vigild.view_token(DID)}")
    token = device.next_action()["token"]
    assert viewer.status is None
    push(DID, token, h265_tags)
    assert viewer.wait_status() == 415


def test_a_list_ends_at_its_limit(vigild, push, watch, clip_tags):
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID))
    token = vigild.view_token(DID)
    at_limit = ("avc1," * 51)[:255]
    watch(DID, "", f"/live/{DID}.flv?codecs={at_limit}&token={token}").wait_frames(1)
    past = watch(DID, "", f"/live/{DID}.flv?codecs={at_limit}x&token={token}")
    assert past.wait_status() == 400 and json.loads(past.problem)["field"] == "codecs"


# --- what changes under way -------------------------------------------------------------------------

def behind(tags, config):
    """The pictures after the last of these configurations."""
    seen = bodies(tags, VIDEO)
    return seen[len(seen) - seen[::-1].index(config):] if config in seen else []


def test_a_change_of_codec_and_size_goes_to_those_who_watch(vigild, push, watch, play, clip_tags,
                                                            tmp_path, av1_tags):
    vigild.add_device(DID)
    pusher = push(DID, vigild.push_token(DID))
    viewer, player = watch(DID).wait_frames(10), play().wait_frames(10)
    large = read_tags(make_clip(tmp_path / "large.flv", size="640x360").read_bytes())
    for tags, width in ((large, 640), (av1_tags, 320)):
        pusher.use(tags)
        config = next(tag.body for tag in tags if tag.kind == VIDEO)
        for reader in (viewer.reader, player):
            wait_for(lambda: behind(reader.tags, config), 10, "pictures")
            assert behind(reader.tags, config)[0] == bodies(tags, VIDEO)[1], "a key frame follows"
        assert vigild.stream(DID)["video"]["width"] == width
    player.assert_steady()
    late = watch(DID)
    wait_for(lambda: len(bodies(late.reader.tags, VIDEO)) > 3, what="pictures")
    assert bodies(late.reader.tags, VIDEO)[0] == av1_tags[0].body


@pytest.mark.parametrize("jump_ms", [5000, 3_600_000, 17_000_000, -2000, -3_600_000])
def test_times_that_jump_are_made_steady(vigild, push, watch, play, clip_tags, jump_ms):
    """By seconds, by hours (past 24 bits too), backwards: nobody's picture stops or goes back."""
    vigild.add_device(DID)
    start = 4_000_000
    tags = [Tag(tag.kind, tag.timestamp_ms + start, tag.body) for tag in clip_tags]
    client = RtmpClient(vigild.address("rtmp"))
    assert client.publish(f"{DID}?token={vigild.push_token(DID)}")
    for tag in tags:
        client.send_tag(tag)
    viewer, player = watch(DID), play()
    viewer.wait_frames(5)
    player.wait_frames(5)
    seen = len(viewer.reader.frames()), len(player.frames())
    for tag in tags:
        client.send_tag(tag, tag.timestamp_ms + jump_ms + 2000)
    viewer.wait_frames(seen[0] + 40)
    player.wait_frames(seen[1] + 40)
    for kind in (VIDEO, AUDIO):
        times = [tag.timestamp_ms for tag in viewer.reader.frames(kind)]
        steps = [b - a for a, b in zip(times, times[1:])]
        assert all(0 <= step <= 10_000 for step in steps), steps
    player.assert_steady()
    client.close()


def test_a_push_killed_inside_a_frame_harms_nobody(vigild, push, watch, play, clip_tags):
    vigild.add_device(DID)
    token = vigild.push_token(DID)
    client = RtmpClient(vigild.address("rtmp"))
    assert client.publish(f"{DID}?token={token}")
    for tag in clip_tags:
        client.send_tag(tag)
    viewer, player = watch(DID).wait_frames(10), play().wait_frames(10)
    head = bytes([6]) + bytes(3) + (50000).to_bytes(3, "big") + b"\x09" + b"\x01\0\0\0"
    client.send(head + b"\x17\x01\x00\x00\x00" + bytes(20000))
    client.close()
    wait_for(lambda: vigild.metric("publishers") == 0, what="the push's end")
    push(DID, token)
    seen = len(viewer.reader.frames()), len(player.frames())
    viewer.wait_frames(seen[0] + 20)
    player.wait_frames(seen[1] + 20)
    times = [tag.timestamp_ms for tag in viewer.reader.frames()]
    assert times == sorted(times), "the next push goes on where the last ended"
    known = set(bodies(clip_tags, VIDEO)) | set(bodies(clip_tags, AUDIO))
    for tags in (viewer.reader.tags, player.tags):
        assert all(tag.body in known for tag in tags if tag.kind != SCRIPT)
    player.assert_steady()
