# SPDX-License-Identifier: Apache-2.0
"""HLS for phones: sessions, playlists and parts, read by the book and by foreign players."""
import calendar
import json
import subprocess
import time

import pytest

from harness.flv import make_clip, read_tags
from harness.hls import Session, boxes, decode_times
from harness.media import ffmpeg_push
from harness.process import wait_for

DID = "CAM0001"
PATHS = ("/live/{}.m3u8", "/v2/media/live/{}.m3u8", "/v2/meida/live/{}.m3u8")


@pytest.fixture
def streaming(vigild, push):
    """A device that pushes by itself, quicker than it should: what is waited for comes soon."""
    vigild.add_device(DID)
    return push(DID, vigild.push_token(DID), speed=4)


@pytest.fixture
def session(vigild, streaming):
    return Session(vigild, DID).open()


def test_every_address_opens_a_session(vigild, streaming):
    for path in PATHS:
        session = Session(vigild, DID, path=path).open()
        head, _, variant = session.multivariant.strip().splitlines()[1:]
        assert 'CODECS="avc1.42c00d,mp4a.40.2"' in session.multivariant
        assert "RESOLUTION=320x180" in session.multivariant and "BANDWIDTH=" in session.multivariant
        assert head == "#EXT-X-VERSION:7" and variant.startswith(f"{DID}/hls/")
        assert session.media().segments
    assert vigild.stream(DID)["viewers_by"] == {"flv": 0, "websocket": 0, "rtmp": 0, "hls": 3}


def test_a_playlist_says_all_a_player_needs(session):
    media = session.wait_segments(3)
    assert media.attributes["VERSION"] == "7" and media.attributes["TARGETDURATION"] == "2"
    assert media.attributes["PART-INF"] == "PART-TARGET=0.350"
    assert media.attributes["SERVER-CONTROL"] == "CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.050"
    assert media.number("MEDIA-SEQUENCE") == 0 and media.number("DISCONTINUITY-SEQUENCE") == 0
    assert media.maps == ["init-1.mp4"] and not media.breaks
    assert len(media.dates) >= len(media.segments)
    for name, duration in media.segments:
        parts = [length for part, length, _ in media.parts if part.split(".")[0] == name.split(".")[0]]
        assert duration <= 2.5 and sum(parts) == pytest.approx(duration, abs=0.002)
    assert all(0 < length <= 0.350 for _, length, _ in media.parts)
    firsts = [independent for part, _, independent in media.parts if part.split(".")[1] == "0"]
    assert all(firsts) and len(firsts) >= 3


def test_parts_make_segments_and_times_go_on(session):
    media = session.wait_segments(3)
    init = session.file(media.maps[0])
    assert [kind for kind, _ in boxes(init.content)] == ["ftyp", "moov"]
    last = {1: -1, 2: -1}
    for name, _ in media.segments[-3:]:
        number = name.split(".")[0]
        whole = session.file(name).content
        parts = [session.file(part).content for part, _, _ in media.parts
                 if part.split(".")[0] == number]
        assert b"".join(parts) == whole
        for part in parts:
            for track, ticks in decode_times(part).items():
                assert ticks > last[track]
                last[track] = ticks


def test_headers_fit_what_changes_and_what_does_not(session):
    media = session.media()
    playlist, segment = session.file("media.m3u8?_HLS_msn=0"), session.file(media.segments[0][0])
    assert playlist.headers["Cache-Control"] == "no-store"
    assert segment.headers["Content-Type"] == "video/mp4"
    assert segment.headers["Cache-Control"].startswith("private, max-age=")
    for answer in (playlist, segment, session.file("init-1.mp4")):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    head = session.file(media.segments[0][0], method="HEAD")
    assert head.content == b"" and int(head.headers["Content-Length"]) == len(segment.content)
    first = session.get(session.address, method="HEAD")
    assert first.status_code == 200 and not first.content


def test_a_reload_waits_for_its_part(session):
    media = session.follow(1)
    began = time.monotonic()
    for _ in range(6):
        wanted = media.next
        media = session.media(*wanted)
        assert media.next > wanted
    assert 0.3 < time.monotonic() - began < 3
    media = session.media(media.next[0])  # the segment whole
    assert time.monotonic() - began < 5


def test_a_hinted_part_is_waited_for(session):
    for _ in range(4):
        media = session.media(*session.follow(0).next)
        answer = session.file(media.hint)
        assert answer.status_code == 200 and dict(boxes(answer.content)).keys() == {"moof", "mdat"}


def test_too_far_ahead_is_refused_and_the_limit_is_not(vigild, session):
    segment, part = session.follow(0).next
    for query in (f"_HLS_msn={segment + 3}", f"_HLS_msn={segment}&_HLS_part={part + 30}",
                  "_HLS_msn=x", "_HLS_part=1", "_HLS_msn=-1"):
        assert session.file("media.m3u8?" + query).status_code == 400, query
    assert session.media(segment + 1).segments[-1][0] == f"{segment + 1}.m4s"


def test_who_polls_is_not_given_the_same_twice(session):
    media = [session.media() for _ in range(3)]
    ends = [one.segments[-1][0] for one in media]
    assert ends[0] != ends[1] != ends[2]


def test_the_picture_is_not_far_behind(vigild, push):
    """From the part's end, by the clock in the playlist, to its arrival here."""
    vigild.add_device(DID)
    push(DID, vigild.push_token(DID))
    media, behind = (session := Session(vigild, DID).open()).follow(2), []
    for _ in range(8):
        media = session.media(*media.next)
        number = media.parts[-1][0].split(".")[0]
        began = time.strptime(media.dates[-1][:19], "%Y-%m-%dT%H:%M:%S")
        open_ms = sum(length for part, length, _ in media.parts if part.split(".")[0] == number)
        shown = calendar.timegm(began) + float(media.dates[-1][19:23]) + open_ms
        behind.append(time.time() - shown)
    assert max(behind[2:]) < 0.5, behind


def test_a_session_opens_its_stream_and_no_other(vigild, session, push):
    vigild.add_device("OTHER")
    push("OTHER", vigild.push_token("OTHER"))
    own = session.folder.split("/")[-2]
    for path in (f"/live/OTHER/hls/{own}/media.m3u8", f"/live/{DID}/hls/{'A' * 22}/media.m3u8",
                 f"/live/{DID}/hls/{own}x/media.m3u8", session.folder + "other.m3u8",
                 session.folder + "999999.m4s", session.folder + "0.99.m4s",
                 session.folder + "init-99.mp4", session.folder + "1.2.3.m4s"):
        assert session.get(path).status_code == 404, path
    assert session.get(f"/live/{DID}.m3u8").status_code == 401
    other = Session(vigild, "OTHER", token=vigild.view_token(DID))
    assert other.get(other.address).status_code == 404
    assert own not in vigild.log


def probe(url):
    output = subprocess.run(["ffprobe", "-v", "error", "-read_intervals", "%+3", "-show_streams",
                             "-show_packets", "-of", "json", url], check=True, timeout=40,
                            capture_output=True).stdout
    found = json.loads(output)
    return {stream["codec_type"]: stream for stream in found["streams"]}, found["packets"]


def test_ffmpeg_reads_what_ffmpeg_pushed(vigild, clip):
    vigild.add_device(DID)
    publisher = ffmpeg_push(clip, f"{vigild.rtmp}/live/{DID}?token={vigild.push_token(DID)}")
    try:
        session = Session(vigild, DID).open()
        session.wait_segments(3)
        streams, packets = probe(vigild.http + session.address)
        assert streams["video"]["codec_name"] == "h264" and streams["video"]["width"] == 320
        assert streams["audio"]["codec_name"] == "aac"
        for kind in ("video", "audio"):
            times = [float(packet["dts_time"]) for packet in packets if packet["codec_type"] == kind]
            assert len(times) > 40 and times == sorted(times)
        assert next(p for p in packets if p["codec_type"] == "video")["flags"].startswith("K")
        decoded = subprocess.run(["ffmpeg", "-v", "warning", "-i", vigild.http + session.address,
                                  "-t", "3", "-f", "null", "-"], timeout=60, capture_output=True,
                                 check=True)
        # ffmpeg itself gives its demuxer the same header again at each reload.
        complaints = [line for line in decoded.stderr.decode().splitlines()
                      if "duplicated MOOV" not in line]
        assert not complaints, complaints
    finally:
        publisher.close()


def test_gstreamer_reads_it(vigild, session, tmp_path):
    path = tmp_path / "seen.h264"
    pipeline = (f"souphttpsrc location={vigild.http}{session.address} ! hlsdemux ! qtdemux name=q"
                " q.video_0 ! queue ! h264parse ! video/x-h264,stream-format=byte-stream !"
                f" filesink location={path}")
    subprocess.run(["timeout", "6", "gst-launch-1.0", "-q", *pipeline.split()], timeout=40,
                   capture_output=True)
    found = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json",
                            path], check=True, timeout=20, capture_output=True)
    assert int(json.loads(found.stdout)["streams"][0]["nb_read_frames"]) >= 100
