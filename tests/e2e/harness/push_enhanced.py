# SPDX-License-Identifier: Apache-2.0
"""python3 -m harness.push_enhanced HOST:PORT NAME av1|h265|h265-12: pushes such a clip until its input ends."""
import pathlib
import sys
import tempfile

from harness import enhanced
from harness.rtmp import Pusher

KINDS = {
    "av1": (enhanced.make_av1, "av01", "av1C"),
    "h265": (enhanced.make_h265, "hvc1", "hvcC"),
    "h265-12": (enhanced.make_h265, "12", "hvcC"),
}


def main(address, name, kind):
    host, port = address.rsplit(":", 1)
    make, four_cc, box = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        tags = enhanced.video_tags(make(pathlib.Path(folder) / "clip.mp4"), four_cc, box)
    pusher = Pusher((host, int(port)), name, tags)
    print(pusher.code, flush=True)
    sys.stdin.read()
    pusher.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
