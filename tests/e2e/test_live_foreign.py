# SPDX-License-Identifier: Apache-2.0
"""What others make of our outputs: ffmpeg and GStreamer read each; foreign programs push by TLS."""
import asyncio
import json
import shutil
import subprocess
import time

import pytest
import websockets

from harness.flv import VIDEO
from harness.hls import Session
from harness.media import Publisher, probe
from harness.viewer import websocket_url

DID = "CAM0001"
DECODE = ("flvdemux name=d d.video ! queue ! h264parse ! openh264dec ! fakesink name=picture sync=false"
          " d.audio ! queue ! aacparse ! faad ! fakesink name=sound sync=false")


@pytest.fixture
def streaming(vigild, push):
    vigild.add_device(DID)
    return push(DID, vigild.push_token(DID))


def address(vigild, key=DID):
    return f"/live/{key}.flv?token={vigild.view_token(DID)}"


def assert_decoded(done):
    words = done.stdout.decode(errors="replace")
    assert done.returncode == 0, (words, done.stderr)
    assert "picture.GstPad:sink: caps = video/x-raw" in words
    assert "sound.GstPad:sink: caps = audio/x-raw" in words, (words[-4000:], done.stderr)


def gst(*arguments, **options):
    return subprocess.run(["gst-launch-1.0", "-v", *arguments], capture_output=True, timeout=40, **options)


async def receive(vigild, sink, seconds):
    async with websockets.connect(websocket_url(vigild, address(vigild)), max_size=None) as peer:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            sink(await asyncio.wait_for(peer.recv(), 10))


@pytest.fixture
def seen_by_websocket(vigild, streaming, tmp_path):
    """Three seconds as a foreign WebSocket client received them: messages end to end, nothing else."""
    path = tmp_path / "seen.flv"
    with path.open("wb") as file:
        asyncio.run(receive(vigild, file.write, 3))
    return path


def test_gstreamer_reads_http_flv(vigild, streaming):
    assert_decoded(gst("souphttpsrc", f"location={vigild.http}{address(vigild)}", "num-buffers=300", "!",
                       *DECODE.split(), stdin=subprocess.DEVNULL))


def test_ffmpeg_reads_http_flv_as_it_comes(vigild, streaming):
    streams, packets = probe(vigild.http + address(vigild), 2)
    assert (streams["video"]["codec_name"], streams["audio"]["codec_name"]) == ("h264", "aac")
    for kind in ("video", "audio"):
        times = [float(packet["dts_time"]) for packet in packets if packet["codec_type"] == kind]
        assert len(times) > 20 and times == sorted(times)


def test_ffmpeg_reads_websocket_flv(seen_by_websocket):
    found = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-count_frames", "-of", "json", "-"],
                           stdin=seen_by_websocket.open("rb"), check=True, timeout=20, capture_output=True)
    assert found.stderr == b""
    streams = {one["codec_name"]: one for one in json.loads(found.stdout)["streams"]}
    assert set(streams) == {"h264", "aac"}
    assert int(streams["h264"]["nb_read_frames"]) > 40 and int(streams["aac"]["nb_read_frames"]) > 40


def test_gstreamer_reads_websocket_flv(seen_by_websocket):
    with seen_by_websocket.open("rb") as file:
        assert_decoded(gst("fdsrc", "fd=0", "!", *DECODE.split(), stdin=file))


def test_gstreamer_decodes_picture_and_sound_of_hls(vigild, push):
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID), speed=2)
    session = Session(vigild, DID).open()
    session.wait_segments(3)
    decode = ("hlsdemux ! qtdemux name=d"
              " d.video_0 ! queue ! h264parse ! openh264dec ! fakesink name=picture sync=false"
              " d.audio_0 ! queue ! aacparse ! faad ! fakesink name=sound sync=false")
    done = subprocess.run(["timeout", "8", "gst-launch-1.0", "-v", "souphttpsrc",
                           f"location={vigild.http}{session.address}", "!", *decode.split()],
                          capture_output=True, timeout=40, stdin=subprocess.DEVNULL)
    words = done.stdout.decode(errors="replace")
    assert "picture.GstPad:sink: caps = video/x-raw" in words, (words[-3000:], done.stderr)
    assert "sound.GstPad:sink: caps = audio/x-raw" in words, (words[-3000:], done.stderr)


@pytest.fixture
def secure(start_vigild, certificate):
    vigild = start_vigild("--tls-cert", certificate[0], "--tls-key", certificate[1])
    vigild.add_device(DID)
    return vigild


def rtmps(vigild, token):
    return f"rtmps://localhost:{vigild.address('rtmps')[1]}/live/{DID}?token={token}"


FFMPEG = ("ffmpeg -v error -re -stream_loop -1 -i {clip} -c copy -f flv {url}").split()
GSTREAMER = ("gst-launch-1.0 -q flvmux name=mux streamable=true ! rtmp2sink tls-validation-flags=0"
             " location={url} videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=15/1 !"
             " x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse ! mux."
             " audiotestsrc is-live=true ! voaacenc ! mux.").split()


@pytest.mark.parametrize("command", [FFMPEG, GSTREAMER], ids=["ffmpeg", "rtmp2sink"])
def test_foreign_programs_push_and_play_by_tls(secure, clip, command):
    url = rtmps(secure, secure.push_token(DID))
    publisher = Publisher([word.format(clip=clip, url=url) for word in command])
    try:
        secure.wait_stage(DID, "playing", 15)
        token = secure.view_token(DID)
        for out in (rtmps(secure, token), f"https://localhost:{secure.address('https')[1]}/live/{DID}.flv"
                    f"?token={token}"):
            streams, packets = probe(out)
            assert (streams["video"]["codec_name"], streams["video"]["height"]) == ("h264", 180)
            assert streams["audio"]["codec_name"] == "aac" and len(packets) > 20
    finally:
        words = publisher.close()
    assert "rror" not in words, words


@pytest.mark.skipif(not shutil.which("rtmpdump"), reason="no rtmpdump here")
def test_librtmp_plays_by_tls(secure, clip, tmp_path):
    url = rtmps(secure, secure.push_token(DID))
    publisher = Publisher([word.format(clip=clip, url=url) for word in FFMPEG])
    try:
        secure.wait_stage(DID, "playing", 15)
        path = tmp_path / "seen.flv"
        subprocess.run(["timeout", "8", "rtmpdump", "-q", "--live", "-B", "2", "-r",
                        rtmps(secure, secure.view_token(DID)), "-o", path], capture_output=True,
                       stdin=subprocess.DEVNULL)
        streams, _ = probe(path)
        assert streams["video"]["codec_name"] == "h264"
    finally:
        publisher.close()


def test_what_each_output_carries_is_the_same(vigild, streaming, watch):
    """A picture read over HTTP is, byte by byte, one that was pushed."""
    sent = {tag.body for tag in streaming.tags if tag.kind == VIDEO}
    viewer = watch(DID).wait_frames(30)
    assert {tag.body for tag in viewer.reader.frames()} <= sent
