# SPDX-License-Identifier: Apache-2.0
"""Thumbnails of live streams: what they show, who makes them, and what a failure of that costs."""
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import time

import pytest

from harness.flv import Tag, make_clip, read_tags
from harness.process import program_path, wait_for
from harness.rtmp import Pusher

DID = "CAM0001"
OTHER = "CAM0002"


def problem_of(answer):
    return answer.json()["type"].rsplit("/", 1)[-1]


def gray(data, kind="mjpeg"):
    """(width, height, brightness of each pixel) of a picture, as ffmpeg sees it."""
    probe = subprocess.run(["ffprobe", "-v", "error", "-f", kind, "-show_entries",
                            "stream=width,height", "-of", "csv=p=0", "-"], input=data, check=True,
                           capture_output=True, timeout=20).stdout.decode().split("\n")[0]
    width, height = map(int, probe.split(","))
    pixels = subprocess.run(["ffmpeg", "-v", "error", "-f", kind, "-i", "-", "-frames:v", "1", "-f",
                             "rawvideo", "-pix_fmt", "gray", "-"], input=data, check=True,
                            capture_output=True, timeout=20).stdout
    assert len(pixels) == width * height
    return width, height, pixels


def spread(pixels):
    mean = sum(pixels) / len(pixels)
    return (sum((one - mean) ** 2 for one in pixels) / len(pixels)) ** 0.5


def difference(one, other):
    return sum(abs(a - b) for a, b in zip(one, other)) / len(one)


def helpers(vigild):
    """The ids of the vigil-media that this server started."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = path.read_text().rsplit(") ", 1)
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if name.endswith("(vigil-media") and int(parent) == vigild.pid and state != "Z":
            found.append(int(path.parent.name))
    return sorted(found)


@pytest.fixture
def thumbnail(vigild):
    def get(did=DID, query="", **options):
        return vigild.api("GET", f"/v2/devices/{did}/thumbnail.jpeg{query}", **options)
    return get


@pytest.fixture
def stream(vigild, push):
    """stream("CAM1"): a device that pushes by itself; its picture is there."""
    def start(did=DID, tags=None):
        vigild.add_device(did)
        pusher = push(did, vigild.push_token(did), tags)
        vigild.wait_stage(did, "playing")
        return pusher
    return start


def garbage(tags):
    """The same stream with key frames that are none inside."""
    return [Tag(tag.kind, tag.timestamp_ms, tag.body[:9] + b"\xa5" * (len(tag.body) - 9))
            if tag.is_key else tag for tag in tags]


def test_the_picture_of_a_camera(vigild, start_camera, watch, thumbnail):
    start_camera(DID)
    wait_for(lambda: vigild.presence(DID)["online"], 20, "the camera's link")
    viewer = watch(DID)
    viewer.wait_frames(3)
    answer = thumbnail()
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "private, max-age=5"
    width, height, pixels = gray(answer.content)
    assert (width, height) == (320, 180) and spread(pixels) > 10
    assert vigild.stream(DID)["viewers"] == 1


def test_it_shows_what_is_pushed(stream, thumbnail, clip):
    stream()
    answer = thumbnail()
    assert answer.status_code == 200, answer.text
    width, height, shown = gray(answer.content)
    assert (width, height) == (320, 180)
    _, _, pushed = gray(clip.read_bytes(), "flv")
    assert difference(shown, pushed) < 8 and spread(shown) > 30


def test_it_is_never_enlarged_and_its_width_has_limits(stream, thumbnail):
    stream()
    for width, wanted in ((80, (80, 45)), (1280, (320, 180))):
        assert gray(thumbnail(query=f"?width={width}").content)[:2] == wanted
    for width in ("79", "1281", "", "x", "-1"):
        answer = thumbnail(query=f"?width={width}")
        assert answer.status_code == 400 and answer.json()["field"] == "width"
    assert thumbnail(query=f"?key={DID}").status_code == 200
    for key in (OTHER, f"{DID}X", "_"):
        answer = thumbnail(query=f"?key={key}")
        assert answer.status_code == 400 and answer.json()["field"] == "key"
    answer = thumbnail(query=f"?key={DID}_replay_1_0_20260101000000_20260101000100")
    assert (answer.status_code, problem_of(answer)) == (409, "not-live")


def test_a_replay_has_its_own(vigild, stream, push, thumbnail, tmp_path):
    key = f"{DID}_replay_1_0_20260101000000_20260101000100"
    stream()
    pusher = push(key, vigild.push_token(DID),
                  read_tags(make_clip(tmp_path / "small.flv", size="160x120").read_bytes()))
    assert pusher.code == "NetStream.Publish.Start"
    answer = wait_for(lambda: next((one for one in [thumbnail(query=f"?key={key}")]
                                    if one.status_code == 200), None), 5, "the replay's picture")
    assert gray(answer.content)[:2] == (160, 120)
    assert gray(thumbnail().content)[:2] == (320, 180)


def test_nothing_is_started_for_it(vigild, device, thumbnail):
    answer = thumbnail(device.did)
    assert (answer.status_code, problem_of(answer)) == (409, "not-live")
    assert vigild.stream(device.did) is None and vigild.metric("command_sent_total") == 0
    assert helpers(vigild) == [] and vigild.metric("media_children") == 0


def test_who_may_see_it(vigild, stream, thumbnail):
    stream()
    vigild.add_device(OTHER)
    token = vigild.view_token(DID)
    assert thumbnail(query=f"?token={token}", token="").status_code == 200
    assert thumbnail(token="").status_code == 401
    assert thumbnail(query="?width=1", token="").status_code == 401
    for one, whose in ((DID, vigild.view_token(OTHER)), (OTHER, token), ("CAM0003", None)):
        assert thumbnail(one, token=whose).status_code == 404
    assert thumbnail(token=vigild.push_token(DID)).status_code == 403
    assert vigild.api("HEAD", f"/v2/devices/{DID}/thumbnail.jpeg").content == b""
    assert token not in vigild.log


def test_a_hundred_callers_cost_one_decoding(vigild, stream, thumbnail):
    stream()
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: thumbnail(), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    # A key frame comes each second, and a picture of an older one is good for two.
    assert vigild.metric("thumbnail_decodes_total") <= 1 + (time.monotonic() - began) // 2
    assert vigild.metric("thumbnails_total") == 100


def test_it_is_kept_for_a_moment(vigild, stream, thumbnail):
    stream()
    first = thumbnail().content
    assert thumbnail().content == first
    decodes = vigild.metric("thumbnail_decodes_total")
    vigild.advance(2000)
    wait_for(lambda: thumbnail().content and
             vigild.metric("thumbnail_decodes_total") == decodes + 1, 5, "a newer picture")


def test_a_broken_key_frame_costs_itself(vigild, stream, thumbnail, clip_tags):
    pusher = stream(tags=garbage(clip_tags))
    stream(OTHER)
    answer = thumbnail()
    assert (answer.status_code, problem_of(answer)) == (502, "media-failed"), answer.text
    assert "key frame" in answer.json()["detail"]
    assert thumbnail(OTHER).status_code == 200
    pusher.use(clip_tags)
    wait_for(lambda: thumbnail().status_code == 200, 10, "a thumbnail of the next key frame")
    assert vigild.metric("media_restarts_total") == 0
    assert vigild.metric("thumbnail_failed_total") >= 1


@pytest.fixture
def stopped_helper(vigild, stream, thumbnail):
    """The helper that made one thumbnail already, stopped as if it hung; others are not."""
    stream()
    stream(OTHER)
    assert thumbnail(query="?width=100").status_code == 200
    (helper,) = helpers(vigild)
    os.kill(helper, signal.SIGSTOP)
    yield helper
    if vigild.is_running() and helper in helpers(vigild):
        os.kill(helper, signal.SIGKILL)


def lose_one(vigild, thumbnail, thing):
    """Asks for a thumbnail that `thing` costs, and meanwhile for the other camera's."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        lost = pool.submit(thumbnail)
        time.sleep(0.2)
        other = pool.submit(thumbnail, OTHER)
        assert other.result(10).status_code == 200
        thing()
        answer = lost.result(10)
    assert (answer.status_code, problem_of(answer)) == (502, "media-failed"), answer.text
    assert vigild.metric("thumbnail_failed_total") == 1
    assert vigild.metric("media_restarts_total") == 1
    assert thumbnail(OTHER, "?width=120").status_code == 200
    wait_for(lambda: thumbnail().status_code == 200, 10, "the next thumbnail")
    assert vigild.metric("thumbnail_failed_total") == 1
    assert vigild.log.count("media.ended") == 1
    return answer.json()["detail"]


def test_a_helper_that_dies_costs_one_thumbnail(vigild, stopped_helper, thumbnail):
    detail = lose_one(vigild, thumbnail, lambda: os.kill(stopped_helper, signal.SIGKILL))
    assert "signal 9" in detail


def test_a_helper_that_hangs_costs_one_thumbnail(vigild, stopped_helper, thumbnail):
    began = time.monotonic()
    detail = lose_one(vigild, thumbnail, lambda: None)
    assert "no answer in time" in detail and time.monotonic() - began < 9
    assert stopped_helper not in helpers(vigild)


def test_an_idle_helper_ends(vigild, stream, thumbnail):
    stream()
    assert thumbnail().status_code == 200 and len(helpers(vigild)) == 1
    vigild.advance(60_000)
    wait_for(lambda: not helpers(vigild), 5, "the helper's end")
    assert vigild.metric("media_restarts_total") == 0 and vigild.metric("media_children") == 0
    stream(OTHER)  # the first may have been cut for its silence
    assert thumbnail(OTHER).status_code == 200


def test_the_server_ends_while_a_helper_hangs(vigild, stopped_helper, thumbnail):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(thumbnail)
        time.sleep(0.2)
        vigild.stop()
        assert asked.exception(10) or asked.result().status_code in (502, 503)
    wait_for(lambda: not pathlib.Path(f"/proc/{stopped_helper}").exists(), 5, "the helper's end")


def test_the_helper_is_in_its_sandbox(vigild, stream, thumbnail):
    stream()
    assert thumbnail().status_code == 200
    (helper,) = helpers(vigild)
    proc = pathlib.Path(f"/proc/{helper}")
    status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines()
                  if ":\t" in line)
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1" and status["Threads"] == "1"
    limits = {line[:26].strip(): line[26:].split()[:2] for line in
              (proc / "limits").read_text().splitlines()}
    assert limits["Max open files"] == ["3", "3"]
    for name in ("Max file size", "Max processes", "Max core file size"):
        assert limits[name] == ["0", "0"], name
    assert limits["Max cpu time"] == ["600", "600"]
    least = int(status["VmSize"].split()[0]) << 10
    assert all(least < int(most) < least + (600 << 20) for most in limits["Max address space"])
    if os.geteuid() == 0:  # it is not dumpable: for others these are closed
        assert sorted(path.name for path in (proc / "fd").iterdir()) == ["0", "1", "2"]
        assert (proc / "environ").read_bytes().strip(b"\0") == b""


def test_without_the_helper_all_else_works(start_vigild, programs, clip_tags):
    vigild = start_vigild("--media-helper=/nonexistent/vigil-media")
    assert vigild.log.count("media.absent") == 1
    vigild.add_device(DID)
    pusher = Pusher(vigild.address("rtmp"), f"{DID}?token={vigild.push_token(DID)}", clip_tags)
    try:
        vigild.wait_stage(DID, "playing")
        for _ in range(3):
            answer = vigild.api("GET", f"/v2/devices/{DID}/thumbnail.jpeg")
            assert (answer.status_code, problem_of(answer)) == (503, "media-unavailable")
            assert "media.helper" in answer.json()["detail"]
            assert "Retry-After" in answer.headers
    finally:
        pusher.close()
    assert vigild.log.count("media.absent") == 1


def test_the_server_itself_has_no_decoder():
    libraries = {name: subprocess.run(["ldd", program_path(name)], check=True, capture_output=True,
                                      timeout=20).stdout.decode()
                 for name in ("vigild", "vigil-media")}
    assert "libavcodec" in libraries["vigil-media"]
    for name in ("libav", "libsw", "dav1d", "x264", "x265"):
        assert name not in libraries["vigild"]
