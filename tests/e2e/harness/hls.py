# SPDX-License-Identifier: Apache-2.0
"""A reader of HLS by the book: playlists line by line, segments box by box."""
import re
import struct
import time

import requests

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"


class Media:
    """A media playlist; .segments are whole ones, .parts of all, .hint is what is announced."""

    def __init__(self, text):
        self.text, lines = text, text.splitlines()
        assert lines[0] == "#EXTM3U", text
        self.segments, self.parts, self.breaks, self.maps, self.dates = [], [], [], [], []
        self.hint, self.attributes = None, {}
        duration = None
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if not line.startswith("#"):
                self.segments.append((line, duration))
            elif name == "#EXTINF":
                duration = float(value.rstrip(","))
            elif name == "#EXT-X-PART":
                self.parts.append((re.search('URI="([^"]+)"', value)[1],
                                   float(re.search("DURATION=([0-9.]+)", value)[1]),
                                   "INDEPENDENT=YES" in value))
            elif name == "#EXT-X-PRELOAD-HINT":
                self.hint = re.search('URI="([^"]+)"', value)[1]
            elif name == "#EXT-X-MAP":
                self.maps.append(re.search('URI="([^"]+)"', value)[1])
            elif name == "#EXT-X-DISCONTINUITY":
                self.breaks.append(len(self.segments))
            elif name == "#EXT-X-PROGRAM-DATE-TIME":
                self.dates.append(value)
            else:
                assert name not in self.attributes, f"{name} twice"
                self.attributes[name.removeprefix("#EXT-X-")] = value

    def number(self, name):
        return int(self.attributes[name])

    @property
    def next(self):
        """(segment, part) that the hint names."""
        return tuple(int(number) for number in self.hint.split(".")[:2])


class Session:
    """open() gets the first playlist; then media() and file() are below its address."""

    def __init__(self, vigild, key, token=None, path="/live/{}.m3u8", query=""):
        self.vigild, self.key = vigild, key
        token = vigild.view_token(key) if token is None else token
        self.path = path.format(key)
        self.address = f"{self.path}?token={token}{query}"
        self.folder, self.multivariant = None, None

    def get(self, path, method="GET", timeout=40):
        with requests.Session() as http:
            http.trust_env = False
            return http.request(method, self.vigild.http + path, timeout=timeout)

    def open(self):
        answer = self.get(self.address)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == PLAYLIST_TYPE
        self.multivariant = answer.text
        uri = answer.text.splitlines()[-1]
        self.folder = f"{self.path.rsplit('/', 1)[0]}/{uri.rsplit('/', 1)[0]}/"
        return self

    def file(self, name, **options):
        return self.get(self.folder + name, **options)

    def media(self, segment=None, part=None):
        query = "" if segment is None else f"?_HLS_msn={segment}"
        query += "" if part is None else f"&_HLS_part={part}"
        answer = self.file("media.m3u8" + query)
        assert answer.status_code == 200, answer.text
        return Media(answer.text)

    def follow(self, parts):
        """As a low-latency player does: waits for part after part; gives the last playlist."""
        media = self.media(*self.media().next)
        for _ in range(parts):
            media = self.media(*media.next)
        return media

    def wait_segments(self, count, limit_s=30):
        until, media = time.monotonic() + limit_s, self.media()
        while len(media.segments) < count and time.monotonic() < until:
            media = self.media(media.next[0])
        assert len(media.segments) >= count, media.text
        return media


def boxes(data):
    """(type, body) one after the other, and nothing behind the last."""
    while data:
        size, kind = struct.unpack(">I4s", data[:8])
        assert 8 <= size <= len(data), f"a box of {size} in {len(data)} bytes"
        yield kind.decode(), data[8:size]
        data = data[size:]


def decode_times(fragment):
    """The first decode time of each track in a part or segment, by track."""
    times = {}
    for kind, moof in boxes(fragment):
        if kind != "moof":
            continue
        for kind, traf in boxes(moof):
            if kind == "traf":
                inner = dict(boxes(traf))
                track = struct.unpack(">I", inner["tfhd"][4:8])[0]
                times.setdefault(track, struct.unpack(">Q", inner["tfdt"][4:12])[0])
    return times
