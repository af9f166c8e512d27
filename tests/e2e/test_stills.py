# SPDX-License-Identifier: Apache-2.0
"""Stills: a camera is told to take one, brings it once, and whoever may see the camera opens it."""
import concurrent.futures
import re
import socket
import subprocess
import time
import urllib.parse

import pytest
import requests

from harness import pictures
from harness.device import Device
from harness.process import wait_for

DID = "CAM0001"
NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{12}\.jpeg")


def problem(answer, status, name):
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{name}", answer.text
    return answer.json()


def post(url, content=None, **options):
    return requests.post(url, data=pictures.jpeg() if content is None else content, timeout=30, **options)


@pytest.fixture
def ask(vigild, make_device):
    """ask("CAM0001"): the address a silent device was given to bring its still to."""
    devices = {}

    def url(did=DID, name="capture", data=None):
        device = devices.get(did)
        if not device:
            device = devices[did] = make_device(did).go_online()
        assert vigild.action(did, {name: data or {}}).status_code == 200
        ask.sent = device.next_action()
        return ask.sent["data"][name]["url"]
    ask = url
    url.devices = devices
    return url


def store(vigild, ask, did=DID, content=None):
    answer = post(ask(did), content)
    assert answer.status_code == 201, answer.text
    return answer.json()


def stills(vigild, did=DID, query="", **options):
    answer = vigild.api("GET", f"/v2/devices/{did}/stills{query}", **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_capture_comes_back_as_an_address_that_opens(vigild, start_camera):
    start_camera(DID)
    wait_for(lambda: vigild.presence(DID)["online"], 10, "the camera")
    answer = vigild.action(DID, {"capture": {}}, timeout_ms=20000)
    assert answer.status_code == 200, answer.text
    url = answer.json()["result"]["capture"]["url"]
    assert re.fullmatch(rf"/v2/storage/file/{DID}/" + NAME.pattern, url)
    picture = vigild.api("GET", url)
    assert picture.status_code == 200 and picture.headers["Content-Type"] == "image/jpeg"
    probe = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height",
                            "-of", "csv=p=0", "-"], input=picture.content, capture_output=True, check=True)
    (item,) = stills(vigild)["items"]
    assert probe.stdout.decode().strip() == f"mjpeg,{item['width']},{item['height']}"
    assert item["url"] == url and item["bytes"] == len(picture.content)
    (event,) = vigild.events(DID, "still.stored", least=1)
    assert event["data"] == {"name": item["name"], "bytes": item["bytes"], "width": item["width"],
                             "height": item["height"]}


def test_many_cameras_capture_at_once(vigild, programs, tmp_path, start_camera):
    dids = [f"CAM{i:04}" for i in range(1, 9)]
    secrets = {did: vigild.add_device(did, secret=f"secret-{did}") for did in dids}
    assert secrets[DID] == "secret-CAM0001"
    start_camera("CAM", "--count", "8", secret="secret-%s")
    wait_for(lambda: all(vigild.presence(did)["online"] for did in dids), 20, "the cameras")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda did: vigild.action(did, {"capture": {}}, timeout_ms=30000), dids))
    for did, answer in zip(dids, answers):
        assert answer.status_code == 200, answer.text
        assert vigild.api("GET", answer.json()["result"]["capture"]["url"]).content[:3] == b"\xff\xd8\xff"
        assert len(stills(vigild, did)["items"]) == 1


def test_the_address_given_is_ours_signed_and_single(vigild, ask, make_device):
    url = ask()
    parts = urllib.parse.urlsplit(url)
    assert url.startswith(f"{vigild.http}/v2/storage/upload?token=")
    (token,) = urllib.parse.parse_qs(parts.query)["token"]
    assert ask.devices[DID].actions.empty()
    answer = post(url)
    assert answer.status_code == 201 and answer.headers["Location"] == answer.json()["url"]
    assert answer.json()["width"] == 320 and answer.json()["height"] == 240
    problem(post(url), 409, "grant-used")
    vigild.restart()
    problem(post(f"{vigild.http}{parts.path}?{parts.query}"), 409, "grant-used")
    assert len(stills(vigild)["items"]) == 1
    assert re.fullmatch(r"[A-Za-z0-9_-]{16,64}", token)


@pytest.mark.parametrize("did", ["C", "C" * 19, "C" * 20, "C:." + "x" * 61])
def test_the_address_is_enough_whatever_the_dids_length(vigild, ask, did):
    """A token has 64 characters at most: a long did stands beside it."""
    url = ask(did)
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["token"][0]
    assert len(token) <= 64 and token == ask.sent["token"]
    assert ("&did=" in url) == (len(did) > 19)
    assert post(url).status_code == 201
    assert len(stills(vigild, did)["items"]) == 1


def test_the_actions_own_token_opens_the_plain_address(vigild, make_device):
    """A camera told another address of ours adds the action's token by itself."""
    device = make_device(DID).go_online()
    assert vigild.action(DID, {"capture": {"url": vigild.http + "/v2/storage/upload"}}).status_code == 200
    sent = device.next_action()
    assert sent["data"]["capture"]["url"] == vigild.http + "/v2/storage/upload"
    assert post(f"{vigild.http}/v2/storage/upload?token={sent['token']}").status_code == 201
    bearer = {"Authorization": f"Bearer {device.token}"}
    assert post(f"{vigild.http}/v2/storage/upload?did={DID}", headers=bearer).status_code == 201
    assert post(f"{vigild.http}/v2/storage/upload?did={DID}&token={device.token}").status_code == 201
    assert len(stills(vigild)["items"]) == 3


def test_a_second_try_at_once_waits_for_nobody(vigild, ask):
    """While one upload is under way its address takes no other; when it fails, it does."""
    url = urllib.parse.urlsplit(ask())
    plug = socket.create_connection(vigild.address("http"), 5)
    plug.sendall(f"POST {url.path}?{url.query} HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n".encode()
                 + pictures.jpeg()[:100])
    wait_for(lambda: vigild.metric("uploads_open") == 1, what="the first upload")
    problem(post(url.geturl()), 409, "grant-used")
    plug.close()
    wait_for(lambda: vigild.metric("uploads_open") == 0, what="its end")
    assert post(url.geturl()).status_code == 201


def test_an_address_is_over_after_its_time(vigild, ask):
    url = ask()
    vigild.advance(15 * 60 * 1000)
    problem(post(url), 403, "denied")
    assert stills(vigild)["items"] == []


def test_tokens_of_others_bring_nothing(vigild, ask, make_device):
    url, other = ask(), ask("CAM0002")
    plain = vigild.http + "/v2/storage/upload"
    token = url.split("token=")[1]
    problem(post(plain), 401, "unauthenticated")
    grant, foreign = token[:38], other.split("token=")[1]
    for bad in ("x", "x" * 64, token[:-1], "A" + token[1:], grant, grant + foreign[38:],
                vigild.admin_token, vigild.view_token(DID)):
        problem(post(f"{plain}?token={bad}"), 403, "denied")
        problem(post(f"{plain}?did=CAM0002&token={bad}"), 403, "denied")
    problem(post(f"{plain}?did={DID}&token={ask.devices['CAM0002'].token}"), 403, "denied")
    problem(post(f"{plain}?did=NOBODY&token={ask.devices[DID].token}"), 403, "denied")
    upload = ask(DID, "upload", {"file": "a.flv"})
    grant = urllib.parse.parse_qs(urllib.parse.urlsplit(upload).query)["token"][0]
    problem(post(f"{plain}?token={grant}&did={DID}"), 403, "denied")
    assert stills(vigild)["items"] == []


def test_who_may_see_the_camera_sees_its_stills(vigild, ask):
    url = store(vigild, ask)["url"]
    problem(vigild.api("GET", url, token=""), 401, "unauthenticated")
    problem(vigild.api("GET", url, token="nonsense"), 401, "unauthenticated")
    assert vigild.api("GET", url).status_code == 200
    view = vigild.view_token(DID)
    assert vigild.api("GET", f"{url}?token={view}", token="").status_code == 200
    assert vigild.api("GET", url, token=view).status_code == 200
    vigild.add_device("CAM0002")
    foreign = vigild.view_token("CAM0002")
    for path in (url, f"/v2/devices/{DID}/stills"):
        problem(vigild.api("GET", path, token=foreign), 404, "not-found")
        problem(vigild.api("GET", path, headers={"Vigil-Organization": "other"}), 404, "not-found")
    problem(vigild.api("DELETE", url, token=foreign), 404, "not-found")
    problem(vigild.api("DELETE", url, token=view), 403, "denied")
    push = vigild.push_token(DID)
    problem(vigild.api("GET", url, token=push), 403, "denied")


def test_a_still_is_never_a_page_of_ours(vigild, ask):
    headers = vigild.api("GET", store(vigild, ask)["url"]).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Content-Disposition"].startswith("inline; filename*=UTF-8''")


def test_parts_and_unchanged_stills(vigild, ask):
    content = pictures.jpeg()
    url = store(vigild, ask)["url"]
    whole = vigild.api("GET", url)
    tag = whole.headers["ETag"]
    assert whole.content == content and whole.headers["Accept-Ranges"] == "bytes"
    head = vigild.api("HEAD", url)
    assert head.content == b"" and int(head.headers["Content-Length"]) == len(content)

    def get(**headers):
        return vigild.api("GET", url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    part = get(Range="bytes=10-19")
    assert part.status_code == 206 and part.content == content[10:20]
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(content)}"
    assert get(Range="bytes=-5").content == content[-5:]
    assert get(Range=f"bytes={len(content) - 3}-").content == content[-3:]
    refused = get(Range=f"bytes={len(content)}-")
    assert refused.status_code == 416 and refused.headers["Content-Range"] == f"bytes */{len(content)}"
    assert get(Range="bytes=0-1,4-5").status_code == 200
    assert get(Range="bytes=0-1", If_Range=tag).status_code == 206
    assert get(Range="bytes=0-1", If_Range='"other"').status_code == 200
    assert get(If_None_Match=tag).status_code == 304
    assert get(If_None_Match=f'"x", W/{tag}').status_code == 304
    assert get(If_None_Match='"x"').content == content


def test_the_printed_form_names_a_second(vigild, ask):
    """C-56: the newest still of that second that the caller may see; else there is none."""
    made = [store(vigild, ask, content=pictures.jpeg(seed=seed)) for seed in (10, 20)]
    while made[0]["name"][:15] != made[1]["name"][:15]:
        made = made[1:] + [store(vigild, ask, content=pictures.jpeg(seed=20))]
    second = made[1]["name"][:15]
    newest = vigild.api("GET", f"/v2/storage/file/{second}.jpeg")
    assert newest.status_code == 200
    assert newest.content == vigild.api("GET", made[1]["url"]).content
    token = vigild.view_token(DID)
    assert vigild.api("GET", f"/v2/storage/file/{second}.jpeg?token={token}", token="").status_code == 200
    vigild.add_device("CAM0002")
    foreign = vigild.view_token("CAM0002")
    for name, who in ((f"{second}.jpeg", foreign), ("20191010-101010.jpeg", None), ("nonsense", None),
                      (f"{second}.png", None), ("20191310-101010.jpeg", None)):
        problem(vigild.api("GET", f"/v2/storage/file/{name}", token=who), 404, "not-found")
    problem(vigild.api("GET", f"/v2/storage/file/{second}.jpeg", token=""), 401, "unauthenticated")


def test_lists_are_pages_newest_first(vigild, ask):
    names = [store(vigild, ask)["name"] for _ in range(5)]
    assert [item["name"] for item in stills(vigild)["items"]] == names[::-1]
    first = stills(vigild, query="?limit=2")
    second = stills(vigild, query=f"?limit=2&cursor={first['next']}")
    third = stills(vigild, query=f"?limit=2&cursor={second['next']}")
    assert [len(page["items"]) for page in (first, second, third)] == [2, 2, 1]
    assert third["next"] is None
    assert [item["name"] for page in (first, second, third) for item in page["items"]] == names[::-1]
    for query in ("?limit=0", "?limit=501", "?limit=x", "?cursor=x", "?cursor=1-../", "?cursor=-1-a"):
        problem(vigild.api("GET", f"/v2/devices/{DID}/stills{query}"), 400, "invalid-request")
    problem(vigild.api("GET", "/v2/devices/NOBODY/stills"), 404, "not-found")


def objects(vigild):
    return sorted(path.name for path in (vigild.data / "objects").glob("??/*"))


def test_a_removed_still_is_gone_with_its_bytes(vigild, ask):
    keep, remove = store(vigild, ask)["url"], store(vigild, ask)["url"]
    assert len(objects(vigild)) == 2
    assert vigild.api("DELETE", remove).status_code == 204
    problem(vigild.api("GET", remove), 404, "not-found")
    problem(vigild.api("DELETE", remove), 404, "not-found")
    wait_for(lambda: len(objects(vigild)) == 1, what="the object's end")
    assert vigild.api("GET", keep).status_code == 200
    assert len(vigild.events(DID, "still.removed", least=1)) == 1


def test_a_removed_devices_stills_go(vigild, ask):
    url = store(vigild, ask)["url"]
    assert vigild.api("DELETE", f"/v2/devices/{DID}").status_code == 204
    vigild.add_device(DID)
    problem(vigild.api("GET", url), 404, "not-found")
    assert stills(vigild)["items"] == []
    def look():
        vigild.advance(60_000)
        time.sleep(0.1)
        return objects(vigild) == []
    wait_for(look, what="the object's end")
    wait_for(lambda: vigild.metric("stored_files") == 0, what="the row's end")


@pytest.fixture
def bring():
    """bring(vigild, content): by the camera itself, which stays connected for it."""
    devices = {}

    def one(vigild, content=None):
        if vigild not in devices:
            devices[vigild] = Device(vigild, DID, vigild.add_device(DID)).go_online()
        return post(f"{vigild.http}/v2/storage/upload?did={DID}", content,
                    headers={"Authorization": f"Bearer {devices[vigild].token}"})
    yield one
    for device in devices.values():
        device.close()


def test_the_oldest_still_makes_room(start_vigild, bring):
    vigild = start_vigild(env={"VIGIL_STORAGE_STILLS_PER_DEVICE": "3"})
    names = [bring(vigild).json()["name"] for _ in range(3)]
    assert [item["name"] for item in stills(vigild)["items"]] == names[::-1]
    names.append(bring(vigild).json()["name"])
    assert [item["name"] for item in stills(vigild)["items"]] == names[:0:-1]
    wait_for(lambda: len(objects(vigild)) == 3, what="the oldest one's end")


def test_what_is_no_picture_is_refused(vigild, ask):
    url, picture = ask(), pictures.jpeg()
    for content in (b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture[:-2], picture[:200],
                    picture[2:], b"\xff\xd8\xff\xd9", b"\x89PNG\r\n\x1a\n" + bytes(100)):
        problem(post(url, content), 422, "still-malformed")
    problem(post(url, b""), 400, "invalid-request")
    assert stills(vigild)["items"] == [] and objects(vigild) == []
    assert post(url).status_code == 201  # a refused try does not use the address up


def test_a_still_may_be_64_megabytes_and_no_more(vigild, ask):
    limit = 64 * 1024 * 1024
    stored = store(vigild, ask, content=pictures.padded_jpeg(limit))
    assert stored["bytes"] == limit
    url = ask()
    problem(post(url, pictures.padded_jpeg(limit + 1)), 413, "too-large")
    body = iter([pictures.padded_jpeg(limit + 4)])
    problem(post(url, body), 413, "too-large")
    content, kind = pictures.form(pictures.padded_jpeg(limit))
    assert post(url, content, headers={"Content-Type": kind}).status_code == 201
    assert vigild.metric("uploads_open") == 0


def curl(*arguments, **options):
    return subprocess.run(["curl", "-sS", "--max-time", "20", *arguments], capture_output=True, check=True,
                          **options).stdout


def test_curl_brings_stills_in_every_way(vigild, ask, tmp_path):
    path = tmp_path / "a.jpeg"
    path.write_bytes(pictures.jpeg(640, 480))
    ways = (["--data-binary", f"@{path}"], ["-F", f"file=@{path}"], ["-F", "note=x", "-F", f"file=@{path}"],
            ["-H", "Transfer-Encoding: chunked", "--data-binary", f"@{path}"],
            ["-H", "Expect: 100-continue", "--data-binary", f"@{path}"],
            ["-H", "Content-Type: image/jpeg", "--limit-rate", "20k", "--data-binary", f"@{path}"],
            ["--http1.0", "--data-binary", f"@{path}"])
    for way in ways:
        answer = curl("-w", "\n%{http_code}", *way, ask()).decode().rsplit("\n", 1)
        assert answer[1] == "201", (way, answer)
    assert len(stills(vigild)["items"]) == len(ways)
    for item in stills(vigild)["items"]:
        assert vigild.api("GET", item["url"]).content == path.read_bytes()
    other = curl("-w", "\n%{http_code}", "-F", f"picture=@{path}", ask()).decode()
    assert other.endswith("400") and '"field":"file"' in other


def test_100_continue_is_not_said_to_who_may_not(vigild, ask):
    url = urllib.parse.urlsplit(ask())

    def ask_first(target):
        with socket.create_connection(vigild.address("http"), 5) as plug:
            plug.sendall(f"POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n"
                         "Expect: 100-continue\r\n\r\n".encode())
            return plug.recv(100).split(b"\r\n")[0]
    assert ask_first(f"{url.path}?{url.query}") == b"HTTP/1.1 100 Continue"
    assert ask_first(f"{url.path}?token=wrong").startswith(b"HTTP/1.1 403")
    wait_for(lambda: vigild.metric("uploads_open") == 0, what="the first one's end")
    assert post(url.geturl()).status_code == 201
    assert ask_first(f"{url.path}?{url.query}").startswith(b"HTTP/1.1 409")


@pytest.mark.parametrize("name", ["..", "../../../vigil.db", "..%2f..%2fvigil.db", "%2e%2e", "a%00b", "x" * 200])
def test_names_lead_nowhere_else(vigild, ask, name):
    store(vigild, ask)
    with socket.create_connection(vigild.address("http"), 5) as plug:
        plug.sendall(f"GET /v2/storage/file/{DID}/{name} HTTP/1.0\r\nHost: a\r\n"
                     f"Authorization: Bearer {vigild.admin_token}\r\n\r\n".encode())
        assert plug.recv(100).split()[1] in (b"400", b"404")


@pytest.mark.tsan
def test_twenty_stills_a_second_are_cheap(vigild, bring):
    content = pictures.jpeg(640, 480)
    assert bring(vigild, content).status_code == 201
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: bring(vigild, content), range(60)))
    assert {answer.status_code for answer in answers} == {201}
    assert time.monotonic() - began < 10
    assert len(stills(vigild, query="?limit=500")["items"]) == 61
