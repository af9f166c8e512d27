# SPDX-License-Identifier: Apache-2.0
"""Uploads: a recorder brings a recording, whoever may see it fetches it, and after 7 days it goes."""
import json
import pathlib
import random
import socket
import subprocess
import time
import urllib.parse

import pytest
import requests

from harness import pictures
from harness.process import Process, wait_for
from harness.recorder import (DAY_MS, DID, RECORDING, Recorder, files, objects, problem,
                              unfinished, wait_swept)


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
    behind = {"Range": "bytes=3000000-"}
    assert vigild.api("GET", url, headers=behind).headers["Content-Range"] == "bytes */3000000"
    known = vigild.api("GET", url, headers=behind | {"If-None-Match": whole.headers["ETag"]})
    assert known.status_code == 304


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


def test_a_database_without_files_takes_nothing_for_an_orphan(vigild, recorder):
    """A new one was started over an old folder: its files may still be wanted."""
    recorder.bring()
    (kept,) = objects(vigild)
    recorder.close()
    vigild.stop()
    for name in ("vigil.db", "vigil.db-wal", "vigil.db-shm"):
        (vigild.data / name).unlink(missing_ok=True)
    vigild.start()
    Recorder(vigild, "NVR0002").bring()
    vigild.advance(120_000)
    time.sleep(0.5)
    assert kept in objects(vigild) and len(objects(vigild)) == 2


def test_one_folder_serves_one_server(vigild, start_vigild, tmp_path):
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


def test_the_interface_is_marked_experimental():
    """M-125: the protocol says it may change; our page says so too, and the address has a version."""
    page = pathlib.Path(__file__).parents[2] / "docs" / "device-guide.md"
    assert "experimental" in page.read_text()
