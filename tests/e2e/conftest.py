# SPDX-License-Identifier: Apache-2.0
"""The real programs of $VIGIL_BUILD (default: build), each test with its own folder and ports."""
import subprocess

import pytest

from harness import flv, wire
from harness.daemon import Vigild
from harness.device import Device
from harness.process import Process, program_path
from harness.recorder import Recorder
from harness.rtmp import Pusher
from harness.viewer import HttpViewer
from harness.wire import Wire

LOG_SHOWN = 12000


def pytest_configure(config):
    config.addinivalue_line("markers", "tsan: also run against the build with ThreadSanitizer")
    config.addinivalue_line("markers", "realtime: minutes by the wall's clock; run once")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows the log of every program it started."""
    report = (yield).get_result()
    if report.failed:
        for program in getattr(item, "programs", []):
            report.sections.append((f"log of {program.name}", program.log[-LOG_SHOWN:]))


@pytest.fixture
def programs(request):
    """What the test started; each must end cleanly, last started first."""
    request.node.programs = []
    yield request.node.programs
    failures = []
    for program in reversed(request.node.programs):
        try:
            program.stop()
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture
def start_vigild(programs, tmp_path):
    """start_vigild("--loops=1", env={...}): further servers get further folders."""
    def start(*arguments, env=None, **options):
        count = sum(isinstance(program, Vigild) for program in programs)
        folder = tmp_path / f"server{count}"
        folder.mkdir()
        vigild = Vigild(folder, *arguments, env=env, **options)
        programs.append(vigild)
        return vigild.start()
    return start


@pytest.fixture
def vigild(start_vigild):
    return start_vigild()


@pytest.fixture
def make_device(vigild):
    """make_device("CAM1"): known to the server, not yet connected."""
    devices = []

    def make(did="CAM0001", answer=None, secret=None, add=True, fields=None, **options):
        secret = vigild.add_device(did, **(fields or {})) if add else secret
        options.update({"answer": answer} if answer else {})
        devices.append(Device(vigild, did, secret, **options))
        return devices[-1]
    yield make
    for device in devices:
        device.close()


@pytest.fixture
def device(make_device):
    """One camera, registered, that answers every action with success."""
    return make_device().go_online()


@pytest.fixture
def certificate(tmp_path):
    """(certificate, key) of localhost and 127.0.0.1, signed by itself."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-out", cert, "-keyout", key], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def connect_wire(vigild):
    """connect_wire("CAM1"): CONNECT by the byte, with its CONNACK taken; None: no CONNECT yet."""
    wires = []

    def connect(client_id, version=4, endpoint=None, **fields):
        wires.append(Wire(endpoint or vigild.address("mqtt"),
                          receive_bytes=fields.pop("receive_bytes", 0)))
        if client_id is not None:
            wires[-1].send(wire.connect(client_id, version, **fields))
            code = wires[-1].expect(wire.CONNACK)[1]
            assert code == 0, f"CONNACK {code}"
        return wires[-1]
    yield connect
    for one in wires:
        one.close()


@pytest.fixture
def start_camera(vigild, programs, tmp_path):
    """start_camera("CAM0001", "--fault", "no-push"): our simulated camera against this server."""
    if not program_path("vigil-cam").exists():
        pytest.skip("this build has no vigil-cam")

    def start(did="CAM0001", *arguments, secret=None):
        folder = tmp_path / f"camera-{did}"
        folder.mkdir()
        camera = Process("vigil-cam", folder)
        host, port = vigild.address("mqtt")
        camera.spawn(["--mqtt", f"{host}:{port}", "--did", did, "--state", folder / "state",
                      "--secret", secret or vigild.add_device(did), *arguments])
        programs.append(camera)
        return camera
    return start


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Two seconds of H.264 and AAC as an FLV file."""
    return flv.make_clip(tmp_path_factory.mktemp("clip") / "clip.flv")


@pytest.fixture(scope="session")
def clip_tags(clip):
    return flv.read_tags(clip.read_bytes())


@pytest.fixture
def push(vigild, clip_tags):
    """push("CAM0001", token): a publisher in Python; every one is closed with the test."""
    pushers = []

    def start(did, token, tags=None, **options):
        pushers.append(Pusher(vigild.address("rtmp"), f"{did}?token={token}", tags or clip_tags,
                              **options))
        return pushers[-1]
    yield start
    for pusher in pushers:
        pusher.close()


@pytest.fixture
def watch(vigild):
    """watch("CAM0001"): a viewer over HTTP with a token of its own, or another path or token."""
    viewers = []

    def start(did, token=None, path=None, **options):
        token = vigild.view_token(did) if token is None else token
        path = path or f"/live/{did}.flv"
        viewers.append(HttpViewer(vigild, f"{path}?token={token}" if token else path, **options))
        return viewers[-1]
    yield start
    for viewer in viewers:
        viewer.close()


@pytest.fixture
def recorders():
    """recorders(vigild, "NVR0002"): a recorder on line at that server."""
    made = []

    def make(vigild, *did):
        made.append(Recorder(vigild, *did))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture
def recorder(vigild, recorders):
    return recorders(vigild)
