# SPDX-License-Identifier: Apache-2.0
"""A device on paho-mqtt: an independent client that registers and answers actions."""
import hashlib
import hmac
import json
import queue
import time

import paho.mqtt.client as mqtt

ANSWER_LIMIT_S = 5


def success(data):
    """Code 0 for every action of the request: what an obliging camera says."""
    return {name: {"code": 0} for name in data}


class Device:
    """`answer(data)` makes an action's result from its data; None stays silent."""

    def __init__(self, vigild, did, secret, answer=success, client_id=None, protocol=mqtt.MQTTv311,
                 **client_options):
        self.vigild, self.did, self.secret, self.answer = vigild, did, secret, answer
        self.actions = queue.Queue()        # every action, whole, as it came
        self.registrations = queue.Queue()  # every answer to a registration
        self.refused_topics = queue.Queue()
        self.last_timestamp = 0
        self.token = None
        self.disconnects = queue.Queue()
        self._connected, self._subscribed = queue.Queue(), queue.Queue()
        if protocol != mqtt.MQTTv5:
            client_options.setdefault("clean_session", True)
        self.client = mqtt.Client(client_id=client_id or did, protocol=protocol, **client_options)
        self.client.reconnect_delay_set(1, 2)
        self.client.on_connect = lambda _c, _u, _f, code, *_: self._connected.put(code)
        self.client.on_subscribe = lambda _c, _u, mid, codes, *_: self._subscribed.put((mid, codes))
        self.client.on_disconnect = lambda _c, _u, code, *_: self.disconnects.put(code)
        self.client.on_message = self._on_message

    def connect(self, keepalive=60, endpoint="mqtt"):
        host, port = self.vigild.address(endpoint)
        self.client.connect(host, port, keepalive=keepalive)
        self.client.loop_start()
        code = self._connected.get(timeout=ANSWER_LIMIT_S)
        assert code == 0, f"CONNACK {code}"
        return self

    def subscribe(self, topic=None, qos=1):
        """The granted QoS, or 128 where the server refuses."""
        wanted, mid = self.client.subscribe(topic or f"actions/{self.did}", qos)
        assert wanted == mqtt.MQTT_ERR_SUCCESS
        got, codes = self._subscribed.get(timeout=ANSWER_LIMIT_S)
        assert got == mid
        return int(getattr(codes[0], "value", codes[0]))

    def publish(self, message, topic=None, qos=1, retain=False):
        payload = message if isinstance(message, (str, bytes)) else json.dumps(message)
        return self.client.publish(topic or f"messages/{self.did}", payload, qos, retain)

    def timestamp(self):
        """The server's idea of now, and always later than the one before."""
        self.last_timestamp = max(self.vigild.now_ms(), self.last_timestamp + 1)
        return self.last_timestamp

    def sign(self, timestamp, kind="md5"):
        if kind == "static":
            return hashlib.md5(f"{self.did}:{self.secret}".encode()).hexdigest()
        if kind == "hmac":
            text = f"{self.did}:{timestamp}".encode()
            return hmac.new(self.secret.encode(), text, "sha256").hexdigest() + ":hmac-sha256"
        return hashlib.md5(f"{self.did}:{self.secret}:{timestamp}".encode()).hexdigest()

    def register_message(self, kind="md5", **fields):
        """A field that is None is left out."""
        timestamp = fields.pop("timestamp", None) or self.timestamp()
        message = {"did": self.did, "type": "register", "timestamp": timestamp,
                   "sign": self.sign(timestamp, kind), "data": {"model": "paho"}, **fields}
        if kind == "static":
            message.pop("timestamp")
        return {name: value for name, value in message.items() if value is not None}

    def send_register(self, kind="md5", **fields):
        self.publish(self.register_message(kind, **fields))

    def send_event(self, data, **fields):
        self.publish({"did": self.did, "type": "event", "data": data, **fields})

    def register(self, kind="md5", **fields):
        """The answer's `result`: id, token, expires; or code and error."""
        self.send_register(kind, **fields)
        result = self.registrations.get(timeout=ANSWER_LIMIT_S)["result"]
        self.token = result.get("token", self.token)
        return result

    def go_online(self, **fields):
        self.connect()
        assert self.subscribe() in (0, 1)
        result = self.register(**fields)
        assert result.get("token"), result
        return self

    def next_action(self, limit_s=ANSWER_LIMIT_S):
        return self.actions.get(timeout=limit_s)

    def wait_disconnect(self, limit_s=ANSWER_LIMIT_S):
        return self.disconnects.get(timeout=limit_s)

    def wait_connect(self, limit_s=2 * ANSWER_LIMIT_S):
        """The client came back by itself."""
        assert self._connected.get(timeout=limit_s) == 0

    def stays_connected(self, seconds=0.5):
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.disconnects.empty():
            time.sleep(0.02)
        return self.disconnects.empty() and self.client.is_connected()

    def reply(self, action, result):
        self.publish({"did": self.did, "mid": action["mid"], "type": "action", "result": result})

    def _on_message(self, _client, _userdata, packet):
        message = json.loads(packet.payload)
        if message.get("type") == "register":
            self.registrations.put(message)
            return
        self.actions.put(message)
        result = self.answer(message.get("data", {})) if self.answer else None
        if result is not None:
            self.reply(message, result)

    def drop(self):
        """The cable is pulled: the socket goes without a DISCONNECT."""
        self.client.loop_stop()
        sock = self.client.socket()
        if sock:
            sock.close()

    def close(self):
        try:
            self.client.disconnect()
        except OSError:  # dropped before
            pass
        self.client.loop_stop()
