# SPDX-License-Identifier: Apache-2.0
"""Who is there, since when, and why not: in the device and as events, in the right order."""
import datetime
import multiprocessing
import os
import signal
import time

import pytest

from harness import wire
from harness.device import Device
from harness.process import wait_for

STOP = {"ptz": {"stop": {}}}


def milliseconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def kinds(vigild, did, least):
    """The device's comings and goings, in order."""
    wanted = ("device.connected", "device.disconnected")

    def found():
        return [one for one in vigild.events(did) if one["type"] in wanted]
    wait_for(lambda: len(found()) >= least, what=f"{least} comings and goings")
    return [one["type"].removeprefix("device.") for one in found()]


def wait_offline(vigild, did="CAM0001"):
    wait_for(lambda: not vigild.presence(did)["online"], what="its going")
    return vigild.presence(did)


def test_never_online_offline(vigild, make_device):
    device = make_device()
    assert vigild.presence("CAM0001") == {
        "online": False, "state": "never", "since": None, "last_seen": None, "address": None,
        "reason": None, "weak_sign": False, "link": None}
    before = vigild.now_ms()
    device.go_online()
    presence = vigild.presence("CAM0001")
    assert (presence["online"], presence["state"], presence["reason"]) == (True, "online", None)
    assert before - 5 <= milliseconds(presence["since"]) <= vigild.now_ms()
    assert presence["address"].startswith("127.0.0.1:")
    assert presence["link"]["kind"] == "direct"
    device.client.disconnect()
    presence = wait_offline(vigild)
    assert (presence["state"], presence["link"]) == ("offline", None)
    assert presence["reason"] == "disconnected"
    assert kinds(vigild, "CAM0001", 2) == ["connected", "disconnected"]
    connected, disconnected = vigild.events("CAM0001", "device.connected")[0], vigild.events(
        "CAM0001", "device.disconnected")[0]
    assert connected["data"]["address"].startswith("127.0.0.1:")
    assert disconnected["data"] == {"reason": "disconnected"}
    assert connected["cursor"] and int(connected["cursor"]) < int(disconnected["cursor"])


def test_last_seen_follows_what_is_heard(vigild, device):
    first = vigild.presence("CAM0001")["last_seen"]
    vigild.advance(20_000)
    device.send_event({"name": "motion"})
    vigild.events("CAM0001", "device.event", least=1)
    device.drop()
    presence = wait_offline(vigild)
    assert milliseconds(presence["last_seen"]) - milliseconds(first) >= 20_000


def test_a_dropped_connection_is_lost(vigild, device):
    device.drop()
    assert wait_offline(vigild)["reason"] in ("connection closed", "connection lost")
    assert kinds(vigild, "CAM0001", 2) == ["connected", "disconnected"]


def run_device(address, message, keep_alive):
    one = wire.Wire(address)
    one.send(wire.connect("CAM0001", keep_alive=keep_alive), wire.subscribe("actions/CAM0001"),
             wire.publish("messages/CAM0001", message))
    time.sleep(60)


@pytest.fixture
def device_process(vigild):
    """A device in a process of its own, to be killed or stopped."""
    processes = []

    def start(keep_alive=60):
        device = Device(vigild, "CAM0001", vigild.add_device("CAM0001"))
        processes.append(multiprocessing.get_context("fork").Process(
            target=run_device, args=(vigild.address("mqtt"), device.register_message(), keep_alive)))
        processes[-1].start()
        wait_for(lambda: vigild.presence("CAM0001")["online"], what="its registration")
        return processes[-1].pid
    yield start
    for process in processes:
        process.kill()
        process.join()


def test_a_killed_client_is_gone_at_once(vigild, device_process):
    os.kill(device_process(), signal.SIGKILL)
    assert wait_offline(vigild)["reason"] in ("connection closed", "connection lost")


def test_a_stopped_client_is_gone_after_one_and_a_half_keep_alives(vigild, device_process):
    """Its socket stands, and it says nothing: half-open. A whole keep-alive is not enough."""
    os.kill(device_process(keep_alive=30), signal.SIGSTOP)
    vigild.advance(44_000)
    time.sleep(0.2)
    assert vigild.presence("CAM0001")["online"]
    vigild.advance(2_000)
    assert wait_offline(vigild)["reason"] == "keep-alive timed out"
    assert kinds(vigild, "CAM0001", 2) == ["connected", "disconnected"]


def test_a_ping_in_time_keeps_the_connection(vigild, connect_wire):
    device = Device(vigild, "CAM0001", vigild.add_device("CAM0001"))
    one = connect_wire("CAM0001", keep_alive=30)
    one.send(wire.publish("messages/CAM0001", device.register_message()))
    wait_for(lambda: vigild.presence("CAM0001")["online"], what="its registration")
    for _ in range(4):
        vigild.advance(40_000)
        one.send(wire.packet(wire.PINGREQ))
        one.expect(wire.PINGRESP)
    assert vigild.presence("CAM0001")["online"]


def test_keep_alive_0_is_never_timed_out(vigild, connect_wire):
    device = Device(vigild, "CAM0001", vigild.add_device("CAM0001"))
    one = connect_wire("CAM0001", keep_alive=0)
    one.send(wire.publish("messages/CAM0001", device.register_message()))
    wait_for(lambda: vigild.presence("CAM0001")["online"], what="its registration")
    vigild.advance(3_000_000)
    one.send(wire.packet(wire.PINGREQ))
    one.expect(wire.PINGRESP)


def test_going_and_coming_at_once_are_both_told(vigild, make_device):
    """Quicker than the second in which goings are gathered."""
    secret = vigild.add_device("CAM0001")
    stamp = 0
    for _ in range(3):
        device = make_device(add=False, secret=secret)
        device.last_timestamp = stamp
        device.go_online()
        stamp = device.last_timestamp
        device.client.disconnect()
        wait_offline(vigild)
    assert kinds(vigild, "CAM0001", 6) == ["connected", "disconnected"] * 3


def test_a_restart_brings_devices_back_and_tells_why(vigild, make_device):
    device = make_device().go_online()
    vigild.restart()
    presence = vigild.presence("CAM0001")
    assert not presence["online"] and presence["reason"] in ("server restarted", "server stopping")
    again = make_device(add=False, secret=device.secret)
    again.last_timestamp = device.last_timestamp
    again.go_online()
    assert kinds(vigild, "CAM0001", 3) == ["connected", "disconnected", "connected"]
    assert vigild.action("CAM0001", STOP).status_code == 200


@pytest.mark.parametrize("wait_s", [0, 1.5])
def test_after_kill_9_the_lost_devices_are_told(vigild, make_device, wait_s):
    """At once with their coming back, or within a second without."""
    device = make_device().go_online()
    other = make_device("CAM0002").go_online()
    seen = vigild.presence("CAM0001")["last_seen"]
    vigild.kill()
    vigild.start()
    presence = vigild.presence("CAM0001")
    assert (presence["online"], presence["reason"]) == (False, "server restarted")
    # It is written once a minute.
    assert milliseconds(presence["last_seen"]) >= milliseconds(seen) - 60_000
    time.sleep(wait_s)
    again = make_device(add=False, secret=device.secret)
    again.last_timestamp = device.last_timestamp
    again.go_online()
    assert kinds(vigild, "CAM0001", 3) == ["connected", "disconnected", "connected"]
    assert vigild.events("CAM0001", "device.disconnected")[0]["data"] == {"reason": "server restarted"}
    assert kinds(vigild, "CAM0002", 2) == ["connected", "disconnected"]
    other.close()


def test_a_stop_tells_5_0_clients_to_go_elsewhere(vigild, connect_wire):
    device = Device(vigild, "CAM0001", vigild.add_device("CAM0001"))
    one = connect_wire("CAM0001", version=5)
    one.send(wire.publish("messages/CAM0001", device.register_message(), version=5))
    wait_for(lambda: vigild.presence("CAM0001")["online"], what="its registration")
    vigild.process.terminate()
    assert one.expect(wire.DISCONNECT)[0] == 0x9C
    assert one.is_closed()
    assert vigild.wait() == 0


def test_the_list_shows_who_is_on_line(vigild, device):
    vigild.add_device("CAM0002")
    for online, dids in ((True, ["CAM0001"]), (False, ["CAM0002"])):
        items = vigild.api("GET", f"/v2/devices?online={str(online).lower()}").json()["items"]
        assert [one["did"] for one in items] == dids, items
