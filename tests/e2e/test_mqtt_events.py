# SPDX-License-Identifier: Apache-2.0
"""What devices tell: both forms, validated, stored, and never lost once seen."""
import datetime
import json

import pytest

EVENT_MAX = 16384


def stored(vigild, least):
    return vigild.events("CAM0001", "device.event", least)


@pytest.mark.parametrize("data", [
    {"name": "motion", "state": True, "channel": 1},
    {"motion": {"state": "start", "zone": [1, 2, 3]}},
    {"storage.full": {}},
    {"name": "person", "note": "caf\u00e9 \u6444\u50cf\u673a \U0001f4f7 \"quoted\" \\"},
], ids=["named", "one key", "empty details", "unicode"])
def test_both_forms_are_stored_as_they_are(device, vigild, data):
    device.send_event(data)
    event = stored(vigild, 1)[0]
    assert event["data"] == data and event["did"] == "CAM0001"


def test_the_time_is_the_devices_own_where_it_is_likely(device, vigild):
    now = vigild.now_ms()
    for stamp in (now - 60_000, (now - 120_000) // 1000, now + 10**9, 5, None):
        device.send_event({"name": "io"}, **({"timestamp": stamp} if stamp else {}))
    times = [datetime.datetime.fromisoformat(one["time"].replace("Z", "+00:00")).timestamp() * 1000
             for one in stored(vigild, 5)]
    assert abs(times[0] - (now - 60_000)) < 2
    assert abs(times[1] - (now - 120_000)) < 1001
    assert all(now - 5 <= one <= vigild.now_ms() for one in times[2:])


@pytest.mark.parametrize("data", [{}, {"a": 1, "b": 2}, {"name": "", "x": 1}, {"name": 5, "x": 1}, [], "x", None])
def test_an_event_without_a_name_is_dropped(device, vigild, data):
    malformed = vigild.metric("device_malformed_total")
    device.send_event(data)
    device.send_event({"name": "after"})
    assert [one["data"] for one in stored(vigild, 1)] == [{"name": "after"}]
    assert vigild.metric("device_malformed_total") == malformed + 1


def test_16_kb_are_stored_and_a_byte_more_is_not(device, vigild):
    frame = len(json.dumps({"name": "x", "pad": ""}, separators=(",", ":")))
    malformed = vigild.metric("device_malformed_total")
    device.send_event({"name": "x", "pad": "p" * (EVENT_MAX - frame)})
    device.send_event({"name": "x", "pad": "p" * (EVENT_MAX - frame + 1)})
    device.send_event({"name": "after"})
    events = stored(vigild, 2)
    assert [one["data"].get("pad", "")[:1] for one in events] == ["p", ""]
    assert len(events[0]["data"]["pad"]) == EVENT_MAX - frame
    assert vigild.metric("device_malformed_total") == malformed + 1


def test_events_come_in_order_and_by_pages(device, vigild):
    for number in range(120):
        device.send_event({"name": "count", "number": number})
    assert [one["data"]["number"] for one in stored(vigild, 120)] == list(range(120))
    path, numbers = "/v2/events?did=CAM0001&type=device.event&limit=50", []
    cursor = ""
    while cursor is not None:
        page = vigild.api("GET", path + (f"&cursor={cursor}" if cursor else "")).json()
        numbers += [one["data"]["number"] for one in page["items"]]
        cursor = page["next"]
    assert numbers == list(range(120))
    assert vigild.metric("device_events_total") == 120


def test_events_that_were_seen_survive_kill_9(device, vigild):
    for number in range(20):
        device.send_event({"name": "count", "number": number})
    before = stored(vigild, 20)
    vigild.kill()
    vigild.start()
    assert stored(vigild, 20) == before


def test_another_did_in_an_event_is_nobodys(device, vigild):
    vigild.add_device("CAM0002")
    foreign = vigild.metric("device_foreign_total")
    device.send_event({"name": "x"}, did="CAM0002")
    device.send_event({"name": "after"})
    assert [one["data"] for one in stored(vigild, 1)] == [{"name": "after"}]
    assert vigild.events("CAM0002", "device.event") == []
    assert vigild.metric("device_foreign_total") == foreign + 1
