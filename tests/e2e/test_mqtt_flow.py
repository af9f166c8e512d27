# SPDX-License-Identifier: Apache-2.0
"""A client of MQTT 5 says how much it takes before it acknowledges, and never gets more than that."""
import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import wire
from harness.device import Device
from harness.process import wait_for

DID = "CAM0001"
WAITING_MAX = 64
AT_ONCE = 32  # commands that may wait for one device


@pytest.fixture
def pool():
    with ThreadPoolExecutor(AT_ONCE + 2) as threads:
        yield threads


def packet_id(body):
    topic = int.from_bytes(body[:2], "big")
    return int.from_bytes(body[2 + topic:4 + topic], "big")



class Slow:
    """A registered device that acknowledges when it is told to."""

    def __init__(self, vigild, connect_wire, receive_maximum, qos=1):
        self.vigild = vigild
        self.device = Device(vigild, DID, vigild.add_device(DID))
        fields = {} if receive_maximum is None else {"receive_maximum": receive_maximum}
        self.wire = connect_wire(DID, 5, **fields)
        self.wire.send(wire.subscribe(f"actions/{DID}", qos=qos, version=5))
        self.wire.expect(wire.SUBACK)
        self.wire.send(wire.publish(f"messages/{DID}", self.device.register_message(), version=5))
        answer = self.wire.expect(wire.PUBLISH)
        assert wire.message(answer)["result"]["token"]
        if qos:
            self.acknowledge(answer)

    def acknowledge(self, body):
        self.wire.send(wire.ack(wire.PUBACK, packet_id(body)))

    def hears(self, seconds=0.4):
        return [body for kind, _, body in self.wire.hears(seconds) if kind == wire.PUBLISH]

    def answer(self, body):
        message = wire.message(body)
        result = {name: {"code": 0} for name in message["data"]}
        self.wire.send(wire.publish(f"messages/{DID}", {"did": DID, "type": "action",
                                                        "mid": message["mid"], "result": result},
                                    version=5))


def index_of(body):
    return wire.message(body)["data"]["preset"]["goto"]["index"]


def sent_in_order(pool, vigild, slow, count, **fields):
    """Requests on their way to the server, one after the other: each waits until it was sent."""
    answers = []
    for index in range(1, count + 1):
        before = vigild.metric("command_sent_total")
        answers.append(pool.submit(vigild.action, DID, {"preset": {"goto": {"index": index}}},
                                   **fields))
        wait_for(lambda: vigild.metric("command_sent_total") > before, what="the command's turn")
    return answers


@pytest.mark.tsan
def test_no_more_than_announced_are_under_way(vigild, connect_wire, pool):
    slow = Slow(vigild, connect_wire, 2)
    answers = sent_in_order(pool, vigild, slow, 7, timeout_ms=30_000)
    first = slow.hears()
    assert [index_of(body) for body in first] == [1, 2]
    for body in first:
        slow.answer(body)  # an answer acknowledges nothing
    assert slow.hears() == []
    under_way, heard = first, []
    while under_way:
        body = under_way.pop(0)
        slow.acknowledge(body)
        for body in slow.hears(0.3):
            heard.append(index_of(body))
            slow.answer(body)
            under_way.append(body)
        assert len(under_way) <= 2
    assert heard == [3, 4, 5, 6, 7]
    assert [answer.result().status_code for answer in answers] == [200] * 7


def test_without_an_announcement_nothing_waits(vigild, connect_wire, pool):
    slow = Slow(vigild, connect_wire, None)
    answers = sent_in_order(pool, vigild, slow, AT_ONCE, timeout_ms=1000)
    assert len(slow.hears()) == AT_ONCE
    assert {answer.result().status_code for answer in answers} == {504}


def test_qos_0_is_not_counted(vigild, connect_wire, pool):
    slow = Slow(vigild, connect_wire, 1, qos=0)
    answers = sent_in_order(pool, vigild, slow, 3, timeout_ms=1000)
    assert [index_of(body) for body in slow.hears()] == [1, 2, 3]
    assert {answer.result().status_code for answer in answers} == {504}


def test_acknowledging_what_never_came_opens_nothing(vigild, connect_wire, pool):
    slow = Slow(vigild, connect_wire, 1)
    for number in range(900, 905):
        slow.wire.send(wire.ack(wire.PUBACK, number))
    answers = sent_in_order(pool, vigild, slow, 3, timeout_ms=2000)
    (first,) = slow.hears()
    slow.wire.send(wire.ack(wire.PUBACK, packet_id(first) + 1))  # waits still
    assert slow.hears() == []
    slow.acknowledge(first)
    slow.acknowledge(first)  # again: counts once
    assert [index_of(body) for body in slow.hears()] == [2]
    assert {answer.result().status_code for answer in answers} == {504}


@pytest.mark.parametrize("announced", [64, 65])
def test_64_are_under_way_at_most(vigild, connect_wire, pool, announced):
    slow = Slow(vigild, connect_wire, announced)
    for count in (AT_ONCE, AT_ONCE, 1):
        answers = [pool.submit(vigild.action, DID, {"preset": {"goto": {"index": 1}}}, timeout_ms=500)
                   for _ in range(count)]
        assert {answer.result().status_code for answer in answers} == {504}
    bodies = slow.hears()
    assert len(bodies) == 64
    slow.acknowledge(bodies[7])
    assert len(slow.hears()) == 1


def test_64_may_wait_and_the_65th_is_refused(vigild, connect_wire, pool):
    slow = Slow(vigild, connect_wire, 1)
    for count in (AT_ONCE, AT_ONCE, 1):  # 1 under way, 64 wait; their callers have given up
        answers = [pool.submit(vigild.action, DID, {"preset": {"goto": {"index": 1}}}, timeout_ms=500)
                   for _ in range(count)]
        assert {answer.result().status_code for answer in answers} == {504}
    refused = vigild.action(DID, {"preset": {"goto": {"index": 2}}}, timeout_ms=500)
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/device-busy")
    # One turn later there is room for one again.
    (first,) = slow.hears()
    slow.acknowledge(first)
    assert len(slow.hears()) == 1
    last = vigild.action(DID, {"preset": {"goto": {"index": 3}}}, timeout_ms=200)
    assert last.status_code == 504
    assert vigild.presence(DID)["state"] == "online"


def test_what_waited_too_long_is_never_obeyed(vigild, connect_wire, pool):
    slow = Slow(vigild, connect_wire, 1)
    answers = sent_in_order(pool, vigild, slow, 3, timeout_ms=500)
    assert {answer.result().status_code for answer in answers} == {504}
    vigild.advance(30_001)
    (first,) = slow.hears()
    slow.acknowledge(first)
    assert slow.hears() == []
    assert vigild.metric("mqtt_expired_total") == 2
    late = pool.submit(vigild.action, DID, {"preset": {"goto": {"index": 9}}})
    (body,) = slow.hears()
    assert index_of(body) == 9
    slow.answer(body)
    assert late.result().status_code == 200


def test_a_device_that_goes_takes_what_waited_with_it(vigild, connect_wire, pool):
    slow = Slow(vigild, connect_wire, 1)
    answers = sent_in_order(pool, vigild, slow, 5, timeout_ms=30_000)
    slow.wire.socket.shutdown(socket.SHUT_RDWR)
    assert {answer.result().status_code for answer in answers} == {409}
    assert json.loads(answers[4].result().text)["type"] == "/problems/device-offline"
