# SPDX-License-Identifier: Apache-2.0
"""What the load benches share: the server under load, the tools that load it, and the figures.

The method is in bench/README.md.
"""
import bisect
import csv
import datetime
import json
import os
import pathlib
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("VIGIL_BUILD", ROOT / "build-release")).resolve()
TOOLS = pathlib.Path(os.environ.get("VIGIL_BENCH_TOOLS", ROOT / "../shared/bench")).resolve()
RESULTS = pathlib.Path(os.environ.get("VIGIL_BENCH_RESULTS", ROOT / "bench" / "results"))
SERVER_CPU, LOAD_CPU = "0", "1"
RUNS = int(os.environ.get("VIGIL_BENCH_RUNS", 3))
LAG_LIMIT_US = 5000
START_LIMIT_S = 20
STOP_LIMIT_S = 30
IMPORT_LINES = 5000  # a request's worth
COLUMNS = ("date", "commit", "machine", "load_average", "command", "figure", "unit", "value",
           "target", "met")


def tool(path):
    """A load tool, such as "live/flvload", built from its source into the build folder."""
    source = TOOLS / f"{path}.c"
    program = BUILD / "bench" / source.stem
    if not source.exists():
        raise SystemExit(f"bench: {source} is missing: set VIGIL_BENCH_TOOLS to the load tools' folder")
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        program.parent.mkdir(exist_ok=True)
        subprocess.run(["cc", "-O2", "-w", "-o", program, source], check=True)
    return program


OWN_TOOLS = {"tlsload": ("tlsload.c", "load.c", "-lssl", "-lcrypto"), "calls": ("calls.c", "load.c"),
             "streams": ("streams.c", "clip.c", "load.c")}


def own_tool(name):
    """A load tool of bench/load, for what the outside tools do not do."""
    folder, program = ROOT / "bench/load", BUILD / "bench" / name
    sources = [folder / part for part in OWN_TOOLS[name] if part.endswith(".c")]
    libraries = [part for part in OWN_TOOLS[name] if part.startswith("-l")]
    newest = max(path.stat().st_mtime for path in (*sources, *folder.glob("*.h")))
    if not program.exists() or program.stat().st_mtime < newest:
        program.parent.mkdir(exist_ok=True)
        subprocess.run(["cc", "-O2", "-Wall", "-D_GNU_SOURCE", "-o", program, *sources, *libraries],
                       check=True)
    return program


def load(program, *arguments, **options):
    """Starts a load program on the load's CPU; its output is read as text."""
    return subprocess.Popen(["taskset", "-c", LOAD_CPU, program, *map(str, arguments)],
                            text=True,
                            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **options})


def run(program, *arguments, told=None):
    """The whole output of a load program that ends by itself; `told` is its standard input."""
    given = {} if told is None else {"stdin": subprocess.PIPE}
    with load(program, *arguments, **given) as process:
        output = process.communicate(told)[0]
    if process.returncode:
        raise SystemExit(f"bench: {pathlib.Path(program).name} ended with {process.returncode}:\n{output}")
    return output


def number(pattern, text):
    found = re.search(pattern, text)
    if not found:
        raise SystemExit(f"bench: no {pattern} in:\n{text}")
    return float(found.group(1))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def parts(known):
    """The parts of a bench that the command line names, or all."""
    wanted = sys.argv[1:] or list(known)
    for name in wanted:
        if name not in known:
            raise SystemExit(f"bench: no part {name}; there are: {' '.join(known)}")
    return wanted


def raise_descriptor_limit():
    """As far as we may; the programs started from here inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (65536, most):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, most)))
            return
        except (ValueError, OSError):
            continue


def cpu_us(pid):
    """The CPU time of a whole process, threads that ended too. What /proc/PID/stat shows in ticks
    of 10 ms is read from the process's own clock (clock_getcpuclockid), to the nanosecond."""
    return time.clock_gettime(~pid << 3 | 2) * 1e6


class Part:
    """The measured part of a run: what the server spent between start() and stop()."""

    def __init__(self, server):
        self.server = server
        self.turns_before, self.busy_before_us = server.loop_turns(), server.busy_us()
        self.began, self.began_us = time.monotonic(), cpu_us(server.pid)

    def stop(self):
        self.cpu_us = cpu_us(self.server.pid) - self.began_us
        after = self.server.loop_turns()
        self.busy = (self.server.busy_us() - self.busy_before_us) / 1e6 / (time.monotonic() - self.began)
        counts = [after[limit] - self.turns_before[limit] for limit in after]
        place = bisect.bisect_left(counts, counts[-1] * 0.999)
        self.lag_us = list(after)[place]  # the bucket's upper end
        return self


class Server:
    """vigild with one loop on its own CPU, scratch data and free ports."""

    def __init__(self, *arguments):
        self.folder = tempfile.TemporaryDirectory(prefix="vigil-bench-")
        folder = pathlib.Path(self.folder.name)
        ready = folder / "ready.json"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("VIGIL_")}
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                ["taskset", "-c", SERVER_CPU, BUILD / "src/programs/vigild", "--data", folder / "data",
                 "--ready-file", ready, "--http=127.0.0.1:0", "--rtmp=127.0.0.1:0",
                 "--mqtt=127.0.0.1:0", "--s3=", "--loops=1", "--shutdown-drain-s=1", *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean)
        until = time.monotonic() + START_LIMIT_S
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"bench: vigild did not start:\n{(folder / 'log').read_text()}")
            time.sleep(0.02)
        self.pid = self.process.pid
        urls = json.loads(ready.read_text())
        self.http, self.rtmp, self.mqtt = (urls[name].split("://")[1]
                                           for name in ("http", "rtmp", "mqtt"))
        self.token = (folder / "data" / "admin.token").read_text().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def call(self, method, path, body=None, kind="application/json"):
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.http}{path}", method=method, data=body)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", kind)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def import_devices(self, count, prefix="dev"):
        """Devices as mqttload names them and their secrets."""
        for first in range(0, count, IMPORT_LINES):
            dids = [f"{prefix}{n:08d}" for n in range(first, min(first + IMPORT_LINES, count))]
            lines = ["did,secret,name,kind"] + [f"{did},secret-{did},,camera" for did in dids]
            answer = self.call("POST", "/v2/devices:import", "\n".join(lines).encode(), "text/csv")
            if json.loads(answer)["created"] != len(dids):
                raise SystemExit(f"bench: devices were refused: {answer[:300]}")

    def metrics(self):
        return self.call("GET", "/metrics")

    def metric(self, name):
        return number(rf"(?m)^vigil_{name} (\d+)", self.metrics())

    def wait_metric(self, name, value, limit_s=30):
        until = time.monotonic() + limit_s
        while self.metric(name) != value:
            if time.monotonic() > until:
                raise SystemExit(f"bench: {name} is {self.metric(name)}, not {value}")
            time.sleep(0.1)

    def loop_turns(self):
        """Upper end in microseconds -> turns that took no longer."""
        rows = re.findall(r'vigil_loop_lag_us_bucket\{le="([^"]+)"\} (\d+)', self.metrics())
        return {float(limit.replace("+Inf", "inf")): int(count) for limit, count in rows}

    def busy_us(self):
        return self.metric("loop_lag_us_sum")

    def rss_kb(self):
        with open(f"/proc/{self.pid}/status") as status:
            return number(r"VmRSS:\s+(\d+)", status.read())

    def part(self):
        return Part(self)


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], text=True, capture_output=True).stdout.strip()


def machine():
    with open("/proc/cpuinfo") as cpus:
        model = re.search(r"model name\s*: (.*)", cpus.read())
    return f"{os.cpu_count()} x {model.group(1) if model else os.uname().machine}, Linux {os.uname().release}"


class Figures:
    """Figures of one bench: printed beside their targets, and appended to bench/results."""

    def __init__(self, name):
        raise_descriptor_limit()
        self.name = name
        self.path = RESULTS / f"{name}.csv"
        self.lags_us = []
        self.commit = git("rev-parse", "--short", "HEAD") or "unknown"
        if git("status", "--porcelain", "--untracked-files=no", "src"):
            self.commit += "+changes"
        self.load_average = f"{os.getloadavg()[0]:.1f}"  # before our own load
        self.machine = machine()
        print(f"{name}: commit {self.commit}, {self.machine}, load average {self.load_average}")

    def add(self, figure, unit, value, command, most=None, least=None):
        """One figure; with `most` or `least` it has a target."""
        target = f"<= {most:g}" if most is not None else f">= {least:g}" if least is not None else ""
        is_met = (most is None or value <= most) and (least is None or value >= least)
        met = ("yes" if is_met else "no") if target else ""
        value = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        print(f"  {figure:<52} {value:>8} {unit:<6} {target:<10} {met}", flush=True)
        row = (datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
               self.commit, self.machine, self.load_average, command, figure, unit, value, target, met)
        is_new = not self.path.exists()
        self.path.parent.mkdir(exist_ok=True)
        with self.path.open("a", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if is_new:
                writer.writerow(COLUMNS)
            writer.writerow(row)

    def add_median(self, figure, unit, values, command, **target):
        """Of several runs; the spread is shown too."""
        self.add(figure, unit, statistics.median(values), command, **target)
        print(f"  {'':<52} {'':>8} {min(values):.4g} .. {max(values):.4g} in {len(values)} runs")

    def add_flatness(self, what, costs, command):
        """Costs by size, smallest first: growth over the smallest is what must stay small."""
        smallest = next(iter(costs.values()))
        sizes = " / ".join(f"{size}" for size in costs)
        self.add(f"{what}: growth over {sizes}", "x", max(costs.values()) / smallest, command, most=1.2)

    def add_lag(self, parts, command):
        self.add("loop_lag_us p99.9, worst run", "us", max(part.lag_us for part in parts), command,
                 most=LAG_LIMIT_US)
