# SPDX-License-Identifier: Apache-2.0
"""The event log: listed, followed by SSE and WebSocket, resumed, posted."""
import asyncio
import http.client
import json
import socket
import time

import pytest
import websockets

from harness.process import wait_for
from test_devices import problem


def events(vigild, **query):
    answer = vigild.api("GET", "/v2/events", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def types(vigild, **query):
    return [event["type"] for event in events(vigild, **query)["items"]]


class Stream:
    """Server-sent events, read as they come."""

    def __init__(self, vigild, query="", last_event_id=None):
        headers = {"Authorization": f"Bearer {vigild.admin_token}", "Accept": "text/event-stream"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        self.connection = http.client.HTTPConnection(*vigild.address("http"), timeout=10)
        self.connection.request("GET", f"/v2/events{query}", headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        assert self.answer.headers["Content-Type"] == "text/event-stream"

    def lines(self):
        while line := self.answer.readline():
            yield line.decode().rstrip("\n")
        raise AssertionError("the stream ended")

    def next(self):
        fields = {}
        for line in self.lines():
            if line == "" and "data" in fields:
                return {**fields, "data": json.loads(fields["data"])}
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value

    def next_comment(self):
        return next(line for line in self.lines() if line.startswith(":"))

    def close(self):
        self.answer.close()
        self.connection.close()


def test_what_happens_is_on_the_log_in_order(vigild, make_device):
    device = make_device("CAM1").go_online()
    device.publish({"type": "event", "did": "CAM1", "data": {"name": "motion", "zone": 2}})
    wait_for(lambda: "device.event" in types(vigild), what="the device's event")
    device.close()
    wait_for(lambda: "device.disconnected" in types(vigild), what="the device's going")
    log = events(vigild)["items"]
    assert [event["type"] for event in log][0] == "device.created"
    assert {"device.connected", "device.event", "device.disconnected"} <= {event["type"] for event in log}
    assert [int(event["cursor"]) for event in log] == list(range(1, len(log) + 1))
    assert {event["did"] for event in log} == {"CAM1"}
    motion = next(event for event in log if event["type"] == "device.event")
    assert motion["data"]["name"] == "motion"


def test_the_list_is_paged_and_filtered(vigild):
    for n in range(7):
        vigild.add_device(f"CAM{n}")
    wait_for(lambda: len(events(vigild)["items"]) == 7)
    seen, cursor = [], "0"
    while cursor is not None:
        page = events(vigild, limit=3, cursor=cursor)
        seen += [event["did"] for event in page["items"]]
        cursor = page["next"]
    assert seen == [f"CAM{n}" for n in range(7)]
    assert [event["did"] for event in events(vigild, did="CAM3")["items"]] == ["CAM3"]
    assert types(vigild, type="device.removed") == []


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "cursor=x", "cursor=-1", "did=" + "d" * 65, "type=" + "t" * 65])
def test_a_bad_query_is_named(vigild, query):
    assert problem(vigild.api("GET", f"/v2/events?{query}"), 400, "invalid-request")["field"] == query.split("=")[0]


def test_events_are_followed_and_resumed(vigild):
    stream = Stream(vigild)
    vigild.add_device("CAM1")
    first = stream.next()
    assert first["event"] == "device.created" and first["data"]["did"] == "CAM1"
    assert first["id"] == first["data"]["cursor"]
    stream.close()
    for n in range(2, 6):
        vigild.add_device(f"CAM{n}")
    stream = Stream(vigild, last_event_id=first["id"])
    assert [stream.next()["data"]["did"] for _ in range(4)] == ["CAM2", "CAM3", "CAM4", "CAM5"]
    vigild.add_device("CAM6")
    assert stream.next()["data"]["did"] == "CAM6"
    stream.close()


def test_following_goes_on_after_a_restart(vigild):
    stream = Stream(vigild)
    vigild.add_device("CAM1")
    last = stream.next()["id"]
    vigild.kill()
    vigild.start()
    vigild.add_device("CAM2")
    stream = Stream(vigild, last_event_id=last)
    assert stream.next()["data"]["did"] == "CAM2"
    stream.close()


def test_a_stream_is_filtered_and_starts_where_it_is_told(vigild):
    for did in ("CAM1", "CAM2"):
        vigild.add_device(did)
    wait_for(lambda: len(events(vigild)["items"]) == 2)
    stream = Stream(vigild, query="?cursor=0&did=CAM2")
    assert stream.next()["data"]["did"] == "CAM2"
    vigild.api("DELETE", "/v2/devices/CAM1")
    vigild.api("DELETE", "/v2/devices/CAM2")
    assert stream.next()["data"] ["type"] == "device.removed"
    stream.close()


def test_a_quiet_stream_says_that_it_lives(vigild):
    stream = Stream(vigild)
    vigild.advance(15_500)
    assert stream.next_comment().startswith(":")
    stream.close()


def test_many_events_come_in_order_and_none_is_lost(vigild):
    stream = Stream(vigild)
    rows = "\n".join(f"CAM{n:04}" for n in range(2000))
    answer = vigild.api("POST", "/v2/devices:import", data=rows.encode(), headers={"Content-Type": "text/csv"})
    assert answer.json()["created"] == 2000
    assert [stream.next()["data"]["did"] for _ in range(2000)] == [f"CAM{n:04}" for n in range(2000)]
    stream.close()


@pytest.mark.parametrize("last", ["x", "-1", "1 2"])
def test_a_bad_place_to_resume_is_refused(vigild, last):
    answer = vigild.api("GET", "/v2/events", headers={"Accept": "text/event-stream", "Last-Event-ID": last})
    problem(answer, 400, "invalid-request")


def test_a_reader_that_never_reads_disturbs_nobody(vigild):
    with socket.create_connection(vigild.address("http")) as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.sendall(f"GET /v2/events?cursor=0 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
                     f"Authorization: Bearer {vigild.admin_token}\r\n\r\n".encode())
        stream = Stream(vigild)
        big = "x" * 16000
        for n in range(300):
            assert vigild.api("POST", "/v2/events", {"type": "test.big", "data": {"n": n, "text": big}}).status_code == 201
        assert [stream.next()["data"]["data"]["n"] for _ in range(300)] == list(range(300))
        stream.close()
        rss = int(next(line for line in open(f"/proc/{vigild.pid}/status") if line.startswith("VmRSS")).split()[1])
        assert rss < 400_000
        watched = vigild.metric("connections")
        for _ in range(4):
            vigild.advance(15_500)
            time.sleep(0.2)
        assert vigild.metric("connections") == watched - 1, "who takes nothing is cut"


def test_an_application_posts_its_own(vigild):
    vigild.add_device("CAM1")
    wait_for(lambda: events(vigild)["items"])
    stream = Stream(vigild)
    answer = vigild.api("POST", "/v2/events", {"type": "shop.alarm", "did": "CAM1", "data": {"level": 3}})
    assert answer.status_code == 201
    event = stream.next()
    assert event["event"] == "shop.alarm" and event["data"]["did"] == "CAM1" and event["data"]["data"] == {"level": 3}
    stream.close()
    vigild.kill()
    vigild.start()
    assert types(vigild, type="shop.alarm") == ["shop.alarm"]


@pytest.mark.parametrize("body, status, field", [
    ({}, 400, "type"), ({"type": ""}, 400, "type"), ({"type": "a b"}, 400, "type"), ({"type": "t" * 65}, 400, "type"),
    ({"type": "device.connected"}, 400, "type"), ({"type": "vigil.x"}, 400, "type"), ({"type": 1}, 400, "type"),
    ({"type": "x", "data": []}, 400, "data"), ({"type": "x", "data": "x"}, 400, "data"),
    ({"type": "x", "did": "NONE"}, 404, "did"), ({"type": "x", "data": {"a": "x" * 16384}}, 413, "data"),
])
def test_a_bad_event_is_refused(vigild, body, status, field):
    answer = vigild.api("POST", "/v2/events", body)
    assert answer.status_code == status and answer.json()["field"] == field
    assert events(vigild)["items"] == []


def test_the_largest_event_is_kept(vigild):
    text = "x" * (16384 - len('{"a":""}'))
    assert vigild.api("POST", "/v2/events", {"type": "t" * 64, "data": {"a": text}}).status_code == 201
    wait_for(lambda: events(vigild)["items"])
    assert events(vigild)["items"][0]["data"] == {"a": text}


def test_a_websocket_gets_one_text_for_each_event(vigild):
    async def follow():
        headers = {"Authorization": f"Bearer {vigild.admin_token}"}
        async with websockets.connect(vigild.http.replace("http", "ws", 1) + "/v2/events",
                                      extra_headers=headers) as ws:
            await asyncio.get_running_loop().run_in_executor(None, vigild.add_device, "CAM1")
            event = json.loads(await asyncio.wait_for(ws.recv(), 5))
            await ws.send("nobody listens to this")
            pong = await ws.ping()
            await asyncio.wait_for(pong, 5)
            await asyncio.get_running_loop().run_in_executor(None, vigild.add_device, "CAM2")
            second = json.loads(await asyncio.wait_for(ws.recv(), 5))
        return event, second
    first, second = asyncio.run(follow())
    assert (first["type"], first["did"], second["did"]) == ("device.created", "CAM1", "CAM2")


def test_a_websocket_of_a_stranger_is_refused(vigild):
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = vigild.api("GET", "/v2/events", token="", headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **headers})
        problem(answer, 401, "unauthenticated")


def test_a_thousand_may_follow_and_no_more(vigild):
    head = (f"GET /v2/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
            f"Authorization: Bearer {vigild.admin_token}\r\n\r\n").encode()
    followers = []
    try:
        for _ in range(1000):
            followers.append(socket.create_connection(vigild.address("http")))
            followers[-1].sendall(head)
        for follower in followers:
            assert follower.recv(12) == b"HTTP/1.1 200"
        busy = vigild.api("GET", "/v2/events", headers={"Accept": "text/event-stream"})
        problem(busy, 503, "busy")
        followers.pop().close()
        wait_for(lambda: vigild.api("GET", "/v2/events", headers={"Accept": "text/event-stream"},
                                    stream=True).status_code == 200, what="a free place")
    finally:
        for follower in followers:
            follower.close()


def test_old_days_go_and_a_reader_goes_on_at_what_is_left(start_vigild):
    vigild = start_vigild("--events-keep-days=2")

    def post(kind):
        assert vigild.api("POST", "/v2/events", {"type": kind}).status_code == 201
    assert events(vigild)["oldest"] is None
    for kind in ("first", "second", "third"):
        post(kind)
    assert events(vigild)["oldest"] == "1"
    vigild.advance(3 * 86_400_000)  # the day of those three, two whole ones, and today
    wait_for(lambda: vigild.metric("events_swept_total") == 2, what="the sweep")
    assert types(vigild) == ["third"], "the newest stays"
    post("later")
    assert types(vigild) == ["third", "later"]  # it has its cursor
    vigild.advance(3_600_000)
    wait_for(lambda: types(vigild) == ["later"], what="the sweep")
    page = events(vigild, cursor=1)  # somebody who saw the first one only
    assert [item["cursor"] for item in page["items"]] == ["4"] and page["oldest"] == "4"
    stream = Stream(vigild, last_event_id=1)
    assert stream.next()["id"] == "4"
    post("live")
    assert stream.next()["id"] == "5"
    stream.close()
    assert vigild.metric("events_swept_total") == 3
    vigild.restart()
    post("after")
    assert [item["cursor"] for item in events(vigild)["items"]][-1] == "6"
