# SPDX-License-Identifier: Apache-2.0
"""Streams to watch, ours and others', and the viewers that watch them."""
import json
import re
import subprocess
import time

import rig

WARM_S, SECONDS = 4, 10
SMALL_S = 30  # few viewers cost little: measured longer
SMALL = 500
DID = "BENCH0001"
NOWHERE = subprocess.DEVNULL


def clip():
    """20 s of 720p25 at 2 Mbit/s, made once for a build folder."""
    path = rig.BUILD / "bench" / "clip.flv"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        subprocess.run(["sh", rig.TOOLS / "live/mkflv.sh", path], check=True)
    return path


def certificate(folder):
    """A fresh one for localhost: (certificate, key)."""
    paths = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-subj", "/CN=localhost", "-days", "2", "-out", paths[0],
                    "-keyout", paths[1]], check=True, stderr=NOWHERE)
    return paths


class Watched:
    """Something that viewers watch: `name`, `port`, `path`, `pid`; for RTMP `rtmp_port`, `app` and
    `stream`."""

    def load_of(self, mode, viewers, seconds, warm_s=WARM_S):
        if mode == "tls":
            return rig.own_tool("tlsload"), self.port, self.path, viewers, warm_s, seconds, self.pid
        common = ("-n", viewers, "-w", warm_s, "-d", seconds, "-s", self.pid)
        flvload = rig.tool("live/flvload"), "-m", mode
        if mode == "rtmp":
            return *flvload, "-p", self.rtmp_port, "-A", self.app, "-S", self.stream, *common
        return *flvload, "-p", self.port, "-P", self.path, *common

    def view(self, mode, viewers, seconds=None, part=None):
        seconds = seconds or (SMALL_S if viewers < SMALL else SECONDS)
        text = rig.run(*self.load_of(mode, viewers, seconds))
        lost = viewers - rig.number(r"alive=(\d+)", text) + rig.number(r"zero=(\d+)", text)
        if lost and not self.may_lose:
            raise SystemExit(f"bench: {self.name}: viewers were lost:\n{text}")
        number = {"us": r"us/viewer\.s=([\d.]+)", "rss_kb": r"\+(-?[\d.]+)kB/viewer",
                  "gaps": r"gaps>0\.5s=(\d+)", "gap_ms": r"maxgap=([\d.]+)ms",
                  "p50_ms": r"lat p50=([\d.]+)", "p99_ms": r"lat .*?p99=([\d.]+)",
                  "first_ms": r"ttff .*?max=([\d.]+)"}
        run = {key: rig.number(pattern, text) for key, pattern in number.items()
               if re.search(pattern, text)}
        run["lost"] = lost
        run.update(part=part and part.stop(),
                   command=f"flvload -m {mode} -n {viewers} -w {WARM_S} -d {seconds}"
                   if mode != "tls" else f"tlsload {viewers} viewers, {seconds} s")
        print(f"  {self.name} {mode:>4} x {viewers}: {run['us']:.0f} us/viewer.s, "
              f"{run['rss_kb']:.1f} kB, {run['gaps']:.0f} gaps, longest {run['gap_ms']:.0f} ms, "
              f"p50 {run.get('p50_ms', 0):.1f} p99 {run.get('p99_ms', 0):.1f} ms", flush=True)
        return run

    def __enter__(self):
        return self


class Floor(Watched):
    """b_raw: a ring, cursors and raw epoll; sends each frame as it comes, or gathers them."""
    name = "b_raw "

    def __init__(self, flush_ms=0):
        self.port, self.path = rig.free_port(), "/"
        self.process = subprocess.Popen(["taskset", "-c", rig.SERVER_CPU, rig.tool("live/b_raw"),
                                         clip(), str(self.port), str(flush_ms)])
        self.pid = self.process.pid
        time.sleep(0.5)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Push:
    """The clip, pushed at its own pace."""

    def __init__(self, host, port, app, stream):
        self.process = rig.load(rig.tool("live/flvpush"), clip(), host, port, app, stream, 3600,
                                stderr=NOWHERE)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Stream(Watched):
    """vigild with one device that pushes the clip."""
    name = "vigild"
    app = "live"

    def __init__(self, flush, *settings):
        self.server = rig.Server(f"--live-flush-ms={flush}", *settings)
        self.server.call("POST", "/v2/devices", {"did": DID, "name": "", "kind": "camera"})
        push, view = (self.token(kind) for kind in ("push", "view"))
        host, self.rtmp_port = self.server.rtmp.split(":")
        self.pid, self.port = self.server.pid, self.server.http.split(":")[1]
        self.stream = f"{DID}?token={view}"
        self.path = f"/live/{DID}.flv?token={view}"
        self.push = Push(host, self.rtmp_port, self.app, f"{DID}?token={push}")
        self.server.wait_metric("publishers", 1)
        time.sleep(3)

    def token(self, kind, did=DID):
        answer = self.server.call("POST", f"/v2/devices/{did}/{kind}-tokens", {"expires_in": 3600})
        return json.loads(answer)["token"]

    def __exit__(self, *_):
        self.push.stop()
        self.server.__exit__()

    def view(self, mode, viewers, seconds=None):
        self.server.wait_metric("viewers", 0)
        return super().view(mode, viewers, seconds, self.server.part())
