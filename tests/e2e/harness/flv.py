# SPDX-License-Identifier: Apache-2.0
"""FLV by the book: a clip made by ffmpeg, and a reader that complains of anything out of order."""
import struct
import subprocess

AUDIO, VIDEO, SCRIPT = 8, 9, 18


class Tag:
    def __init__(self, kind, timestamp_ms, body):
        self.kind, self.timestamp_ms, self.body = kind, timestamp_ms, body

    @property
    def is_config(self):
        """A codec's configuration: AVC or AAC sequence header."""
        return self.kind in (AUDIO, VIDEO) and len(self.body) > 1 and self.body[1] == 0

    @property
    def is_key(self):
        return self.kind == VIDEO and self.body[0] >> 4 == 1 and self.body[1] == 1


class Reader:
    """feed() bytes as they come; .tags are the whole ones so far."""

    def __init__(self):
        self.buffer, self.tags, self.has_head = b"", [], False

    def feed(self, data):
        self.buffer += data
        if not self.has_head and len(self.buffer) >= 13:
            assert self.buffer[:4] == b"FLV\x01" and self.buffer[9:13] == bytes(4)
            self.has_head, self.buffer = True, self.buffer[13:]
        while self.has_head and len(self.buffer) >= 15:
            kind, size = self.buffer[0], int.from_bytes(self.buffer[1:4], "big")
            assert kind in (AUDIO, VIDEO, SCRIPT), f"no FLV tag: {self.buffer[:16].hex()}"
            if len(self.buffer) < 15 + size:
                return
            stamp = int.from_bytes(self.buffer[4:7], "big") | self.buffer[7] << 24
            (tail,) = struct.unpack(">I", self.buffer[11 + size:15 + size])
            assert tail == 11 + size
            self.tags.append(Tag(kind, stamp, self.buffer[11:11 + size]))
            self.buffer = self.buffer[15 + size:]

    def keys(self):
        return [tag for tag in self.tags if tag.is_key]

    def frames(self, kind=VIDEO):
        return [tag for tag in self.tags if tag.kind == kind and not tag.is_config]


def read_tags(data):
    reader = Reader()
    reader.feed(data)
    return reader.tags


def hurried(clip_tags, seconds):
    """The clip again and again as one long one, to be pushed as fast as it goes."""
    length = clip_tags[-1].timestamp_ms + 40
    turns = int(seconds * 1000 / length) + 1
    return [Tag(tag.kind, turn * length + tag.timestamp_ms, tag.body)
            for turn in range(turns) for tag in clip_tags]


def heavy(tags, key_bytes=12_000, bytes_each=4000):
    """The clip with frames that fill a socket soon; large ones fill it in the middle of one."""
    return [Tag(tag.kind, tag.timestamp_ms, tag.body + bytes(key_bytes if tag.is_key else bytes_each))
            if tag.kind == VIDEO and not tag.is_config else tag for tag in tags]


def make_clip(path, size="320x180", seconds=2, video=True, audio=True, rate="300k"):
    """H.264 with a key frame each second, and AAC."""
    command = ["ffmpeg", "-v", "error", "-y"]
    if video:
        command += ["-f", "lavfi", "-i", f"testsrc=s={size}:r=25:d={seconds}"]
    if audio:
        command += ["-f", "lavfi", "-i", f"sine=d={seconds}"]
    if video:
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25",
                    "-b:v", rate, "-pix_fmt", "yuv420p"]
    if audio:
        command += ["-c:a", "aac", "-b:a", "48k"]
    subprocess.run([*command, "-f", "flv", path], check=True, stdin=subprocess.DEVNULL)
    return path
