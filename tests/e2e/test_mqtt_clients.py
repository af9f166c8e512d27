# SPDX-License-Identifier: Apache-2.0
"""Each foreign MQTT client registers, obeys an action, renews and comes back."""
import hashlib
import json
import pathlib
import queue
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import paho.mqtt.client as mqtt
import pytest

from harness.broker import free_port, is_open
from harness.device import Device
from harness.process import wait_for

STOP = {"ptz": {"stop": {}}}
JS = pathlib.Path(__file__).parent / "js"


def check_action(vigild, did):
    """The caller hears what the device said, and the mid is the device's own of this request."""
    answer = vigild.action(did, STOP)
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"] == {"ptz": {"code": 0}}
    return answer.json()["mid"]


def check_token(result):
    assert len(result["token"]) >= 32 and result["id"]
    assert 3240 <= result["expires"] <= 3600


# --- paho -----------------------------------------------------------------------------------------

def run_paho(vigild, device, endpoint="mqtt"):
    device.connect(endpoint=endpoint)
    assert device.subscribe() == 1
    first = device.register()
    check_token(first)
    mid = check_action(vigild, device.did)
    action = device.next_action()
    assert (action["did"], action["mid"], action["type"]) == (device.did, mid, "action")
    second = device.register()
    check_token(second)
    assert second["token"] != first["token"]
    epoch = vigild.presence(device.did)["link"]["epoch"]
    device.client.reconnect()
    assert device._connected.get(timeout=5) == 0
    assert device.subscribe() == 1
    check_token(device.register())
    assert vigild.presence(device.did)["link"]["epoch"] > epoch
    check_action(vigild, device.did)


def test_paho_3_1_1(vigild, make_device):
    run_paho(vigild, make_device())


def test_paho_5(vigild, make_device):
    run_paho(vigild, make_device(protocol=mqtt.MQTTv5))


@pytest.mark.parametrize("protocol", [mqtt.MQTTv311, mqtt.MQTTv5], ids=["3.1.1", "5"])
def test_paho_by_websocket(vigild, make_device, protocol):
    device = make_device(protocol=protocol, transport="websockets")
    device.client.ws_set_options(path="/mqtt")
    run_paho(vigild, device, "http")


@pytest.fixture
def tls_vigild(start_vigild, certificate):
    return start_vigild("--tls-cert", certificate[0], "--tls-key", certificate[1])


@pytest.mark.parametrize("transport", ["tcp", "websockets"])
def test_paho_by_tls(tls_vigild, certificate, transport):
    device = Device(tls_vigild, "CAM0001", tls_vigild.add_device("CAM0001"), transport=transport)
    device.client.tls_set(ca_certs=str(certificate[0]))
    device.client.ws_set_options(path="/mqtt")
    run_paho(tls_vigild, device, "mqtts" if transport == "tcp" else "https")
    device.close()


# --- mosquitto ------------------------------------------------------------------------------------

VERSIONS = {"3.1.1": ("mqttv311", "mqttv311"), "5": ("mqttv5", "mqttv50")}


def mosquitto_register(vigild, did, secret):
    stamp = vigild.now_ms()
    sign = hashlib.md5(f"{did}:{secret}:{stamp}".encode()).hexdigest()
    return json.dumps({"did": did, "type": "register", "timestamp": stamp, "sign": f"{sign}:md5",
                       "data": {"model": "mosquitto"}})


@pytest.mark.parametrize("version", VERSIONS)
def test_mosquitto_rr_registers_again_and_again(vigild, version):
    """It subscribes, publishes its register, shows the answer and ends; again is a reconnect."""
    secret = vigild.add_device("CAM0001")
    host, port = vigild.address("mqtt")
    tokens = set()
    for _ in range(2):
        out = subprocess.run(
            ["mosquitto_rr", "-V", VERSIONS[version][0], "-h", host, "-p", str(port), "-q", "1",
             "-i", "CAM0001", "-t", "messages/CAM0001", "-e", "actions/CAM0001", "-W", "5",
             "-m", mosquitto_register(vigild, "CAM0001", secret)],
            capture_output=True, timeout=10, text=True, check=True).stdout
        answer = json.loads(out)
        assert (answer["did"], answer["type"]) == ("CAM0001", "register")
        check_token(answer["result"])
        tokens.add(answer["result"]["token"])
    assert len(tokens) == 2
    assert len(vigild.events("CAM0001", "device.connected", least=2)) == 2


class Bridge:
    """mosquitto as a bridge is one connection of mosquitto's that both hears and speaks; behind it
    mosquitto_sub and mosquitto_pub are the device."""

    def __init__(self, vigild, did, version, folder):
        self.client_version, bridge_version = VERSIONS[version]
        self.did, self.port = did, free_port()
        host, port = vigild.address("mqtt")
        config = folder / "bridge.conf"
        config.write_text(f"""listener {self.port} 127.0.0.1
allow_anonymous true
persistence false
connection cloud
address {host}:{port}
remote_clientid {did}
bridge_protocol_version {bridge_version}
try_private false
notifications true
notifications_local_only true
notification_topic state
restart_timeout 1
topic actions/{did} in 1
topic messages/{did} out 1
""")
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.broker = subprocess.Popen([program, "-c", config], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        wait_for(lambda: is_open(self.port), what="the bridge's start")
        self.sub = subprocess.Popen([*self.arguments("mosquitto_sub", "actions"), "-t", "state"],
                                    text=True, stdout=subprocess.PIPE)
        self.heard, self.states = queue.Queue(), queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.sub.stdout:
            said = json.loads(line)
            (self.heard if isinstance(said, dict) else self.states).put(said)

    def wait_connected(self):
        while self.states.get(timeout=12) != 1:
            pass

    def arguments(self, program, topic):
        return [program, "-V", self.client_version, "-h", "127.0.0.1", "-p", str(self.port),
                "-q", "1", "-t", f"{topic}/{self.did}"]

    def say(self, text):
        subprocess.run([*self.arguments("mosquitto_pub", "messages"), "-m", text], check=True,
                       timeout=5)

    def register(self, vigild, secret):
        self.say(mosquitto_register(vigild, self.did, secret))
        return self.heard.get(timeout=5)["result"]

    def close(self):
        for process in (self.sub, self.broker):
            process.terminate()
            process.wait(5)


@pytest.fixture
def start_bridge(vigild, tmp_path):
    bridges = []

    def start(did, version):
        bridges.append(Bridge(vigild, did, version, tmp_path))
        return bridges[-1]
    yield start
    for bridge in bridges:
        bridge.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_mosquitto_does_everything(vigild, make_device, start_bridge, version):
    secret = vigild.add_device("CAM0001")
    bridge = start_bridge("CAM0001", version)
    bridge.wait_connected()
    check_token(first := bridge.register(vigild, secret))
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(vigild.action, "CAM0001", STOP)
        action = bridge.heard.get(timeout=5)
        bridge.say(json.dumps({"did": "CAM0001", "mid": action["mid"], "type": "action",
                               "result": {"ptz": {"code": 0}}}))
        assert waiting.result().json() == {"mid": action["mid"], "result": {"ptz": {"code": 0}}}
    epoch = vigild.presence("CAM0001")["link"]["epoch"]
    check_token(second := bridge.register(vigild, secret))
    assert second["token"] != first["token"]
    assert len(vigild.events("CAM0001", "device.connected", least=1)) == 1, "a renewal, no new link"
    # Another connection takes the device: the bridge is closed, comes back, and takes it again.
    make_device(secret=secret, add=False).go_online()
    bridge.wait_connected()
    check_token(bridge.register(vigild, secret))
    assert vigild.presence("CAM0001")["link"]["epoch"] > epoch
    assert len(vigild.events("CAM0001", "device.connected", least=3)) == 3


# --- mqtt.js --------------------------------------------------------------------------------------

class MqttJs:
    def __init__(self, url, did, secret, version, *more):
        self.process = subprocess.Popen(
            ["node", "device.mjs", url, did, secret, str(version), *map(str, more)], cwd=JS,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def expect(self, what):
        """The next thing of this kind; an error on the way fails."""
        while (line := self.lines.get(timeout=10))["what"] != what:
            assert line["what"] != "error", line
        return line

    def tell(self, word):
        self.process.stdin.write(word + "\n")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def start_mqtt_js():
    """Installs what the lock file says, once."""
    if not (JS / "node_modules" / "mqtt").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=JS,
                       check=True, timeout=120)
    clients = []

    def start(*arguments):
        clients.append(MqttJs(*arguments))
        return clients[-1]
    yield start
    for client in clients:
        client.close()


def run_mqtt_js(vigild, client, did):
    check_token(first := client.expect("registered")["result"])
    mid = check_action(vigild, did)
    assert client.expect("action")["message"]["mid"] == mid
    client.tell("renew")
    check_token(second := client.expect("registered")["result"])
    assert second["token"] != first["token"]
    client.tell("drop")
    client.expect("closed")
    check_token(client.expect("registered")["result"])
    check_action(vigild, did)
    client.tell("end")
    wait_for(lambda: not vigild.presence(did)["online"], what="its going")


@pytest.mark.parametrize("version", [4, 5])
def test_mqtt_js_by_tcp(vigild, start_mqtt_js, version):
    client = start_mqtt_js(vigild.mqtt, "CAM0001", vigild.add_device("CAM0001"), version)
    run_mqtt_js(vigild, client, "CAM0001")


@pytest.mark.parametrize("version", [4, 5])
def test_mqtt_js_by_websocket(vigild, start_mqtt_js, version):
    url = vigild.http.replace("http:", "ws:") + "/mqtt"
    client = start_mqtt_js(url, "CAM0001", vigild.add_device("CAM0001"), version)
    run_mqtt_js(vigild, client, "CAM0001")


def test_mqtt_js_by_tls(tls_vigild, certificate, start_mqtt_js):
    port = tls_vigild.address("mqtts")[1]
    client = start_mqtt_js(f"mqtts://localhost:{port}", "CAM0001",
                           tls_vigild.add_device("CAM0001"), 5, certificate[0])
    run_mqtt_js(tls_vigild, client, "CAM0001")
