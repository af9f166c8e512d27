# SPDX-License-Identifier: Apache-2.0
"""Every token at every door: each opens its own resource of its own device, and nothing else."""
import pytest
import requests

from harness import pictures
from harness.device import success
from harness.process import wait_for
from harness.rtmp import RtmpClient
from harness.rtmp_player import RtmpPlayer

DID, OTHER = "CAM0001", "CAM0002"
REPLAY = "{}_replay_1_0_20260101000000_20260101010000"
ACTIONS = {
    "play": {"play": {}}, "ptz": {"ptz": {"stop": {}}}, "preset": {"preset": {"goto": {"index": 1}}},
    "capture": {"capture": {}}, "config": {"read": ["config"]}, "upload": {"upload": {"file": "a.flv"}},
    "replay": {"replay": {"id": REPLAY, "pause": True}},
}
LIVE = [f"{root}/{{key}}{kind}" for root in ("/live", "/v2/media/live", "/v2/meida/live")
        for kind in (".flv", ".m3u8")]
STARTED, DENIED = "NetStream.Publish.Start", "NetStream.Publish.Denied"


class Camera:
    """A camera on line with a still and a file of its own, and every token there is for it."""

    def __init__(self, vigild, device):
        self.vigild, self.device, self.did = vigild, device, device.did
        answer = self.bring("/v2/storage/upload", device.token, pictures.jpeg(), did=self.did)
        assert answer.status_code == 201, answer.text
        self.still = answer.json()["url"]
        answer = self.bring(f"/v2/media/upload/{self.did}/a.flv", device.token)
        assert answer.status_code == 201, answer.text
        self.file = answer.json()["url"]
        self.tokens = {"view": vigild.view_token(self.did), "device": device.token}
        for name, data in ACTIONS.items():
            if name == "replay":
                data = {"replay": {"id": REPLAY.format(self.did), "pause": True}}
            answer = vigild.action(self.did, data)
            assert answer.status_code == 200, (name, answer.text)
            self.tokens[name] = device.next_action()["token"]
        assert len(set(self.tokens.values())) == len(self.tokens)

    def bring(self, path, token, content=b"x", **query):
        return requests.post(self.vigild.http + path, content, timeout=10,
                             params={"token": token, **query})

    def doors_to_see(self):
        keys = self.did, REPLAY.format(self.did)
        lists = [f"/v2/devices/{self.did}/{name}" for name in ("stills", "files", "thumbnail.jpeg")]
        return [path.format(key=key) for path in LIVE for key in keys] + [
            f"/v2/streams/{self.did}", *lists, self.still, self.file,
            self.file.replace("/v2/media/", "/v2/live/")]

    def doors_to_bring(self):
        """What a device brings: where, what, and with which further words."""
        return {"capture": ("/v2/storage/upload", pictures.jpeg(), {"did": self.did}),
                "upload": (f"/v2/media/upload/{self.did}/b.flv", b"x", {}),
                "upload's other spelling": (f"/v2/live/upload/{self.did}/b.flv", b"x", {})}

    def publish(self, token, key=None):
        client = RtmpClient(self.vigild.address("rtmp"))
        code = client.publish(f"{key or self.did}?token={token}")
        client.close()
        return code

    def refuse_rtmp_play(self, token):
        player = RtmpPlayer(self.vigild.address("rtmp"), f"{self.did}?token={token}")
        try:
            wait_for(lambda: player.codes, what="an answer")
            assert player.codes[0] in ("NetStream.Play.Failed", "NetStream.Play.StreamNotFound")
        finally:
            player.close()


@pytest.fixture
def cameras(vigild, make_device):
    return [Camera(vigild, make_device(did, answer=success).go_online()) for did in (DID, OTHER)]


def assert_shut(answer, told):
    assert answer.status_code in (401, 403, 404), (told, answer.status_code, answer.text)
    kind = answer.json()["type"]
    assert kind in ("/problems/unauthenticated", "/problems/denied", "/problems/not-found"), told


def test_no_token_of_another_device_opens_anything(vigild, cameras):
    own, other = cameras
    strangers = {**other.tokens, "push": vigild.push_token(OTHER), "none": "", "wrong": "x" * 43}
    wait_for(lambda: vigild.metric("streams") == 0, what="no stream")
    for name, token in strangers.items():
        for path in own.doors_to_see():
            for method in ("GET", "HEAD", "DELETE") if path in (own.still, own.file) else ("GET",):
                by_query = vigild.api(method, f"{path}?token={token}", token="")
                assert by_query.status_code in (401, 403, 404), (name, method, path)
                assert method == "HEAD" or by_query.json()["type"].startswith("/problems/")
                assert_shut(vigild.api("GET", path, token=token), (name, path))
        for kind, (path, content, query) in own.doors_to_bring().items():
            assert_shut(own.bring(path, token, content, **query), (name, kind))
        assert own.publish(token) == own.publish(token, REPLAY.format(DID)) == DENIED, name
        own.refuse_rtmp_play(token)
    assert vigild.metric("viewers") == 0 and vigild.metric("publishers") == 0
    assert own.device.actions.empty(), "a stranger's look asks no camera"
    assert vigild.api("GET", own.still).status_code == vigild.api("GET", own.file).status_code == 200
    assert len(vigild.api("GET", f"/v2/devices/{DID}/stills").json()["items"]) == 1
    assert not [token for token in strangers.values() if len(token) > 20 and token in vigild.log]


def test_a_cameras_own_tokens_open_what_they_are_for(vigild, cameras):
    """None but the view token shows anything; each of an action's brings what it was made for."""
    own, _ = cameras
    brings = {"capture": {"device", "capture"}, "upload": {"device", "upload"},
              "upload's other spelling": {"device", "upload"}}
    for name, token in own.tokens.items():
        if name != "view":
            for path in own.doors_to_see():
                assert_shut(vigild.api("GET", f"{path}?token={token}", token=""), (name, path))
            own.refuse_rtmp_play(token)
        for kind, (path, content, query) in own.doors_to_bring().items():
            answer = own.bring(path, token, content, **query)
            if name in brings[kind]:
                assert answer.status_code in (201, 409), (name, kind, answer.text)
            else:
                assert_shut(answer, (name, kind))
        expected = STARTED if name in ("device", "play") else DENIED
        assert own.publish(token) == expected, name
        expected = STARTED if name == "device" else DENIED
        assert own.publish(token, REPLAY.format(DID)) == expected, name


def test_a_view_token_only_looks(vigild, cameras):
    own, _ = cameras
    view = own.tokens["view"]
    for path in (f"/v2/devices/{DID}/stills", f"/v2/devices/{DID}/files", own.still, own.file):
        assert vigild.api("GET", f"{path}?token={view}", token="").status_code == 200, path
    for path in (own.still, own.file):
        assert vigild.api("DELETE", f"{path}?token={view}", token="").status_code in (401, 403)
        assert vigild.api("GET", path).status_code == 200
    for command in ({"ptz": {"stop": {}}}, {"capture": {}}, {"replay": {"id": DID, "stop": True}}):
        answer = vigild.api("POST", f"/v2/devices/{DID}/actions", {"data": command}, token=view)
        assert answer.status_code == 403
