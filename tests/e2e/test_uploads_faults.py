# SPDX-License-Identifier: Apache-2.0
"""Uploads at their limits, on full disks, and through kills and restarts."""
import os
import random
import socket
import subprocess
import threading
import time

import pytest
import requests

from harness.process import wait_for
from harness.recorder import (DID, Recorder, begin_upload, digest, files, objects, problem,
                              unfinished)


def test_a_device_sends_eight_files_at_once_and_no_more(vigild, recorder):
    plugs = [begin_upload(vigild, recorder, f"{i}") for i in range(8)]
    wait_for(lambda: vigild.metric("uploads_open") == 8, what="eight uploads")
    answer = recorder.bring("9")
    problem(answer, 503, "busy")
    assert "Retry-After" in answer.headers
    plugs.pop().close()
    wait_for(lambda: vigild.metric("uploads_open") == 7, what="one's end")
    assert recorder.bring("9").status_code == 201
    for plug in plugs:
        plug.close()
    wait_for(lambda: vigild.metric("uploads_open") == 0, what="their end")
    assert unfinished(vigild) == [] and len(files(vigild)) == 1


def test_so_many_uploads_in_all(start_vigild, recorders):
    vigild = start_vigild(env={"VIGIL_STORAGE_UPLOADS_AT_ONCE": "2"})
    first, second = recorders(vigild), recorders(vigild, "NVR0002")
    plugs = [begin_upload(vigild, first, "a"), begin_upload(vigild, first, "b")]
    wait_for(lambda: vigild.metric("uploads_open") == 2, what="two uploads")
    problem(second.bring(), 503, "busy")
    plugs[0].close()
    wait_for(lambda: vigild.metric("uploads_open") == 1, what="one's end")
    assert second.bring().status_code == 201
    plugs[1].close()


def test_so_many_files_in_all(start_vigild, recorders):
    vigild = start_vigild(env={"VIGIL_STORAGE_FILES_MAX": "2"})
    recorder = recorders(vigild)
    assert [recorder.bring(name).status_code for name in "ab"] == [201, 201]
    told = problem(recorder.bring("c"), 507, "storage-full")
    assert "storage.files_max" in told["detail"]
    vigild.api("DELETE", f"/v2/media/upload/{DID}/a")
    wait_for(lambda: vigild.metric("stored_files") == 1, what="room")
    assert recorder.bring("c").status_code == 201


def test_256_files_go_out_at_once_and_no_more(vigild, recorder):
    """Nobody reads: each holds its place until he leaves."""
    url = recorder.bring("a", bytes(8_000_000)).json()["url"]
    ask = (f"GET {url} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {vigild.admin_token}\r\n\r\n").encode()
    plugs = []
    for _ in range(256):
        plug = socket.socket()
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plug.settimeout(10)
        plug.connect(vigild.address("http"))
        plug.sendall(ask)
        plugs.append(plug)
    assert all(plug.recv(12) == b"HTTP/1.1 200" for plug in plugs)
    answer = vigild.api("GET", url)
    problem(answer, 503, "busy")
    assert "Retry-After" in answer.headers
    plugs.pop().close()
    wait_for(lambda: vigild.api("HEAD", url).status_code == 200, what="one's place")
    for plug in plugs:
        plug.close()


def test_an_upload_may_have_4_gigabytes_and_no_more(vigild, recorder):
    """Refused by its length, before a byte is read."""
    for size, status in ((4 * 2**30 + 256 * 1024 + 1, b"413"), (4 * 2**30 + 1, b"413")):
        with begin_upload(vigild, recorder, "a", size) as plug:
            assert plug.recv(100).split()[1] == status
    plug = begin_upload(vigild, recorder, "a", 4 * 2**30)
    free = os.statvfs(vigild.data)
    if free.f_bavail * free.f_frsize > 5 * 2**30:
        wait_for(lambda: vigild.metric("uploads_open") == 1, what="the largest one's begin")
    plug.close()
    wait_for(lambda: vigild.metric("uploads_open") == 0, what="its end")


def test_a_body_that_trickles_is_ended(vigild, recorder):
    plug = begin_upload(vigild, recorder, "a", 100_000)
    wait_for(lambda: vigild.metric("uploads_open") == 1, what="the upload")
    for _ in range(5):
        vigild.advance(20_000)
        plug.sendall(b"x" * 50)
        time.sleep(0.1)
        if vigild.metric("uploads_open") == 0:
            break
    assert plug.recv(100).split()[1] == b"408"
    plug.close()
    wait_for(lambda: vigild.metric("uploads_open") == 0, what="its end")


def test_a_reserve_is_kept_free(start_vigild, recorders):
    vigild = start_vigild(env={"VIGIL_STORAGE_RESERVE_MB": "1048576"})
    recorder = recorders(vigild)
    told = problem(recorder.bring(), 507, "storage-full")
    assert "make room" in told["detail"]
    assert vigild.api("GET", "/readyz").status_code == 200
    vigild.add_device("OTHER")
    assert vigild.metric("storage_full_total") == 1


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "none", folder],
                      capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_refuses_files_and_nothing_else(small_disk, start_vigild, recorders):
    """In the middle of a body (no length told) as by its length; afterwards all goes on."""
    vigild = start_vigild(f"--blob=file:{small_disk}/objects", env={"VIGIL_STORAGE_RESERVE_MB": "1"})
    recorder = recorders(vigild)
    kept = random.Random(4).randbytes(3_000_000)
    url = recorder.bring("kept", kept).json()["url"]
    problem(recorder.bring("long", bytes(6_000_000)), 507, "storage-full")
    problem(recorder.bring("chunked", iter([bytes(500_000)] * 12)), 507, "storage-full")
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as full:
        try:
            while full.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass
    problem(recorder.bring("one", b"x"), 507, "storage-full")
    assert list((small_disk / "objects" / "tmp").iterdir()) == []
    assert vigild.api("GET", url).content == kept
    assert [item["name"] for item in files(vigild)] == ["kept"]
    vigild.add_device("OTHER")
    filler.unlink()
    assert recorder.bring("one", b"x").status_code == 201


def test_really_out_of_space(small_disk, start_vigild, recorders):
    """Without a reserve the disk itself says no, at the write."""
    vigild = start_vigild(f"--blob=file:{small_disk}/objects", env={"VIGIL_STORAGE_RESERVE_MB": "0"})
    recorder = recorders(vigild)
    statuses = [recorder.bring(f"{i}", iter([bytes(100_000)] * 15)).status_code for i in range(8)]
    assert statuses[:4] == [201] * 4 and statuses[-1] == 507 and set(statuses) == {201, 507}
    for item in files(vigild):
        assert vigild.api("GET", item["url"]).content == bytes(1_500_000)
    assert list((small_disk / "objects" / "tmp").iterdir()) == []


class Bringer(threading.Thread):
    """Brings file after file, and remembers what was acknowledged."""

    def __init__(self, recorder, number):
        super().__init__(daemon=True)
        self.recorder, self.number, self.kept = recorder, number, {}
        self.is_ending = False

    def run(self):
        source = random.Random(self.number)
        count = 0
        while not self.is_ending:
            count += 1
            content = source.randbytes(source.choice([1, 5000, 200_000, 900_000]))
            try:
                answer = self.recorder.bring(f"{self.number}-{count}.bin", content)
            except requests.RequestException:
                return
            if answer.status_code == 201:
                self.kept[answer.json()["url"]] = digest(content)


def test_what_was_acknowledged_survives_kills(vigild):
    """kill -9 in the middle of uploads, several times: all that was acknowledged is whole."""
    kept = {}
    for round_number in range(4):
        recorder = Recorder(vigild, f"NVR{round_number:04}")
        bringers = [Bringer(recorder, round_number * 10 + i) for i in range(3)]
        for bringer in bringers:
            bringer.start()
        wait_for(lambda: sum(len(bringer.kept) for bringer in bringers) >= 5 + 3 * round_number, 20,
                 "uploads")
        vigild.kill()
        for bringer in bringers:
            bringer.is_ending = True
            bringer.join(10)
            kept.update(bringer.kept)
        recorder.close()
        vigild.start()
        assert unfinished(vigild) == []
    for url, expected in kept.items():
        answer = vigild.api("GET", url)
        assert answer.status_code == 200 and digest(answer.content) == expected, url
    listed = {item["url"] for i in range(4) for item in files(vigild, f"NVR{i:04}", "?limit=500")}
    assert set(kept) <= listed
    for url in listed - set(kept):  # stored, but the answer did not get through: whole all the same
        assert vigild.api("GET", url).status_code == 200
    wait_for(lambda: len(objects(vigild)) == len(listed), what="the orphans' end")


def test_a_restart_lets_an_upload_finish(vigild, recorder):
    plug = begin_upload(vigild, recorder, "a", 1000)
    wait_for(lambda: vigild.metric("uploads_open") == 1, what="the upload")
    vigild.process.terminate()
    time.sleep(0.3)
    plug.sendall(b"x" * 999)
    assert plug.recv(4096).split()[1] == b"201"
    plug.close()
    recorder.close()
    vigild.stop()
    vigild.start()
    assert vigild.api("GET", f"/v2/media/upload/{DID}/a").content == b"x" * 1000


@pytest.mark.tsan
def test_many_bring_and_fetch_at_once(vigild, recorder):
    bringers = [Bringer(recorder, i) for i in range(4)]
    for bringer in bringers:
        bringer.start()
    wait_for(lambda: all(len(bringer.kept) >= 5 for bringer in bringers), 30, "uploads")
    for bringer in bringers:
        bringer.is_ending = True
        bringer.join(20)
    for bringer in bringers:
        for url, expected in bringer.kept.items():
            assert digest(vigild.api("GET", url).content) == expected
