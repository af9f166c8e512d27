# SPDX-License-Identifier: Apache-2.0
"""JPEG pictures made by ffmpeg, and what is not quite one."""
import functools
import subprocess


@functools.cache
def jpeg(width=320, height=240, seed=0):
    """A real picture; another seed, another one."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                           f"testsrc=size={width}x{height},hue=h={seed}", "-frames:v", "1",
                           "-f", "mjpeg", "-"], check=True, capture_output=True)
    return done.stdout


def padded_jpeg(size):
    """A whole picture of exactly `size` bytes: comments (COM, at most 65535 bytes each) fill it."""
    picture = jpeg()
    left = size - len(picture)
    filler = bytearray()
    while left:
        one = min(left, 65537)
        if 0 < left - one < 4:
            one -= 4
        filler += b"\xff\xfe" + (one - 2).to_bytes(2, "big") + bytes(one - 4)
        left -= one
    return picture[:2] + bytes(filler) + picture[2:]


def form(content, field="file", file_name="a.jpeg", boundary="frontier"):
    """(body, content type) of a form with one file."""
    head = (f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; '
            f'filename="{file_name}"\r\nContent-Type: image/jpeg\r\n\r\n')
    return (head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
            f"multipart/form-data; boundary={boundary}")
