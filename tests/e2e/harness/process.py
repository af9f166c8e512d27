# SPDX-License-Identifier: Apache-2.0
"""A real program under test: started with a log of its own, and held to a clean end."""
import os
import pathlib
import subprocess
import time

BUILD = pathlib.Path(os.environ.get("VIGIL_BUILD", "build")).resolve()
SANITIZER_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
                   "WARNING: ThreadSanitizer")
STOP_LIMIT_S = 20


def program_path(name):
    return BUILD / "src" / "programs" / name


def wait_for(condition, limit_s=5, what="it"):
    """The condition's first true value; fails the test when there is none in time."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {limit_s} s")


class Process:
    def __init__(self, name, folder):
        self.name, self.folder = name, pathlib.Path(folder)
        self.log_path = self.folder / f"{name}.log"
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def spawn(self, arguments, env=None, **options):
        """Our own variables would be settings of the program; only the test may give those."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("VIGIL_")}
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen([program_path(self.name), *map(str, arguments)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**clean, **(env or {})}, **options)

    def wait(self, limit_s=STOP_LIMIT_S):
        return self.process.wait(limit_s)

    def kill(self):
        """As a power cut would: no chance to clean up. Not held against the program."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        """SIGTERM, and a clean end: status 0 and no sanitizer's report."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            status = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not end within {STOP_LIMIT_S} s of SIGTERM")
        finally:
            self.process = None
        self.check_log()
        assert status == 0, f"{self.name} ended with status {status}"

    def check_log(self):
        found = [word for word in SANITIZER_WORDS if word in self.log]
        assert not found, f"{self.name}: {', '.join(found)}\n{self.log[-8000:]}"
