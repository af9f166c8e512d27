# SPDX-License-Identifier: Apache-2.0
"""How the server starts, guards itself and ends."""
import signal
import socket
import stat
import time

import pytest

from harness.process import Process, wait_for


def test_first_start_makes_the_operators_token(vigild):
    token = vigild.data / "admin.token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert len(vigild.admin_token) >= 32


def test_the_ready_file_names_what_listens(vigild):
    assert vigild.urls["pid"] == vigild.pid
    for name in ("http", "rtmp", "mqtt"):
        assert vigild.urls[name].startswith(f"{name}://127.0.0.1:")
        assert vigild.address(name)[1] > 0


def test_only_health_answers_strangers(vigild):
    assert vigild.api("GET", "/healthz", token="").status_code == 200
    answer = vigild.api("GET", "/v2/devices", token="")
    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/unauthenticated"
    assert vigild.api("GET", "/v2/devices", token="wrong" * 8).status_code == 401


def test_devices_and_token_survive_a_restart(vigild):
    token = vigild.admin_token
    vigild.add_device("CAM0001")
    vigild.restart()
    assert vigild.admin_token == token
    assert vigild.api("GET", "/v2/devices/CAM0001").json()["did"] == "CAM0001"


def test_an_acknowledged_device_survives_kill_9(vigild):
    vigild.add_device("CAM0001")
    vigild.kill()
    vigild.start()
    assert vigild.api("GET", "/v2/devices/CAM0001").status_code == 200


def test_a_second_signal_cuts_the_drain_short(vigild):
    with socket.create_connection(vigild.address("http")) as slow:
        slow.sendall(f"POST /v2/devices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {vigild.admin_token}\r\n"
                     "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{".encode())
        time.sleep(0.2)
        vigild.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert vigild.is_running(), "what is under way is waited for"
        vigild.process.send_signal(signal.SIGINT)
        assert vigild.wait(3) == 0
    assert "vigild.hurry" in vigild.log
    vigild.start()


@pytest.mark.tsan
def test_a_signal_right_after_the_start_ends_cleanly(vigild):
    for _ in range(10):
        vigild.restart()  # the first turns of the loops may still be to come


def test_a_clean_stop_writes_who_went(vigild, device):
    vigild.restart()
    events = vigild.api("GET", "/v2/events?type=device.disconnected").json()["items"]
    assert [event["did"] for event in events] == [device.did]
    assert events[0]["data"]["reason"] != "server restarted"
    assert vigild.api("GET", "/v2/devices?online=true").json()["items"] == []


def test_a_second_server_on_the_same_folder_is_refused(vigild, tmp_path):
    second = Process("vigild", tmp_path)
    second.spawn(["--data", vigild.data, "--http=127.0.0.1:0", "--rtmp=", "--mqtt="])
    assert second.wait() != 0
    assert str(vigild.data) in second.log
    assert vigild.api("GET", "/healthz").status_code == 200


def test_a_wrong_setting_names_its_place(tmp_path):
    config = tmp_path / "vigild.conf"
    config.write_text("# first\nloops = 0\n")
    process = Process("vigild", tmp_path)
    process.spawn(["--data", tmp_path / "data", "--config", config])
    assert process.wait() == 2
    assert "vigild.conf:2: loops: 0 is not auto or in 1..64" in process.log


def test_the_log_has_paths_but_none_that_opens_something(start_vigild):
    vigild = start_vigild("--log-level=debug")
    assert vigild.api("GET", "/v2/devices/CAM0001").status_code == 404
    assert vigild.api("GET", "/live/CAM0001/hls/0123456789abcdef/media.m3u8").status_code == 404
    wait_for(lambda: "path=/live/{key}/hls/{session}/{file}" in vigild.log, what="its line")
    assert "path=/v2/devices/CAM0001" in vigild.log and "0123456789abcdef" not in vigild.log
