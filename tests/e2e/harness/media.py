# SPDX-License-Identifier: Apache-2.0
"""Foreign publishers and players: ffmpeg, GStreamer, ffprobe."""
import json
import subprocess


class Publisher:
    """A program that pushes until it is ended."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            _, words = self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, words = self.process.communicate()
        return words.decode(errors="replace")

    def wait(self, limit_s=10):
        """Its exit status and last words."""
        _, words = self.process.communicate(timeout=limit_s)
        return self.process.returncode, words.decode(errors="replace")


def ffmpeg_push(clip, url):
    return Publisher(["ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", clip, "-c",
                      "copy", "-f", "flv", url])


def gstreamer_push(location):
    """libx264 and AAC made on the spot, pushed by rtmp2sink."""
    pipeline = ("flvmux name=mux streamable=true ! rtmp2sink location=" + location +
                " videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=15/1 !"
                " x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse ! mux."
                " audiotestsrc is-live=true ! voaacenc ! mux.")
    return Publisher(["gst-launch-1.0", "-q", *pipeline.split()])


def probe(url, seconds=1):
    """ffprobe's streams by kind, and the packets it read."""
    output = subprocess.run(
        ["ffprobe", "-v", "error", "-rw_timeout", "10000000", "-read_intervals", f"%+{seconds}",
         "-show_streams", "-show_packets", "-of", "json", url], check=True, timeout=30,
        capture_output=True).stdout
    found = json.loads(output)
    return {stream["codec_type"]: stream for stream in found["streams"]}, found["packets"]
