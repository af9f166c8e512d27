# SPDX-License-Identifier: Apache-2.0
"""MQTT by the byte: for what no decent client would send, and for clients that stop in the middle."""
import json
import socket
import ssl
import time

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 2, 3, 4, 5, 6, 7
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 10, 11, 12, 13, 14
LIMIT_S = 5


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return len(raw).to_bytes(2, "big") + raw


def packet(kind, body=b"", flags=0):
    size, head = len(body), bytearray([kind << 4 | flags])
    while True:
        head.append(size % 128 | (0x80 if size >= 128 else 0))
        size //= 128
        if not size:
            return bytes(head) + body


def connect(client_id, version=4, keep_alive=60, will=None, receive_maximum=None):
    """`will` is (topic, payload); `receive_maximum` is for 5.0."""
    flags = 0x02 | (0x0C if will else 0)
    none = b"\x00" if version == 5 else b""
    properties = none
    if receive_maximum is not None:
        properties = b"\x03\x21" + receive_maximum.to_bytes(2, "big")
    body = text("MQTT") + bytes([version, flags]) + keep_alive.to_bytes(2, "big") + properties
    body += text(client_id)
    if will:
        payload = will[1] if isinstance(will[1], (str, bytes)) else json.dumps(will[1])
        body += none + text(will[0]) + text(payload)
    return packet(CONNECT, body)


def subscribe(*topics, packet_id=1, qos=1, version=4):
    none = b"\x00" if version == 5 else b""
    body = b"".join(text(topic) + bytes([qos]) for topic in topics)
    return packet(SUBSCRIBE, packet_id.to_bytes(2, "big") + none + body, 2)


def publish(topic, payload, qos=0, packet_id=1, version=4, retain=False, again=False):
    raw = payload if isinstance(payload, bytes) else (
        payload if isinstance(payload, str) else json.dumps(payload)).encode()
    body = text(topic) + (packet_id.to_bytes(2, "big") if qos else b"")
    body += (b"\x00" if version == 5 else b"") + raw
    return packet(PUBLISH, body, qos << 1 | retain | again << 3)


def ack(kind, packet_id):
    return packet(kind, packet_id.to_bytes(2, "big"), 2 if kind == PUBREL else 0)


class Wire:
    """One socket; `.read()` gives (kind, flags, body), or None where the server has closed."""

    def __init__(self, address, tls=None, receive_bytes=0):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect(address)
        if tls:
            self.socket = ssl.create_default_context(cafile=tls).wrap_socket(
                self.socket, server_hostname="localhost")
        self.left = b""

    def send(self, *packets):
        self.socket.sendall(b"".join(packets))
        return self

    def trickle(self, raw, pause_s=0.0):
        """One byte at a time, each a segment of its own."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(len(raw)):
            self.socket.sendall(raw[place:place + 1])
            if pause_s:
                time.sleep(pause_s)
        return self

    def _fill(self, count):
        while len(self.left) < count:
            try:
                got = self.socket.recv(65536)
            except ConnectionResetError:
                got = b""
            if not got:
                return False
            self.left += got
        return True

    def read(self, limit_s=LIMIT_S):
        self.socket.settimeout(limit_s)
        place, size, shift = 1, 0, 0
        while True:
            if not self._fill(place + 1):
                return None
            byte = self.left[place]
            size |= (byte & 0x7F) << shift
            place, shift = place + 1, shift + 7
            if byte < 0x80:
                break
        if not self._fill(place + size):
            return None
        head, body = self.left[0], self.left[place:place + size]
        self.left = self.left[place + size:]
        return head >> 4, head & 15, body

    def expect(self, kind, limit_s=LIMIT_S):
        """The body of the next packet, which must be of this kind."""
        got = self.read(limit_s)
        assert got and got[0] == kind, f"wanted packet {kind}, got {got}"
        return got[2]

    def hears(self, seconds=0.4):
        """Every packet that comes within this time."""
        packets, until = [], time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                got = self.read(left)
            except (TimeoutError, socket.timeout):
                break
            if got is None:
                break
            packets.append(got)
        return packets

    def is_closed(self, limit_s=LIMIT_S):
        """The server ends the connection within this time, whatever it says before."""
        until = time.monotonic() + limit_s
        while (left := until - time.monotonic()) > 0:
            try:
                if self.read(left) is None:
                    return True
            except (TimeoutError, socket.timeout):
                return False
        return False

    def close(self):
        self.socket.close()


def message(body):
    """The JSON of a PUBLISH at QoS 0 or 1 of a 3.1.1 connection, from its body."""
    return json.loads(body[body.index(b"{"):])
