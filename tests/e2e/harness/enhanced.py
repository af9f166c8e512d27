# SPDX-License-Identifier: Apache-2.0
"""FLV tags of the codecs that ffmpeg cannot write into FLV: enhanced RTMP by the byte."""
import json
import subprocess

from harness.flv import AUDIO, VIDEO, Tag

SEQUENCE_START, CODED_FRAMES, CODED_FRAMES_X = 0, 1, 3
OPUS_HEAD = b"OpusHead\x01\x01" + (312).to_bytes(2, "little") + (48000).to_bytes(4, "little") + bytes(3)


def encode(path, *arguments, source="testsrc=s=320x180:r=25:d=2"):
    """An MP4 by ffmpeg, a key frame each second."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *arguments, path],
                   check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return path


def make_av1(path):
    return encode(path, "-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-g", "25",
                  "-b:v", "200k", "-pix_fmt", "yuv420p")


def make_h265(path):
    """With B frames, without the encoder's words about itself."""
    return encode(path, "-c:v", "libx265", "-tag:v", "hvc1", "-pix_fmt", "yuv420p",
                  "-preset", "ultrafast", "-x265-params", "log-level=error:info=0:keyint=25:bframes=2")


def make_opus(path):
    return encode(path, "-c:a", "libopus", "-b:a", "32k", source="sine=d=2:r=48000")


def record(path, box):
    """The configuration in the box of that name ("av1C")."""
    data = path.read_bytes()
    at = data.index(box.encode())
    return data[at + 4:at - 4 + int.from_bytes(data[at - 4:at], "big")]


def packets(path):
    """(decoding time, showing time, is a key frame, bytes) in milliseconds, in order."""
    data = path.read_bytes()
    output = subprocess.run(["ffprobe", "-v", "error", "-show_packets", "-of", "json", path],
                            check=True, capture_output=True).stdout
    for packet in json.loads(output)["packets"]:
        at, size = int(packet["pos"]), int(packet["size"])
        times = (round(float(packet[name]) * 1000) for name in ("dts_time", "pts_time"))
        yield *times, "K" in packet["flags"], data[at:at + size]


def video_head(four_cc, is_key, kind, composition_ms=0):
    """The first bytes of a body: with a FourCC, or the old number 12 for H.265."""
    frame = 1 if is_key else 2
    if four_cc == "12":
        return bytes([frame << 4 | 12, kind]) + composition_ms.to_bytes(3, "big")
    head = bytes([0x80 | frame << 4 | kind]) + four_cc.encode()
    if kind == CODED_FRAMES and four_cc in ("avc1", "hvc1"):
        head += composition_ms.to_bytes(3, "big")
    return head


def video_tags(path, four_cc, box):
    """The clip as encoders send it: H.265's frames without a delay as CodedFramesX, AV1's never."""
    tags = [Tag(VIDEO, 0, video_head(four_cc, True, SEQUENCE_START) + record(path, box))]
    first = None
    for dts, pts, is_key, body in packets(path):
        first = dts if first is None else first
        kind = CODED_FRAMES
        if four_cc == "hvc1" and pts == dts:
            kind = CODED_FRAMES_X
        tags.append(Tag(VIDEO, dts - first, video_head(four_cc, is_key, kind, pts - dts) + body))
    return tags


def audio_tags(frames, four_cc, head, step_ms=20):
    """Sound by its FourCC: the configuration, then the frames one after the other."""
    tags = [Tag(AUDIO, 0, b"\x90" + four_cc.encode() + head)]
    return tags + [Tag(AUDIO, at * step_ms, b"\x91" + four_cc.encode() + frame)
                   for at, frame in enumerate(frames)]


def is_sequence_start(tag):
    body = tag.body
    if tag.kind == VIDEO and body[0] & 0x0F == 12 and not body[0] & 0x80:
        return body[1] == SEQUENCE_START
    return body[0] & (0x80 if tag.kind == VIDEO else 0xF0) in (0x80, 0x90) and \
        body[0] & 0x0F == SEQUENCE_START
