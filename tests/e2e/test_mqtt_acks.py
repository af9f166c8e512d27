# SPDX-License-Identifier: Apache-2.0
"""What an acknowledgement means: an event is on disk, and guessing is not free."""
import paho.mqtt.client as mqtt
import pytest

from harness.device import Device


def events_of(vigild, did):
    items = vigild.api("GET", f"/v2/events?did={did}&type=device.event&limit=500").json()["items"]
    return [item["data"]["n"] for item in items]


@pytest.mark.parametrize("qos", [1, 2])
def test_an_acknowledged_event_survives_kill_9(make_device, vigild, qos):
    device = make_device("CAM1").go_online()
    sent = [device.publish({"did": "CAM1", "type": "event", "data": {"name": "motion", "n": n}}, qos=qos)
            for n in range(15)]
    for message in sent:
        message.wait_for_publish(timeout=5)
        assert message.is_published()
    vigild.kill()
    device.close()
    vigild.start()
    assert events_of(vigild, "CAM1") == list(range(15))


def test_the_tenth_refused_registration_closes(vigild):
    vigild.add_device("CAM1")
    device = Device(vigild, "CAM1", "not-the-secret").connect()
    device.subscribe()
    for _ in range(9):
        assert device.register()["code"] == 40001
    assert device.stays_connected(0.2)
    device.send_register()
    device.wait_disconnect()
    device.close()


def test_who_asks_for_no_keep_alive_gets_one(vigild):
    vigild.add_device("CAM1")
    seen = {}
    client = mqtt.Client(client_id="CAM1", protocol=mqtt.MQTTv5)
    client.on_connect = lambda _c, _u, _f, _code, properties: seen.update(properties.json())
    host, port = vigild.address("mqtt")
    client.connect(host, port, keepalive=0)
    for _ in range(50):
        client.loop(0.1)
        if seen:
            break
    client.disconnect()
    assert seen["ServerKeepAlive"] == 60
