# SPDX-License-Identifier: Apache-2.0
"""What ./dev run starts after the build: the demo with two cameras, in one terminal."""
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest
import requests

from harness.process import BUILD, wait_for

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "run-demo"
LINK = re.compile(r"sign in +(http://127\.0\.0\.1:\d+)/#signin=(\S+)")
START_LIMIT_S = 30


class Demo:
    """The script on free ports, with a build folder whose programs are the tested ones."""

    def __init__(self, folder, **env):
        self.log_path = folder / "demo.log"
        ports = {f"VIGIL_{name}": "127.0.0.1:0" for name in ("HTTP", "RTMP", "MQTT")}
        # A group of its own, as in a terminal: Ctrl-C goes to the group.
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen([SCRIPT], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True,
                                            env={**os.environ, **ports, **env, "VIGIL_BUILD": str(folder)})

    @property
    def log(self):
        return self.log_path.read_text()

    def link(self):
        return wait_for(lambda: LINK.search(self.log), START_LIMIT_S, "the sign-in link").groups()

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture
def start_demo(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "programs").symlink_to(BUILD / "src" / "programs")
    started = []

    def start(**env):
        started.append(Demo(tmp_path, **env))
        return started[-1]
    yield start
    for demo in started:
        if demo.process.poll() is None:
            demo.interrupt()


def online(session, base):
    return sorted(device["did"] for device in session.get(f"{base}/v2/devices", timeout=5).json()["items"]
                  if device["presence"]["online"])


def test_it_shows_two_cameras_and_ctrl_c_ends_all_and_it_starts_again(start_demo):
    for _ in range(2):
        demo = start_demo()
        base, token = demo.link()
        session = requests.Session()
        assert session.post(f"{base}/v2/session", json={"token": token}, timeout=5).status_code == 201
        wait_for(lambda: online(session, base) == ["CAM0001", "CAM0002"], 15, "two cameras on line")
        assert demo.interrupt() == 0, demo.log
        with pytest.raises(requests.ConnectionError):
            requests.get(base, timeout=5)
        assert re.search(r"vigild\.stopped", demo.log)


def test_a_taken_port_is_named_with_the_remedy(start_demo):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        demo = start_demo(VIGIL_HTTP=f"127.0.0.1:{port}")
        assert demo.process.wait(10) == 1
        assert f"127.0.0.1:{port} cannot be used for http" in demo.log
        assert "VIGIL_HTTP=127.0.0.1:" in demo.log
        assert "vigild |" not in demo.log


def test_a_second_run_in_the_same_folder_disturbs_nothing(start_demo, tmp_path):
    first = start_demo()
    base, _ = first.link()
    first_log = first.log_path.rename(tmp_path / "first.log")
    second = start_demo()
    assert second.process.wait(10) == 1
    assert "end it with Ctrl-C first" in second.log
    assert requests.get(f"{base}/healthz", timeout=5).status_code == 200
    assert (tmp_path / "dev" / "data" / "sign-in.url").exists()
    assert first.interrupt() == 0, first_log.read_text()
