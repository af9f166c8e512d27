# SPDX-License-Identifier: Apache-2.0
"""Callers and devices on different loops: the same answers, and nothing that two threads touch."""
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness.device import Device
from harness.process import wait_for

STOP = {"ptz": {"stop": {}}}
COUNT = 8

pytestmark = pytest.mark.tsan


@pytest.fixture
def two_loops(start_vigild):
    return start_vigild("--loops", "2")


@pytest.fixture
def devices(two_loops):
    devices = [Device(two_loops, f"CAM{number:04}", two_loops.add_device(f"CAM{number:04}"))
               for number in range(COUNT)]
    for device in devices:
        device.go_online()
    yield devices
    for device in devices:
        device.close()


@pytest.fixture
def callers(two_loops):
    """As many HTTP connections, each kept for good: new ones go to the loops in turn."""
    sessions = [requests.Session() for _ in range(COUNT)]
    for session in sessions:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {two_loops.admin_token}"
    yield sessions
    for session in sessions:
        session.close()


def act(vigild, session, did, **fields):
    return session.post(f"{vigild.http}/v2/devices/{did}/actions", json={"data": STOP, **fields}, timeout=20)


def test_every_caller_reaches_every_device(two_loops, devices, callers):
    with ThreadPoolExecutor(COUNT) as pool:
        for shift in range(COUNT):
            answers = pool.map(lambda pair: act(two_loops, *pair),
                               [(caller, devices[(place + shift) % COUNT].did)
                                for place, caller in enumerate(callers)])
            assert [one.status_code for one in answers] == [200] * COUNT


def test_devices_move_while_they_are_asked(two_loops, devices, callers):
    """Each comes again over new connections: an answer, or offline, and never anything else."""
    def ask(caller):
        return [act(two_loops, caller, devices[number % COUNT].did).status_code for number in range(24)]

    def move(device):
        stamp = device.last_timestamp
        for _ in range(3):
            again = Device(two_loops, device.did, device.secret)
            again.last_timestamp = stamp
            again.go_online()
            stamp = again.last_timestamp
            again.client.disconnect()
            again.client.loop_stop()
    with ThreadPoolExecutor(2 * COUNT) as pool:
        moves = [pool.submit(move, device) for device in devices]
        asked = [pool.submit(ask, caller) for caller in callers]
        assert {status for one in asked for status in one.result()} <= {200, 409}
        for one in moves:
            one.result()
    for device in devices:
        wait_for(lambda: not two_loops.presence(device.did)["online"], what="its going")


def test_time_outs_busy_and_changes_across_loops(two_loops, devices, callers):
    device = devices[0]
    device.answer = None
    with ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(act, two_loops, callers[number % COUNT], device.did, timeout_ms=1500)
                 for number in range(24)]
        for _ in range(4):
            two_loops.api("PATCH", f"/v2/devices/{device.did}", {"serve_sign": "hmac"})
            two_loops.api("PATCH", f"/v2/devices/{device.did}", {"serve_sign": "none"})
        assert {one.result().status_code for one in asked} == {504}
        asked = [pool.submit(act, two_loops, caller, device.did) for caller in callers]
        wait_for(lambda: device.actions.qsize() >= 24 + COUNT, what="the actions")
        two_loops.api("PATCH", f"/v2/devices/{device.did}", {"disabled": True})
        assert {one.result().status_code for one in asked} == {409}
    device.wait_disconnect()


def test_a_gateway_and_its_children_across_loops(two_loops, callers):
    from test_gateway import Gateway
    gateway = Gateway(two_loops).go_online()
    for number in range(COUNT):
        gateway.bring(f"KID{number:04}")
    with ThreadPoolExecutor(COUNT) as pool:
        answers = list(pool.map(lambda pair: act(two_loops, *pair), zip(callers, gateway.children)))
        assert [one.status_code for one in answers] == [200] * COUNT
        again = Device(two_loops, "GW0001", gateway.secret)
        again.last_timestamp = gateway.last_timestamp
        asked = [pool.submit(act, two_loops, caller, did)
                 for caller, did in zip(callers, gateway.children)]
        again.go_online()
        assert {one.result().status_code for one in asked} <= {200, 409}
    for did in gateway.children:
        wait_for(lambda: not two_loops.presence(did)["online"], what="its going")
    again.close()
    gateway.close()


def test_a_restart_under_load_loses_nobody(two_loops, devices, callers):
    two_loops.restart()
    for device in devices:
        again = Device(two_loops, device.did, device.secret)
        again.last_timestamp = device.last_timestamp
        again.go_online()
        assert two_loops.action(device.did, STOP).status_code == 200
        again.close()


def test_a_gateway_is_taken_over_while_its_children_register(two_loops):
    """The children under way end with the link they look at; those of the new link come."""
    from test_gateway import Gateway
    gateway = Gateway(two_loops).go_online()
    stamp = gateway.last_timestamp
    for number in range(COUNT):
        gateway.add(f"KID{number:04}")
        gateway.subscribe(f"actions/KID{number:04}")
    for _ in range(6):
        old, gateway = gateway, Device(two_loops, "GW0001", gateway.secret)
        gateway.last_timestamp = stamp
        gateway.connect().subscribe()
        children = getattr(old, "children", None) or children
        for did, child in children.items():
            old.publish(child.register_message(), f"messages/{did}")
        gateway.send_register()
        assert gateway.registrations.get(timeout=5)["result"]["token"]
        stamp = gateway.last_timestamp
        old.wait_disconnect()
        old.close()
    for did in children:
        wait_for(lambda: not two_loops.presence(did)["online"], what="its going")
    assert two_loops.action("GW0001", STOP).status_code == 200
    gateway.close()
