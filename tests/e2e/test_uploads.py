# SPDX-License-Identifier: Apache-2.0
"""Uploads: a recorder brings a recording, whoever may see it fetches it, and after 7 days it goes."""
import hashlib
import json
import os
import pathlib
import random
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest
import requests

from harness import pictures
from harness.daemon import Vigild
from harness.device import Device
from harness.process import wait_for

DID = "NVR0001"
DAY_MS = 24 * 3600 * 1000
RECORDING = random.Random(1).randbytes(300_000)


def problem(answer, status, name):
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{name}", answer.text
    return answer.json()


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Recorder:
    """A device that is on line, and brings files with its own token."""

    def __init__(self, vigild, did=DID):
        self.vigild, self.did = vigild, did
        secret = vigild.add_device(did, kind="recorder")
        self.device = Device(vigild, did, secret, answer=lambda data: {n: {"code": 0} for n in data})
        self.device.go_online()

    def url(self, name="", base="/v2/media/upload"):
        return f"{self.vigild.http}{base}/{self.did}/{name}?token={self.device.token}"

    def bring(self, name="a.flv", content=RECORDING, **options):
        return requests.post(self.url(name), data=content, timeout=60, **options)

    def close(self):
        self.device.close()


@pytest.fixture
def recorders():
    made = []

    def make(vigild, did=DID):
        made.append(Recorder(vigild, did))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture
def recorder(vigild, recorders):
    return recorders(vigild)


def files(vigild, did=DID, query=""):
    answer = vigild.api("GET", f"/v2/devices/{did}/files{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def objects(vigild):
    return list((vigild.data / "objects").glob("??/*"))


def wait_swept(vigild):
    """No object is left; the server looks once a minute."""
    def look():
        vigild.advance(60_000)
        time.sleep(0.1)
        return objects(vigild) == []
    wait_for(look, what="the objects' end")


def unfinished(vigild):
    return list((vigild.data / "objects" / "tmp").iterdir())


def test_a_recording_is_uploaded_and_fetched(vigild, start_camera):
    """vigil-cam end to end: segment find, upload without an address, GET by its name."""
    start_camera("CAM0001")
    wait_for(lambda: vigild.presence("CAM0001")["online"], 10, "the camera")
    begin = int(time.time() * 1000)
    mode = {"write": {"config": {"storage.mode": "continuous"}}}
    assert vigild.action("CAM0001", mode).status_code == 200
    time.sleep(3)
    mode["write"]["config"]["storage.mode"] = "triggered"
    assert vigild.action("CAM0001", mode).status_code == 200
    found = vigild.action("CAM0001", {"segment": {"find": {"start": begin - 60000, "end": begin + 60000}}})
    segment = found.json()["result"]["segment"]["find"]["segments"][0]
    answer = vigild.action("CAM0001", {"upload": {"file": segment["file"]}}, timeout_ms=20000)
    assert answer.status_code == 200, answer.text
    url = f"/v2/media/upload/CAM0001/{segment['file']}"
    assert answer.json()["result"]["upload"] == {"code": 0, "url": url}
    fetched = vigild.api("GET", f"{url}?token={vigild.view_token('CAM0001')}", token="")
    assert fetched.status_code == 200 and fetched.content[:3] == b"FLV"
    assert fetched.headers["Content-Type"] == "video/x-flv"
    probe = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0",
                            "-f", "flv", "-"], input=fetched.content, capture_output=True, check=True)
    assert b"h264" in probe.stdout


def test_the_address_given_names_device_token_and_file(vigild, recorder):
    assert vigild.action(DID, {"upload": {"file": "2020 \u95e8 a.flv"}}).status_code == 200
    sent = recorder.device.next_action()
    text = json.dumps(sent["data"])
    assert "'" not in text  # C-47: JSON, whatever the printed example looks like
    url = urllib.parse.urlsplit(sent["data"]["upload"]["url"])
    assert url.path == f"/v2/media/upload/{DID}/" and f"{url.scheme}://{url.netloc}" == vigild.http
    assert urllib.parse.parse_qs(url.query) == {"token": [sent["token"]], "file": ["2020 \u95e8 a.flv"]}
    assert sent["data"]["upload"]["file"] == "2020 \u95e8 a.flv" and len(sent["token"]) <= 64
    answer = requests.post(url.geturl(), data=RECORDING, timeout=10)
    assert answer.status_code == 201
    assert answer.json()["name"] == "2020_\u95e8_a.flv"
    assert vigild.api("GET", answer.json()["url"]).content == RECORDING
    problem(requests.post(url.geturl(), data=RECORDING, timeout=10), 409, "grant-used")
    assert len(files(vigild)) == 1


def test_a_long_name_leaves_the_address_alone(vigild, recorder):
    name = "\u95e8" * 84
    assert vigild.action(DID, {"upload": {"file": name}}).status_code == 200
    sent = recorder.device.next_action()["data"]["upload"]
    assert sent["file"] == name and "&file=" not in sent["url"] and len(sent["url"]) <= 512


def test_public_addresses_go_into_what_devices_are_told(start_vigild, recorders):
    vigild = start_vigild("--public-http=https://cloud.example/", "--public=other.example")
    recorder = recorders(vigild)
    for data, path in (({"upload": {"file": "a"}}, f"/v2/media/upload/{DID}/"),
                       ({"capture": {}}, "/v2/storage/upload")):
        assert vigild.action(DID, data).status_code == 200
        (sent,) = recorder.device.next_action()["data"].values()
        assert sent["url"].startswith(f"https://cloud.example{path}?token=")


@pytest.mark.parametrize("base", ["/v2/media/upload", "/v2/live/upload"])
def test_both_spellings_take_and_give(vigild, recorder, base):
    """C-46: the device uses the address it is given; the other spelling is the same place."""
    answer = requests.post(recorder.url("a.flv", base), data=RECORDING, timeout=10)
    assert answer.status_code == 201
    assert answer.json()["url"] == f"/v2/media/upload/{DID}/a.flv"
    assert vigild.api("GET", f"{base}/{DID}/a.flv").content == RECORDING
    without_slash = f"{vigild.http}{base}/{DID}?file=b.flv&token={recorder.device.token}"
    assert requests.post(without_slash, data=b"b", timeout=10).json()["name"] == "b.flv"
    assert vigild.api("DELETE", f"{base}/{DID}/a.flv").status_code == 204


def test_names_come_from_path_query_or_disposition(vigild, recorder):
    token = recorder.device.token
    base = f"{vigild.http}/v2/media/upload/{DID}"

    def name(url, content=b"x", **headers):
        answer = requests.post(url, data=content, headers=headers, timeout=10)
        assert answer.status_code == 201, answer.text
        assert vigild.api("GET", answer.json()["url"]).content == b"x"
        return answer.json()["name"]
    disposition = {"Content-Disposition": 'attachment; filename="d.flv"'}
    assert name(f"{base}/p.flv?file=q.flv&token={token}", **disposition) == "p.flv"
    assert name(f"{base}/?file=q.flv&token={token}", **disposition) == "q.flv"
    assert name(f"{base}/?token={token}", **disposition) == "d.flv"
    content, kind = pictures.form(b"x", file_name="m.flv")
    assert name(f"{base}/?token={token}", content, **{"Content-Type": kind}) == "m.flv"
    made = name(f"{base}/?token={token}")
    assert made.endswith(".bin") and made[:8].isdigit()
    for wish, kept in (("../../etc/passwd", "passwd"), ("..\\..\\a.flv", "a.flv"), ("...hidden", "hidden"),
                       ('a"b<c>.flv', "a_b_c_.flv"), ("a\r\nb", "a__b"), ("x" * 200, "x" * 128),
                       ("\u95e8" * 60, "\u95e8" * 42), ("a b", "a_b"), ("%00", "_00")):
        wish = urllib.parse.quote(wish, safe="")
        assert name(f"{base}/?file={wish}&token={token}") == kept


def test_the_same_name_again_is_the_newer_file(vigild, recorder):
    assert recorder.bring("a.flv", b"old").status_code == 201
    assert recorder.bring("a.flv", b"newer").status_code == 201
    (item,) = files(vigild)
    assert item["bytes"] == 5
    assert vigild.api("GET", item["url"]).content == b"newer"
    wait_for(lambda: len(objects(vigild)) == 1, what="the old one's end")


def test_parts_of_a_large_file(vigild, recorder):
    content = random.Random(2).randbytes(3_000_000)
    url = recorder.bring("a.mp4", content).json()["url"]
    whole = vigild.api("GET", url)
    assert whole.content == content and whole.headers["Content-Type"] == "video/mp4"
    assert whole.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a.mp4"
    assert whole.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    part = vigild.api("GET", url, headers={"Range": "bytes=1000000-2999998"})
    assert part.status_code == 206 and part.content == content[1_000_000:-1]
    head = vigild.api("HEAD", url, headers={"Range": "bytes=0-1"})
    assert head.status_code == 200 and head.headers["Content-Length"] == "3000000"


def test_a_slow_reader_and_one_that_leaves(vigild, recorder):
    content = random.Random(3).randbytes(4_000_000)
    path = urllib.parse.urlsplit(recorder.bring("a.bin", content).json()["url"]).path
    ask = (f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
           f"Authorization: Bearer {vigild.admin_token}\r\n\r\n").encode()
    leaver = socket.create_connection(vigild.address("http"), 5)
    leaver.sendall(ask)
    leaver.recv(1000)
    leaver.close()
    with socket.create_connection(vigild.address("http"), 5) as plug:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        plug.sendall(ask)
        got = b""
        while chunk := plug.recv(200_000):
            got += chunk
            time.sleep(0.01 if len(got) < 400_000 else 0)
    assert got.split(b"\r\n\r\n", 1)[1] == content


def test_nothing_stored_is_a_page(vigild, recorder):
    for name in ("a.html", "a.svg", "a.js", "a.xhtml", "a"):
        url = recorder.bring(name, b"<script>alert(1)</script>").json()["url"]
        headers = vigild.api("GET", url).headers
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Disposition"].startswith("attachment")


def test_who_may_do_what(vigild, recorder, recorders):
    url = recorder.bring().json()["url"]
    other = recorders(vigild, "NVR0002")
    view, foreign = vigild.view_token(DID), vigild.view_token("NVR0002")
    assert vigild.api("GET", f"{url}?token={view}", token="").status_code == 200
    problem(vigild.api("GET", url, token=""), 401, "unauthenticated")
    problem(vigild.api("GET", f"{url}?token={foreign}", token=""), 404, "not-found")
    problem(vigild.api("GET", f"/v2/devices/{DID}/files", token=foreign), 404, "not-found")
    problem(vigild.api("GET", url, headers={"Vigil-Organization": "other"}), 404, "not-found")
    problem(vigild.api("DELETE", url, token=view), 403, "denied")
    post = f"{vigild.http}/v2/media/upload/{DID}/a.flv"
    problem(requests.post(post, data=b"x", timeout=5), 401, "unauthenticated")
    for token in ("x", view, other.device.token, vigild.admin_token, vigild.push_token(DID)):
        problem(requests.post(f"{post}?token={token}", data=b"x", timeout=5), 403, "denied")
        problem(requests.post(f"{vigild.http}/v2/media/upload/NOBODY/?token={token}", data=b"x",
                              timeout=5), 403, "denied")
    assert vigild.api("GET", url).content == RECORDING


def test_a_disabled_device_brings_nothing(vigild, recorder):
    assert vigild.action(DID, {"upload": {"file": "a"}}).status_code == 200
    url = recorder.device.next_action()["data"]["upload"]["url"]
    assert vigild.api("PATCH", f"/v2/devices/{DID}", {"disabled": True}).status_code == 200
    problem(requests.post(url, data=b"x", timeout=5), 409, "device-disabled")


def test_kept_for_seven_days_then_deleted(vigild, recorder):
    """M-123, M-124: readable at any time until then; the server deletes it by itself."""
    for name in ("a.flv", "b.flv"):
        assert recorder.bring(name).status_code == 201
    (item, _) = files(vigild)
    assert item["expires_at"] > item["time"]
    for _ in range(6):
        vigild.advance(DAY_MS)
        assert vigild.api("GET", item["url"]).content == RECORDING
    vigild.advance(DAY_MS - 30_000)
    assert vigild.api("GET", item["url"]).content == RECORDING
    assert len(files(vigild)) == 2
    vigild.advance(30_000)
    problem(vigild.api("GET", item["url"]), 404, "not-found")
    assert files(vigild) == []
    wait_swept(vigild)
    (event,) = vigild.events(DID, "file.expired", least=1)
    assert event["data"] == {"count": 2, "bytes": 2 * len(RECORDING)}
    assert vigild.metric("uploads_expired_total") == 2


def test_days_can_be_set_and_stills_stay(start_vigild, recorders):
    vigild = start_vigild(env={"VIGIL_STORAGE_KEEP_DAYS": "1"})
    recorder = recorders(vigild)
    still = requests.post(f"{vigild.http}/v2/storage/upload?did={DID}&token={recorder.device.token}",
                          data=pictures.jpeg(), timeout=10)
    upload = recorder.bring()
    vigild.advance(DAY_MS + 60_000)
    problem(vigild.api("GET", upload.json()["url"]), 404, "not-found")
    assert vigild.api("GET", still.json()["url"]).status_code == 200


def test_what_expired_while_the_server_was_down_goes(vigild, recorder):
    assert recorder.bring().status_code == 201
    database = vigild.data / "vigil.db"
    recorder.close()
    vigild.stop()
    subprocess.run(["sqlite3", database, "UPDATE files SET expires_at = 1"], check=True)
    vigild.start()
    wait_for(lambda: objects(vigild) == [], what="the object's end")


def test_orphans_go_at_the_start(vigild, recorder):
    url = recorder.bring().json()["url"]
    (kept,) = objects(vigild)
    recorder.close()
    vigild.stop()
    for i in range(300):
        name = f"{i:032x}"
        folder = vigild.data / "objects" / name[:2]
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"lost")
    (vigild.data / "objects" / "00" / "notes.txt").write_bytes(b"somebody's")
    (vigild.data / "objects" / "tmp" / ("f" * 32)).write_bytes(b"half")
    vigild.start()
    wait_for(lambda: vigild.metric("storage_orphans_total") == 300, what="the orphans' end")
    assert unfinished(vigild) == []
    assert sorted(path.name for path in objects(vigild)) == sorted([kept.name, "notes.txt"])
    assert vigild.api("GET", url).content == RECORDING


def test_one_folder_serves_one_server(vigild, start_vigild, tmp_path):
    from harness.process import Process
    second = Process("vigild", tmp_path)
    second.spawn(["--data", tmp_path / "second", "--http=127.0.0.1:0", "--rtmp=", "--mqtt=",
                  f"--blob=file:{vigild.data}/objects"])
    assert second.wait() == 1 and "another server keeps its objects" in second.log
    other = start_vigild(f"--blob=file:{tmp_path}/elsewhere")
    assert (tmp_path / "elsewhere" / "tmp").is_dir() and not (other.data / "objects").exists()
    third = Process("vigild", tmp_path)
    third.spawn(["--data", tmp_path / "third", "--http=127.0.0.1:0", "--rtmp=", "--mqtt=",
                 "--blob=s3://k:s@127.0.0.1:1/b"])
    assert third.wait() == 1 and "only file:PATH is built" in third.log


def begin_upload(vigild, recorder, name, size=1000):
    plug = socket.create_connection(vigild.address("http"), 5)
    plug.sendall(f"POST /v2/media/upload/{recorder.did}/{name}?token={recorder.device.token} HTTP/1.1\r\n"
                 f"Host: a\r\nContent-Length: {size}\r\n\r\nx".encode())
    return plug


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


def test_the_interface_is_marked_experimental():
    """M-125: the protocol says it may change; our page says so too, and the address has a version."""
    page = pathlib.Path(__file__).parents[2] / "docs" / "device-guide.md"
    assert "experimental" in page.read_text()
