# SPDX-License-Identifier: Apache-2.0
"""Bytes that no decent client sends, at any pace: a clear end for that connection, nothing for others."""
import json
import pathlib
import socket
import time

import pytest

from harness import wire
from harness.device import Device
from harness.process import wait_for

CORPUS = pathlib.Path(__file__).parents[1] / "fuzz" / "corpus" / "mqtt_read"
STOP = {"ptz": {"stop": {}}}
PACKET_MAX = 128 * 1024
ENVELOPE_MAX = 64 * 1024


@pytest.fixture
def bystander(vigild, device):
    """After the test this device is on line as before, and obeys."""
    yield device
    assert device.stays_connected(0.1)
    assert vigild.action(device.did, STOP).status_code == 200
    assert len(vigild.events(device.did, "device.connected", least=1)) == 1


def corpus():
    """(version, packets): a file's first byte chooses the version."""
    for path in sorted(CORPUS.iterdir()):
        raw = path.read_bytes()
        yield 5 if raw[0] & 1 else 4, raw[1:]


def throw(vigild, raw):
    """Sends and goes; the server may have closed before."""
    one = wire.Wire(vigild.address("mqtt"))
    try:
        one.send(raw)
    except (BrokenPipeError, ConnectionResetError):
        pass
    one.close()


def test_packets_cut_at_every_point(bystander, vigild):
    for version, raw in corpus():
        for cut in range(min(len(raw), 400)):
            throw(vigild, raw[:cut])
    for version, raw in corpus():
        hello = wire.connect("CAM0404", version)
        for cut in range(0, min(len(raw), 400), 3):
            throw(vigild, hello + raw[:cut])


def test_packets_with_each_byte_changed(bystander, vigild):
    for version, raw in corpus():
        hello = wire.connect("CAM0404", version)
        for place in range(0, min(len(raw), 120), 2):
            broken = bytearray(raw)
            broken[place] ^= 0xFF
            throw(vigild, hello + bytes(broken))


@pytest.mark.parametrize("raw", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 64, b"\xff" * 64, b"\x10\xff\xff\xff\xff\x01",
    b"\x10\x80\x80\x80\x80", b"\xf0\x00", wire.packet(wire.PINGREQ), wire.publish("messages/X", "{}"),
    wire.packet(wire.CONNECT, b"\x00\x04MQTT\x04\x03\x00\x3c\x00\x01X"),
    wire.packet(wire.CONNECT, b"\x00\x04HTTP\x04\x02\x00\x3c\x00\x01X"),
], ids=["HTTP", "zeroes", "ones", "length over 4 bytes", "length without end", "AUTH", "ping first",
        "publish first", "reserved flag", "another protocol"])
def test_what_is_no_connect_is_closed_at_once(bystander, connect_wire, raw):
    one = connect_wire(None)
    one.send(raw)
    assert one.is_closed(3)


@pytest.mark.parametrize("level", [3, 6, 0x84])
def test_another_version_is_told_so(connect_wire, level):
    one = connect_wire(None)
    name = b"\x00\x06MQIsdp" if level == 3 else b"\x00\x04MQTT"
    one.send(wire.packet(wire.CONNECT, name + bytes([level, 2, 0, 60]) + wire.text("CAM0001")))
    assert one.expect(wire.CONNACK) == b"\x00\x01"
    assert one.is_closed()


@pytest.mark.parametrize("client_id", ["", "a b", "CAM/1", "x" * 65, "+", "CAM_1"])
def test_a_client_id_that_is_no_did_is_refused(connect_wire, client_id):
    one = connect_wire(None)
    one.send(wire.connect(client_id))
    assert one.expect(wire.CONNACK) == b"\x00\x02"
    assert one.is_closed()


def test_the_longest_did_is_one(connect_wire):
    connect_wire("a:b.C-" + "9" * 58)


@pytest.mark.parametrize("raw", [
    wire.connect("CAM0404"), wire.packet(wire.CONNACK, b"\x00\x00"), wire.packet(wire.SUBSCRIBE, b"", 2),
    wire.packet(wire.SUBSCRIBE, b"\x00\x00" + wire.text("a") + b"\x00", 2),
    wire.packet(wire.SUBSCRIBE, b"\x00\x01" + wire.text("a") + b"\x03", 2),
    wire.packet(wire.PUBLISH, wire.text("a") + b"\x00\x01", 6), wire.publish("messages/+", "{}"),
    wire.publish("a", "{}", 1, 0), wire.packet(wire.PINGREQ, b"x"), wire.packet(wire.PUBREL, b"\x00\x01", 0),
], ids=["second CONNECT", "CONNACK", "empty SUBSCRIBE", "packet id 0", "QoS 3 asked", "QoS 3 sent",
        "wildcard in a topic", "PUBLISH id 0", "PINGREQ with a body", "PUBREL flags"])
def test_a_broken_packet_closes_its_connection(bystander, connect_wire, vigild, raw):
    malformed = vigild.metric("mqtt_malformed_total")
    one = connect_wire("CAM0404")
    one.send(raw)
    assert one.is_closed(3)
    assert vigild.metric("mqtt_malformed_total") >= malformed


def register_slowly(one, device):
    one.trickle(wire.connect(device.did), 0.002)
    assert one.expect(wire.CONNACK) == b"\x00\x00"
    one.trickle(wire.subscribe(f"actions/{device.did}") +
                wire.publish(f"messages/{device.did}", device.register_message(), 1))
    one.expect(wire.SUBACK)
    one.expect(wire.PUBACK)
    return wire.message(one.expect(wire.PUBLISH))["result"]


def test_a_slow_sender_is_understood(bystander, vigild, connect_wire):
    """Byte by byte, each in a segment of its own."""
    device = Device(vigild, "CAM0002", vigild.add_device("CAM0002"))
    assert register_slowly(connect_wire(None), device)["token"]


def test_many_packets_in_one_segment_are_all_taken(vigild, connect_wire):
    one = connect_wire("CAM0404")
    one.send(*[wire.packet(wire.PINGREQ)] * 1000)
    assert all(one.expect(wire.PINGRESP) == b"" for _ in range(1000))


def test_silent_connections_are_cut_and_nobody_waits(bystander, vigild):
    """Each holds a place for 10 s at most."""
    before = vigild.metric("connections")
    silent = [socket.create_connection(vigild.address("mqtt")) for _ in range(800)]
    wait_for(lambda: vigild.metric("connections") >= before + 800, 10, "their accepting")
    assert vigild.action("CAM0001", STOP).status_code == 200
    vigild.advance(10_100)
    wait_for(lambda: vigild.metric("connections") < before + 100, 10, "their end")
    for one in silent:
        one.close()


def test_a_slow_reader_does_not_fill_the_memory(bystander, vigild):
    """It asks and asks and never reads an answer: its queue has a limit, and then it is closed."""
    before = vigild.metric("connections")
    one = wire.Wire(vigild.address("mqtt"), receive_bytes=4096)
    one.send(wire.connect("CAM0404"))
    one.socket.settimeout(0.5)
    pings = wire.packet(wire.PINGREQ) * 32768
    with pytest.raises((ConnectionError, TimeoutError, socket.timeout)):
        for _ in range(400):
            one.socket.sendall(pings)
    wait_for(lambda: vigild.metric("connections") <= before, what="its closing")
    one.close()


# --- sizes ----------------------------------------------------------------------------------------

def test_a_megabyte_closes_its_connection_only(bystander, make_device, vigild):
    big = make_device("CAM0002").go_online()
    big.publish(b"x" * 1_000_000)
    big.wait_disconnect()
    # Its header alone is enough: nobody waits for the rest of a megabyte.
    one = wire.Wire(vigild.address("mqtt"))
    one.send(wire.connect("CAM0002"), b"\x30\x80\x80\x40")
    one.expect(wire.CONNACK)
    assert one.is_closed(3)
    one.close()
    again = make_device("CAM0002", add=False, secret=big.secret)
    again.last_timestamp = big.last_timestamp
    assert again.go_online().token


def test_a_packet_at_the_limit_and_one_past_it(connect_wire):
    for size, is_taken in ((PACKET_MAX, True), (PACKET_MAX + 1, False)):
        one = connect_wire("CAM0404")
        body = wire.text("messages/CAM0404")
        head = 4  # a length over 16383 takes three bytes
        raw = wire.packet(wire.PUBLISH, body + b"x" * (size - head - len(body)))
        assert len(raw) == size
        # its end comes in one read with the packets behind it
        one.send(raw[:-1])
        time.sleep(0.05)
        one.send(raw[-1:], wire.packet(wire.PINGREQ))
        if is_taken:
            assert one.expect(wire.PINGRESP) == b""
        else:
            assert one.is_closed(3)


def test_a_message_at_the_limit_and_one_past_it(device, vigild):
    """64 kB of JSON is read; a byte more is malformed, and the connection stays."""
    for extra in (0, 1):
        malformed = vigild.metric("device_malformed_total")
        frame = json.dumps(device.register_message(padding=""))
        device.publish(frame[:-2] + "x" * (ENVELOPE_MAX + extra - len(frame)) + '"}')
        if extra:
            wait_for(lambda: vigild.metric("device_malformed_total") == malformed + 1, what="the count")
            assert device.registrations.empty() and device.stays_connected(0.1)
        else:
            assert device.registrations.get(timeout=5)["result"]["token"]


@pytest.mark.parametrize("payload", [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"did":"CAM0001"}', b'{"did":"CAM0001","type":"reboot"}',
    b'{"did":7,"type":"event"}', b'{"did":"CAM0001","type":"event","data":[]}',
    b'{"did":"CAM0001","type":"event","data":"x"}', b'{"did":"CAM0001","type":"event"}',
    b'{"did":"CAM0001","type":"event","data":{}}', b'{"did":"CAM0001","type":"action","result":{}}',
    b'{"did":"CAM0001","type":"action","mid":"1"}', b'{"did":"CAM0001","type":"event","data":{"a":1,"b":2}}',
    b"[" * 5000, b'{"did":"CAM0001","type":"event","data":' + b'{"a":' * 60 + b"1" + b"}" * 61,
    b'{"did":"CAM0001","type":"event","timestamp":{},"data":{"name":"x"}}',
])
def test_a_malformed_message_is_dropped_and_counted(device, vigild, payload):
    malformed = vigild.metric("device_malformed_total")
    device.publish(payload)
    wait_for(lambda: vigild.metric("device_malformed_total") == malformed + 1, what="the count")
    assert device.stays_connected(0.05)
    assert vigild.events("CAM0001", "device.event") == []


# --- delivery -------------------------------------------------------------------------------------

def test_qos_2_is_taken_exactly_once(vigild, connect_wire):
    device = Device(vigild, "CAM0001", vigild.add_device("CAM0001"))
    one = connect_wire("CAM0001")
    one.send(wire.subscribe("actions/CAM0001"),
             wire.publish("messages/CAM0001", device.register_message(), 2, 7))
    one.expect(wire.SUBACK)
    assert one.expect(wire.PUBREC) == b"\x00\x07"
    assert wire.message(one.expect(wire.PUBLISH))["result"]["token"]
    one.send(wire.ack(wire.PUBREL, 7))
    assert one.expect(wire.PUBCOMP) == b"\x00\x07"
    event = {"did": "CAM0001", "type": "event", "data": {"name": "motion"}}
    for again in (False, True, True):
        one.send(wire.publish("messages/CAM0001", event, 2, 8, again=again))
        assert one.expect(wire.PUBREC) == b"\x00\x08"
    one.send(wire.ack(wire.PUBREL, 8), wire.ack(wire.PUBREL, 8))
    assert one.expect(wire.PUBCOMP) == one.expect(wire.PUBCOMP) == b"\x00\x08"
    # The same packet id after its release is another message.
    one.send(wire.publish("messages/CAM0001", event, 2, 8))
    assert one.expect(wire.PUBREC) == b"\x00\x08"
    assert len(vigild.events("CAM0001", "device.event", least=2)) == 2


def test_20_unreleased_messages_are_held_and_the_21st_closes(connect_wire):
    one = connect_wire("CAM0404")
    event = {"did": "CAM0404", "type": "event"}
    for packet_id in range(1, 21):
        one.send(wire.publish("messages/CAM0404", "not JSON", 2, packet_id))
        assert one.expect(wire.PUBREC)[1] == packet_id
    one.send(wire.publish("messages/CAM0404", event, 2, 21))
    assert one.is_closed(3)


def test_actions_come_at_the_qos_that_was_asked_for(make_device, vigild, connect_wire):
    for did, qos in (("CAM0001", 0), ("CAM0002", 1), ("CAM0003", 2)):
        device = make_device(did).connect()
        assert device.subscribe(qos=qos) == min(qos, 1)
        assert device.register()["token"]
        assert vigild.action(did, STOP).status_code == 200


def test_who_unsubscribes_is_told_nothing_and_the_caller_knows(device, vigild):
    device.client.unsubscribe("actions/CAM0001")
    wait_for(lambda: vigild.action("CAM0001", STOP).status_code == 409, what="the silence")
    assert vigild.action("CAM0001", STOP).json()["type"] == "/problems/device-offline"
    assert device.subscribe() == 1
    assert vigild.action("CAM0001", STOP).status_code == 200
