# SPDX-License-Identifier: Apache-2.0
"""A stranger neither disturbs a device nor hears what it is told; the device itself always gets in."""
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import wire
from harness.device import Device
from harness.process import wait_for

STOP = {"ptz": {"stop": {}}}


def register(did, sign, **fields):
    return {"did": did, "type": "register", "sign": sign, **fields}


def static_sign(did, secret):
    return hashlib.md5(f"{did}:{secret}".encode()).hexdigest()


@pytest.fixture
def check_undisturbed(vigild, device):
    """The device is where it was, obeys, and no stranger has heard a word."""
    epoch = vigild.presence("CAM0001")["link"]["epoch"]

    def check(*strangers):
        assert vigild.action("CAM0001", STOP).status_code == 200
        assert vigild.presence("CAM0001")["link"]["epoch"] == epoch
        assert device.stays_connected(0.1)
        for stranger in strangers:
            heard = stranger.hears(0.2)
            assert not [one for one in heard if one[0] == wire.PUBLISH], heard
    return check


@pytest.mark.parametrize("version", [4, 5])
def test_a_second_connect_is_let_in_and_hears_nothing(check_undisturbed, connect_wire, version):
    stranger = connect_wire("CAM0001", version)
    stranger.send(wire.subscribe("actions/CAM0001", version=version))
    assert stranger.expect(wire.SUBACK)[-1] == 1
    check_undisturbed(stranger)


def test_a_wrong_sign_is_told_to_the_stranger_alone(check_undisturbed, connect_wire, device):
    stranger = connect_wire("CAM0001")
    stranger.send(wire.subscribe("actions/CAM0001"))
    stranger.expect(wire.SUBACK)
    stamp = device.timestamp()
    stranger.send(wire.publish("messages/CAM0001",
                               register("CAM0001", "0" * 32, timestamp=stamp)))
    answer = wire.message(stranger.expect(wire.PUBLISH))
    assert answer["result"]["code"] == 40001
    check_undisturbed(stranger)
    assert device.registrations.empty()


def test_a_replayed_sign_takes_nothing(make_device, vigild, connect_wire):
    device = make_device().connect()
    device.subscribe()
    message = device.register_message()
    device.publish(message)
    assert device.registrations.get(timeout=5)["result"]["token"]
    stranger = connect_wire("CAM0001")
    stranger.send(wire.subscribe("actions/CAM0001"), wire.publish("messages/CAM0001", message))
    stranger.expect(wire.SUBACK)
    assert wire.message(stranger.expect(wire.PUBLISH))["result"]["code"] == 40004
    assert vigild.action("CAM0001", STOP).status_code == 200
    assert stranger.hears(0.2) == [] and device.stays_connected(0.1)


def test_a_static_sign_does_not_displace_a_live_device(make_device, vigild, connect_wire):
    """The device is asked something harmless, and answers: the stranger is refused."""
    device = make_device(fields={"sign_policy": "any"}).go_online()
    epoch = vigild.presence("CAM0001")["link"]["epoch"]
    answers = vigild.metric("command_us_count")
    stranger = connect_wire("CAM0001")
    stranger.send(wire.subscribe("actions/CAM0001"), wire.publish(
        "messages/CAM0001", register("CAM0001", static_sign("CAM0001", device.secret))))
    stranger.expect(wire.SUBACK)
    assert device.next_action()["data"] == {"read": ["config"]}
    wait_for(lambda: vigild.metric("command_us_count") == answers + 1, what="the device's answer")
    vigild.advance(2100)
    assert wire.message(stranger.expect(wire.PUBLISH))["result"]["code"] == 40007
    assert vigild.presence("CAM0001")["link"]["epoch"] == epoch
    assert vigild.action("CAM0001", STOP).status_code == 200
    assert stranger.hears(0.2) == [] and device.stays_connected(0.1)


def test_a_static_sign_gets_a_link_that_is_silent(make_device, vigild, connect_wire):
    """Its power was cut, and the cloud has not noticed: it comes back with the sign it has."""
    device = make_device(fields={"sign_policy": "any"})
    dead = connect_wire("CAM0001")
    static = register("CAM0001", static_sign("CAM0001", device.secret))
    dead.send(wire.subscribe("actions/CAM0001"), wire.publish("messages/CAM0001", static))
    dead.expect(wire.SUBACK)
    assert wire.message(dead.expect(wire.PUBLISH))["result"]["token"]
    device.connect().subscribe()
    device.send_register("static")
    wait_for(lambda: any(kind == wire.PUBLISH for kind, _, _ in dead.hears(0.1)), what="the probe")
    vigild.advance(2100)
    assert device.registrations.get(timeout=5)["result"]["token"]
    assert vigild.action("CAM0001", STOP).status_code == 200
    assert dead.is_closed()


def test_a_will_has_no_other_rights_than_its_connection(check_undisturbed, connect_wire, vigild, device):
    """Not for a stranger with the device's client id, nor for another device about this one."""
    event = {"did": "CAM0001", "type": "event", "data": {"name": "offline"}}
    foreign = vigild.metric("device_foreign_total")
    stranger = connect_wire("CAM0001", will=("messages/CAM0001", event))
    stranger.close()
    other = Device(vigild, "CAM0002", vigild.add_device("CAM0002"))
    neighbour = connect_wire("CAM0002", will=("messages/CAM0001", event))
    neighbour.send(wire.subscribe("actions/CAM0002"),
                   wire.publish("messages/CAM0002", other.register_message()))
    neighbour.expect(wire.SUBACK)
    assert wire.message(neighbour.expect(wire.PUBLISH))["result"]["token"]
    neighbour.close()
    wait_for(lambda: not vigild.presence("CAM0002")["online"], what="the neighbour's end")
    check_undisturbed()
    assert vigild.events("CAM0001", "device.event") == []
    assert vigild.metric("device_foreign_total") >= foreign


def test_a_will_of_a_registered_device_is_told(connect_wire, vigild):
    device = Device(vigild, "CAM0001", vigild.add_device("CAM0001"))
    one = connect_wire("CAM0001", will=("messages/CAM0001", {
        "did": "CAM0001", "type": "event", "data": {"name": "offline"}}))
    one.send(wire.subscribe("actions/CAM0001"),
             wire.publish("messages/CAM0001", device.register_message()))
    one.expect(wire.SUBACK)
    one.expect(wire.PUBLISH)
    one.close()
    assert vigild.events("CAM0001", "device.event", least=1)[0]["data"] == {"name": "offline"}


def test_a_will_registers_nobody(connect_wire, vigild):
    """A register message left behind as a will would make a device without a connection."""
    device = Device(vigild, "CAM0001", vigild.add_device("CAM0001"))
    device.last_timestamp = vigild.now_ms() + 1000
    first = device.register_message()
    one = connect_wire("CAM0001", will=("messages/CAM0001", device.register_message()))
    one.send(wire.subscribe("actions/CAM0001"), wire.publish("messages/CAM0001", first))
    one.expect(wire.SUBACK)
    one.expect(wire.PUBLISH)
    one.close()
    wait_for(lambda: not vigild.presence("CAM0001")["online"], what="its end")
    time.sleep(0.2)
    assert not vigild.presence("CAM0001")["online"]
    assert len(vigild.events("CAM0001", "device.connected")) == 1


@pytest.mark.tsan
def test_the_device_takes_its_own_session_over_at_once(make_device, vigild):
    """Another network path: the old connection stands, and is not waited for."""
    old = make_device(answer=lambda data: None).go_online()
    new = make_device(add=False, secret=old.secret)
    new.last_timestamp = old.last_timestamp
    started = time.monotonic()
    new.go_online()
    assert time.monotonic() - started < 1
    assert vigild.action("CAM0001", STOP).status_code == 200
    old.wait_disconnect()
    presence = vigild.presence("CAM0001")
    assert presence["online"] and presence["reason"] is None
    assert old.actions.empty()


def test_what_was_asked_on_the_old_link_fails_at_once(make_device, vigild, connect_wire):
    """Its answer on the new link is foreign to it: dropped and counted."""
    old = make_device(answer=lambda data: None).go_online()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(vigild.action, "CAM0001", STOP)
        action = old.next_action()
        new = make_device(add=False, secret=old.secret)
        new.last_timestamp = old.last_timestamp
        new.go_online()
        assert waiting.result(2).json()["type"] == "/problems/device-offline"
    late = vigild.metric("command_late_total")
    new.reply(action, {"ptz": {"code": 0}})
    wait_for(lambda: vigild.metric("command_late_total") == late + 1, what="the count")


# --- quarantine -----------------------------------------------------------------------------------

def test_an_unregistered_connection_is_cut_after_10_seconds(connect_wire, vigild):
    cut = vigild.metric("mqtt_quarantine_total")
    silent = connect_wire(None)
    polite = connect_wire("CAM0404")
    polite.send(wire.subscribe("actions/CAM0404"))
    polite.expect(wire.SUBACK)
    vigild.advance(9500)
    polite.send(wire.packet(wire.PINGREQ))
    polite.expect(wire.PINGRESP)
    vigild.advance(600)
    assert silent.is_closed(3) and polite.is_closed(3)
    assert vigild.metric("mqtt_quarantine_total") == cut + 2


def test_a_5_0_client_is_told_why_it_is_cut(connect_wire, vigild):
    one = connect_wire("CAM0404", version=5)
    vigild.advance(10_100)
    assert one.expect(wire.DISCONNECT)[0] == 0x87
    assert one.is_closed()


def test_a_taken_over_5_0_client_is_told_so(connect_wire, vigild):
    device = Device(vigild, "CAM0001", vigild.add_device("CAM0001"))
    for reason in (0x8E, 0x98):
        one = connect_wire("CAM0001", version=5)
        one.send(wire.subscribe("actions/CAM0001", version=5),
                 wire.publish("messages/CAM0001", device.register_message(), version=5))
        one.expect(wire.SUBACK)
        assert wire.message(one.expect(wire.PUBLISH))["result"]["token"]
        if reason == 0x8E:
            device.go_online()
        else:
            vigild.api("PATCH", "/v2/devices/CAM0001", {"disabled": True})
        assert one.expect(wire.DISCONNECT)[0] == reason
        assert one.is_closed()
    device.close()


def test_words_before_the_registration_are_nobodys(connect_wire, vigild):
    """Events and answers of a connection that has not registered are foreign, whatever they say."""
    vigild.add_device("CAM0001")
    one = connect_wire("CAM0001")
    foreign = vigild.metric("device_foreign_total")
    one.send(wire.publish("messages/CAM0001", {"did": "CAM0001", "type": "event",
                                               "data": {"name": "motion"}}))
    one.send(wire.publish("messages/CAM0001", {"did": "CAM0001", "mid": "1", "type": "action",
                                               "result": {"ptz": {"code": 0}}}))
    wait_for(lambda: vigild.metric("device_foreign_total") == foreign + 2, what="the count")
    assert vigild.events("CAM0001", "device.event") == []


# --- topics ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("topic", ["actions/CAM0002", "messages/CAM0001", "actions/+", "actions/#", "#",
                                   "+/CAM0001", "$SYS/broker/version", "actions/CAM0001/x",
                                   "actions/", "ACTIONS/CAM0001", "$share/g/actions/CAM0001"])
def test_a_foreign_subscribe_is_refused_and_the_connection_stays(device, topic):
    assert device.subscribe(topic) == 0x80
    assert device.stays_connected(0.1)
    assert device.vigild.action("CAM0001", STOP).status_code == 200


@pytest.mark.parametrize("topic, code", [("actions/CAM0002", 0x87), ("actions/+", 0x87),
                                         ("$share/g/actions/CAM0001", 0x87), ("actions/CAM0001", 1)])
def test_a_5_0_client_is_told_not_authorized(connect_wire, topic, code):
    one = connect_wire("CAM0001", version=5)
    one.send(wire.subscribe(topic, version=5))
    assert one.expect(wire.SUBACK)[-1] == code


def test_one_subscribe_with_ours_and_theirs(connect_wire):
    one = connect_wire("CAM0001")
    one.send(wire.subscribe("actions/CAM0002", "actions/CAM0001", "actions/+"))
    assert list(one.expect(wire.SUBACK)[2:]) == [0x80, 1, 0x80]


def test_nobody_hears_anothers_actions(device, make_device, vigild):
    spy = make_device("CAM0002").go_online()
    assert spy.subscribe("actions/CAM0001") == 0x80
    assert vigild.action("CAM0001", STOP).status_code == 200
    assert device.next_action() and spy.actions.empty()


def test_foreign_publishes_are_dropped_and_the_tenth_closes(device, make_device, vigild):
    other = make_device("CAM0002").go_online()
    foreign = vigild.metric("device_foreign_total")
    forged = {"did": "CAM0001", "type": "event", "data": {"name": "motion"}}
    topics = ["messages/CAM0001", "actions/CAM0001", "messages/CAM0002/x", "actions/CAM0002",
              "anything", "$SYS/x", "messages/CAM0001", "messages/CAM0001"]
    for topic in topics:
        other.publish(forged, topic)
    other.publish(forged)  # its own topic, another's did
    wait_for(lambda: vigild.metric("device_foreign_total") == foreign + 9, what="the count")
    assert other.stays_connected(0.2)
    other.publish("not even JSON", "messages/CAM0001")
    other.wait_disconnect()
    assert vigild.metric("device_foreign_total") == foreign + 10
    assert vigild.events("CAM0001", "device.event") == []
    assert device.stays_connected(0.1) and device.actions.empty()


def test_nine_in_a_minute_and_nine_in_the_next_do_not_close(device, vigild):
    for _ in range(2):
        before = vigild.metric("device_foreign_total")
        for _ in range(9):
            device.publish({}, "messages/CAM0404")
        wait_for(lambda: vigild.metric("device_foreign_total") == before + 9, what="the count")
        assert device.stays_connected(0.1)
        vigild.advance(61_000)


def test_a_5_0_client_is_told_that_its_publish_was_foreign(connect_wire, vigild):
    device = Device(vigild, "CAM0001", vigild.add_device("CAM0001"))
    one = connect_wire("CAM0001", version=5)
    one.send(wire.publish("messages/CAM0001", device.register_message(), 1, 1, 5))
    assert one.expect(wire.PUBACK) == b"\x00\x01"
    wait_for(lambda: vigild.presence("CAM0001")["online"], what="the registration")
    one.send(wire.publish("messages/CAM0002", "{}", 1, 2, 5))
    assert one.expect(wire.PUBACK)[:3] == b"\x00\x02\x87"
    # QoS 2: refused with PUBREC, and the packet id is free at once.
    event = {"did": "CAM0001", "type": "event", "data": {"name": "io"}}
    one.send(wire.publish("messages/CAM0002", event, 2, 3, 5))
    assert one.expect(wire.PUBREC)[:3] == b"\x00\x03\x87"
    one.send(wire.publish("messages/CAM0001", event, 2, 3, 5))
    assert one.expect(wire.PUBREC) == b"\x00\x03"
    assert vigild.events("CAM0001", "device.event", least=1)


def test_a_retained_publish_is_not_kept(device, make_device, vigild):
    """Neither for the device's own topic nor for whoever subscribes later."""
    device.publish({"did": "CAM0001", "type": "event", "data": {"name": "io"}}, retain=True)
    device.publish({"did": "CAM0001", "mid": "1", "type": "action", "data": {}}, "actions/CAM0001",
                   retain=True)
    assert vigild.events("CAM0001", "device.event", least=1)
    again = make_device(add=False, secret=device.secret)
    again.last_timestamp = device.last_timestamp
    again.go_online()
    time.sleep(0.2)
    assert again.actions.empty()
