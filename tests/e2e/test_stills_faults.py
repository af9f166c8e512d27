# SPDX-License-Identifier: Apache-2.0
"""Stills on full disks and through kills: none torn, none lost that was acknowledged."""
import threading
import time

import pytest
import requests

from harness import pictures
from harness.device import Device
from harness.process import wait_for
from harness.recorder import digest, objects, problem, unfinished
from test_uploads_faults import small_disk  # noqa: F401  (a fixture)

DID = "CAM0001"
BIG = 1_500_000


class Camera:
    def __init__(self, vigild, did=DID):
        self.vigild, self.did = vigild, did
        self.device = Device(vigild, did, vigild.add_device(did)).go_online()

    def bring(self, content):
        return requests.post(f"{self.vigild.http}/v2/storage/upload?did={self.did}", content, timeout=30,
                             headers={"Authorization": f"Bearer {self.device.token}"})

    def granted(self):
        """The address that a capture names, as our device hears it."""
        assert self.vigild.action(self.did, {"capture": {}}).status_code == 200
        return self.device.next_action()["data"]["capture"]["url"]

    def stills(self):
        answer = self.vigild.api("GET", f"/v2/devices/{self.did}/stills?limit=500")
        assert answer.status_code == 200
        return {item["url"] for item in answer.json()["items"]}


@pytest.fixture
def camera():
    made = []

    def make(*arguments):
        made.append(Camera(*arguments))
        return made[-1]
    yield make
    for one in made:
        one.device.close()


@pytest.mark.parametrize("reserve_mb", ["1", "0"], ids=["kept back", "really full"])
def test_a_full_disk_refuses_stills_and_nothing_else(small_disk, start_vigild, camera,  # noqa: F811
                                                     reserve_mb):
    vigild = start_vigild(f"--blob=file:{small_disk}/objects",
                          env={"VIGIL_STORAGE_RESERVE_MB": reserve_mb})
    cam = camera(vigild)
    address, content = cam.granted(), pictures.padded_jpeg(BIG)
    kept, refused = [], None
    for _ in range(8):
        answer = cam.bring(iter([content[:700_000], content[700_000:]]))
        if answer.status_code != 201:
            refused = answer
            break
        kept.append(answer.json()["url"])
    assert 3 <= len(kept) <= 5
    problem(refused, 507, "storage-full")
    assert vigild.metric("storage_full_total") >= 1
    problem(requests.post(address, content, timeout=30), 507, "storage-full")
    assert list((small_disk / "objects" / "tmp").iterdir()) == []
    assert cam.stills() == set(kept)
    for url in kept:
        assert vigild.api("GET", url).content == content, "none is torn"
    assert vigild.api("PATCH", f"/v2/devices/{DID}", {"name": "still here"}).status_code == 200
    # Room again: the address that was refused has not been used up.
    assert vigild.api("DELETE", kept[0]).status_code == 204
    wait_for(lambda: len(list((small_disk / "objects").glob("??/*"))) == len(kept) - 1, what="room")
    assert requests.post(address, content, timeout=30).status_code == 201


class Bringer(threading.Thread):
    def __init__(self, cam, seed):
        super().__init__(daemon=True)
        self.cam, self.kept, self.is_ending = cam, {}, False
        self.contents = [pictures.jpeg(640, 480, seed), pictures.padded_jpeg(300_000 + seed)]

    def run(self):
        for count in range(10_000):
            if self.is_ending:
                return
            content = self.contents[count % 2]
            try:
                answer = self.cam.bring(content)
            except requests.RequestException:
                return
            if answer.status_code == 201:
                self.kept[answer.json()["url"]] = digest(content)


def test_acknowledged_stills_survive_kills(vigild, camera):
    kept = {}
    for turn in range(4):
        cam = camera(vigild, f"CAM{turn:04}")
        bringers = [Bringer(cam, turn * 10 + i) for i in range(3)]
        for bringer in bringers:
            bringer.start()
        wait_for(lambda: sum(len(one.kept) for one in bringers) >= 6 + 3 * turn, 20, "stills")
        vigild.kill()
        for bringer in bringers:
            bringer.is_ending = True
            bringer.join(10)
            kept.update(bringer.kept)
        cam.device.close()
        vigild.start()
        assert unfinished(vigild) == []
    listed = set()
    for turn in range(4):
        answer = vigild.api("GET", f"/v2/devices/CAM{turn:04}/stills?limit=500")
        listed |= {item["url"] for item in answer.json()["items"]}
    assert set(kept) <= listed
    for url in listed:  # one whose answer did not get through is whole all the same
        answer = vigild.api("GET", url)
        assert answer.status_code == 200 and answer.content.endswith(b"\xff\xd9")
        assert url not in kept or digest(answer.content) == kept[url], url
    wait_for(lambda: len(objects(vigild)) == len(listed), what="the orphans' end")


def test_a_used_address_stays_used_after_a_kill(vigild, camera):
    cam = camera(vigild)
    used, unused = cam.granted(), cam.granted()
    assert requests.post(used, pictures.jpeg(), timeout=10).status_code == 201
    vigild.kill()
    old = vigild.http
    vigild.start()
    used, unused = (url.replace(old, vigild.http) for url in (used, unused))
    problem(requests.post(used, pictures.jpeg(), timeout=10), 409, "grant-used")
    assert requests.post(unused, pictures.jpeg(), timeout=10).status_code == 201
    time.sleep(0.1)
    assert len(cam.stills()) == 2
