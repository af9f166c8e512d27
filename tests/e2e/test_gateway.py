# SPDX-License-Identifier: Apache-2.0
"""One gateway, many cameras: children come, obey, are bound, and go with it."""
import queue
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import wire
from harness.device import Device
from harness.process import wait_for

STOP = {"ptz": {"stop": {}}}


class Gateway(Device):
    """A gateway keeps what children are told apart by the message's did."""

    def __init__(self, vigild, did="GW0001", kind="gateway"):
        super().__init__(vigild, did, vigild.add_device(did, kind=kind))
        self.children = {}
        self.reply_topic = None  # None: each on its own

    def add(self, did):
        self.children[did] = Device(self.vigild, did, self.vigild.add_device(did))
        return self.children[did]

    def register_child(self, did, topic=None, limit_s=5, **fields):
        """The answer's result; None where none comes."""
        self.publish(self.children[did].register_message(**fields), topic or f"messages/{did}")
        try:
            message = self.registrations.get(timeout=limit_s)
        except queue.Empty:
            return None
        assert message["did"] == did
        return message["result"]

    def bring(self, did):
        self.add(did)
        assert self.subscribe(f"actions/{did}") == 1
        result = self.register_child(did)
        assert result.get("token"), result
        return result

    def reply(self, action, result):
        did = action["did"]
        self.publish({"did": did, "mid": action["mid"], "type": "action", "result": result},
                     self.reply_topic or f"messages/{did}")


@pytest.fixture
def make_gateway(vigild):
    gateways = []

    def make(*arguments, **options):
        gateways.append(Gateway(vigild, *arguments, **options))
        return gateways[-1]
    yield make
    for gateway in gateways:
        gateway.close()


@pytest.fixture
def gateway(make_gateway):
    return make_gateway().go_online()


def link_kind(vigild, did):
    link = vigild.presence(did)["link"]
    return link and link["kind"]


def test_a_gateway_registers_itself_and_its_children(gateway, vigild):
    tokens = {gateway.bring(f"CAM000{number}")["token"] for number in range(1, 6)}
    assert len(tokens | {gateway.token}) == 6
    assert link_kind(vigild, "GW0001") == "direct"
    for did in gateway.children:
        assert link_kind(vigild, did) == "child"
        assert vigild.device(did)["gateway"] == "GW0001"
        assert vigild.action(did, STOP).status_code == 200
        action = gateway.next_action()
        assert action["did"] == did
    assert vigild.action("GW0001", STOP).status_code == 200


def test_a_child_may_be_registered_on_the_gateways_topic(gateway, vigild):
    gateway.add("CAM0001")
    assert gateway.subscribe("actions/CAM0001") == 1
    assert gateway.register_child("CAM0001", "messages/GW0001")["token"]
    assert vigild.action("CAM0001", STOP).status_code == 200


def test_answers_may_come_on_either_topic(gateway, vigild):
    gateway.bring("CAM0001")
    for topic in ("messages/CAM0001", "messages/GW0001"):
        gateway.reply_topic = topic
        assert vigild.action("CAM0001", STOP).status_code == 200
    gateway.publish({"did": "CAM0001", "type": "event", "data": {"name": "motion"}}, "messages/GW0001")
    gateway.publish({"did": "CAM0001", "type": "event", "data": {"name": "motion"}}, "messages/CAM0001")
    assert len(vigild.events("CAM0001", "device.event", least=2)) == 2


def test_a_child_is_renewed_by_its_gateway(gateway, vigild):
    first = gateway.bring("CAM0001")
    epoch = vigild.presence("CAM0001")["link"]["epoch"]
    assert gateway.register_child("CAM0001")["token"] != first["token"]
    assert vigild.presence("CAM0001")["link"]["epoch"] > epoch
    assert len(vigild.events("CAM0001", "device.connected", least=1)) == 1


def test_a_child_needs_its_own_sign_unless_it_is_bound(gateway, vigild):
    gateway.add("CAM0001")
    gateway.subscribe("actions/CAM0001")
    assert gateway.register_child("CAM0001", sign=None)["code"] == 40008
    assert gateway.register_child("CAM0001", sign="0" * 32)["code"] == 40001
    assert vigild.api("POST", "/v2/devices/GW0001/children", {"did": "CAM0001"}).status_code == 200
    assert gateway.register_child("CAM0001", sign=None)["token"]
    assert vigild.action("CAM0001", STOP).status_code == 200


@pytest.mark.tsan
def test_unbinding_ends_what_the_child_has(gateway, vigild):
    gateway.bring("CAM0001")
    gateway.bring("CAM0002")
    assert vigild.api("DELETE", "/v2/devices/GW0001/children/CAM0001").status_code == 204
    wait_for(lambda: not vigild.presence("CAM0001")["online"], what="the child's end")
    assert vigild.device("CAM0001")["gateway"] is None
    assert vigild.presence("CAM0001")["reason"] == "gateway changed"
    assert vigild.action("CAM0001", STOP).json()["type"] == "/problems/device-offline"
    # The gateway and its other child are where they were; what it says for the lost one is foreign.
    assert vigild.action("CAM0002", STOP).status_code == 200
    foreign = vigild.metric("device_foreign_total")
    gateway.publish({"did": "CAM0001", "type": "event", "data": {"name": "x"}}, "messages/CAM0001")
    wait_for(lambda: vigild.metric("device_foreign_total") == foreign + 1, what="the count")
    assert gateway.register_child("CAM0001", sign=None)["code"] == 40008
    assert gateway.stays_connected(0.1)
    assert vigild.api("DELETE", "/v2/devices/GW0001/children/CAM0001").status_code == 404


def test_another_gateway_cannot_take_a_bound_child(gateway, make_gateway, vigild):
    gateway.bring("CAM0001")
    other = make_gateway("GW0002").go_online()
    other.children = gateway.children
    assert other.subscribe("actions/CAM0001") == 1, "it may listen, but hears nothing"
    assert other.register_child("CAM0001")["code"] == 40008
    assert vigild.action("CAM0001", STOP).status_code == 200
    assert other.actions.empty() and gateway.next_action()["did"] == "CAM0001"
    # Nor when the first gateway is away.
    gateway.close()
    wait_for(lambda: not vigild.presence("CAM0001")["online"], what="the gateway's going")
    assert other.register_child("CAM0001")["code"] == 40008


def test_a_child_with_a_live_link_of_its_own_is_not_taken(gateway, vigild, make_device):
    camera = make_device("CAM0009").go_online()
    gateway.children["CAM0009"] = Device(vigild, "CAM0009", camera.secret)
    gateway.children["CAM0009"].last_timestamp = camera.last_timestamp + 10
    gateway.subscribe("actions/CAM0009")
    assert gateway.register_child("CAM0009")["code"] == 40007
    assert vigild.action("CAM0009", STOP).status_code == 200
    assert camera.next_action() and gateway.actions.empty()
    assert vigild.device("CAM0009")["gateway"] is None


def test_the_camera_itself_takes_over_from_its_gateway(gateway, vigild, make_device):
    gateway.bring("CAM0001")
    camera = make_device(add=False, secret=gateway.children["CAM0001"].secret)
    camera.last_timestamp = gateway.children["CAM0001"].last_timestamp
    camera.go_online()
    assert link_kind(vigild, "CAM0001") == "direct"
    assert vigild.action("CAM0001", STOP).status_code == 200
    assert camera.next_action() and gateway.actions.empty()
    assert gateway.stays_connected(0.1)


def test_children_go_with_their_gateway(gateway, vigild):
    gateway.bring("CAM0001")
    gateway.bring("CAM0002")
    gateway.answer = None
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(vigild.action, "CAM0001", STOP)
        gateway.next_action()
        gateway.drop()
        assert waiting.result(3).json()["type"] == "/problems/device-offline"
    for did in ("CAM0001", "CAM0002"):
        presence = vigild.presence(did)
        assert not presence["online"] and presence["reason"] == "gateway gone"
        assert vigild.events(did, "device.disconnected", least=1)


@pytest.mark.tsan
def test_a_gateway_that_comes_back_brings_its_children(gateway, vigild):
    """Over a new connection while the old one still stands."""
    gateway.bring("CAM0001")
    again = Gateway.__new__(Gateway)
    Device.__init__(again, vigild, "GW0001", gateway.secret)
    again.children, again.reply_topic = gateway.children, None
    again.last_timestamp = gateway.last_timestamp
    again.go_online()
    again.subscribe("actions/CAM0001")
    assert again.register_child("CAM0001")["token"]
    gateway.wait_disconnect()
    wait_for(lambda: vigild.action("CAM0001", STOP).status_code == 200, what="the child's obeying")
    assert again.next_action()["did"] == "CAM0001" and gateway.actions.empty()
    assert vigild.presence("CAM0001")["online"]
    again.close()


@pytest.mark.parametrize("kind", ["camera", "recorder", "speaker", "other"])
def test_only_a_gateway_has_children(make_gateway, vigild, kind):
    other = make_gateway("BOX001", kind).go_online()
    other.add("CAM0001")
    assert other.subscribe("actions/CAM0001") == 0x80
    assert other.register_child("CAM0001", limit_s=0.5) is None
    assert not vigild.presence("CAM0001")["online"]
    assert vigild.api("POST", "/v2/devices/BOX001/children", {"did": "CAM0001"}).status_code == 400
    assert other.stays_connected(0.1)


def test_a_gateway_that_is_not_registered_has_no_children(vigild, make_gateway):
    gateway = make_gateway().connect()
    assert gateway.subscribe() == 1
    assert gateway.subscribe("actions/CAM0001") == 0x80
    gateway.add("CAM0001")
    assert gateway.register_child("CAM0001", limit_s=0.5) is None
    assert not vigild.presence("CAM0001")["online"]


def test_a_gateway_claim_of_a_stranger_disturbs_nobody(gateway, vigild, connect_wire):
    """With the gateway's client id, but without its secret."""
    gateway.bring("CAM0001")
    stranger = connect_wire("GW0001")
    stranger.send(wire.subscribe("actions/GW0001", "actions/CAM0001"))
    assert list(stranger.expect(wire.SUBACK)[2:]) == [1, 0x80]
    stranger.send(wire.publish("messages/CAM0001", gateway.children["CAM0001"].register_message()))
    stranger.send(wire.publish("messages/GW0001", {"did": "CAM0001", "type": "register"}))
    assert stranger.hears(0.2) == []
    assert vigild.action("CAM0001", STOP).status_code == 200
    assert link_kind(vigild, "CAM0001") == "child"


def test_binding_is_of_two_devices_that_exist(vigild):
    vigild.add_device("GW0001", kind="gateway")
    vigild.add_device("CAM0001")
    children = "/v2/devices/GW0001/children"
    assert vigild.api("POST", children, {"did": "CAM0404"}).status_code == 404
    assert vigild.api("POST", children, {"did": "GW0001"}).status_code == 400
    assert vigild.api("POST", "/v2/devices/GW0404/children", {"did": "CAM0001"}).status_code == 404
    assert vigild.api("POST", children, {"did": "CAM0001"}).status_code == 200
    assert vigild.device("CAM0001")["gateway"] == "GW0001"
    vigild.kill()
    vigild.start()
    assert vigild.device("CAM0001")["gateway"] == "GW0001"


def test_40_children_of_one_gateway(gateway, vigild):
    """More than may register at one moment: those over it are registered when asked again."""
    for number in range(40):
        gateway.add(f"CAM{number:04}")
        assert gateway.subscribe(f"actions/CAM{number:04}") == 1
    missing = set(gateway.children)
    for _ in range(10):
        for did in missing:
            gateway.publish(gateway.children[did].register_message(), f"messages/{did}")
        while missing:
            try:
                message = gateway.registrations.get(timeout=0.3)
            except queue.Empty:
                break
            if "token" in message["result"]:
                missing.discard(message["did"])
    assert not missing
    assert all(vigild.action(did, STOP).status_code == 200 for did in gateway.children)


def test_the_cameras_of_a_gateway_push_at_once(vigild, start_camera, watch):
    """One gateway, many cameras, many streams: each has its own, and ends alone."""
    vigild.add_device("GW", kind="gateway", secret="key-GW")
    children = [f"GW{number:04}" for number in range(1, 7)]
    for did in children:
        vigild.add_device(did, secret=f"key-{did}")
    start_camera("GW", "--gateway", "--children", str(len(children)), secret="key-%s")
    wait_for(lambda: all(link_kind(vigild, did) == "child" for did in children), 20, "the children")
    viewers = {did: watch(did) for did in children}
    for viewer in viewers.values():
        viewer.wait_frames(10, 20)
    assert vigild.metric("publishers") == len(children)
    assert all(vigild.stream(did)["viewers"] == 1 for did in children)
    viewers.pop(children[0]).close()
    vigild.advance(60_000)  # nobody watches the first one any more
    wait_for(lambda: vigild.metric("publishers") == len(children) - 1, 10, "the first one's end")
    for viewer in viewers.values():
        seen = len(viewer.reader.frames())
        viewer.wait_frames(seen + 10)
