# SPDX-License-Identifier: Apache-2.0
"""Devices in and out as CSV: what good, bad and repeated files do."""
import csv
import io

import pytest

from test_devices import problem


def send(vigild, text, **options):
    data = text if isinstance(text, bytes) else text.encode()
    return vigild.api("POST", "/v2/devices:import", data=data, headers={"Content-Type": "text/csv"}, **options)


def taken(vigild, text):
    answer = send(vigild, text)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["created"], body["updated"], [(row["line"], row["did"], row["reason"]) for row in body["refused"]]


def devices(vigild):
    items = vigild.api("GET", "/v2/devices?limit=500").json()["items"]
    return {device["did"]: device for device in items}


def test_lines_become_devices(vigild, make_device):
    assert taken(vigild, "CAM1,secret-1,Gate,camera\r\nGW,,\"Hall, \"\"north\"\"\",gateway\nCAM3\n") == (3, 0, [])
    known = devices(vigild)
    assert known["GW"]["name"] == 'Hall, "north"' and known["GW"]["kind"] == "gateway"
    assert known["CAM3"]["kind"] == "camera"
    make_device("CAM1", add=False, secret="secret-1").go_online()


@pytest.mark.parametrize("text", [
    "did,secret,name,kind\nCAM1,,n,camera\n", "\ufeffdid,secret,name,kind\r\nCAM1,,n,camera\r\n",
    "DID,Name\nCAM1,n", "did,kind,name\n\nCAM1,camera,n\n\n", "\ufeffCAM1,,n",
    "did,name,kind,sign_policy,created_at\nCAM1,n,camera,timestamp,2026-01-01T00:00:00Z\n",
    "\"did\",\"name\"\n\"CAM1\",\"n\"\n",
])
def test_headings_marks_and_line_ends(vigild, text):
    assert taken(vigild, text) == (1, 0, [])
    assert devices(vigild)["CAM1"]["name"] == "n"


def test_an_unknown_or_double_column_refuses_all(vigild):
    for heading in ("did,password", "did,name,name"):
        body = problem(send(vigild, f"{heading}\nCAM1,x\n"), 400, "invalid-request")
        assert body["field"] == "heading" and "column" in body["detail"]
    assert devices(vigild) == {}


def test_bad_lines_are_told_and_the_others_taken(vigild):
    text = ("did,secret,name,kind\n"       # 1
            "CAM1,,ok,camera\n"            # 2
            "bad did,,x,camera\n"          # 3
            "CAM2,,x,toaster\n"            # 4
            "CAM3,,x,camera,extra\n"       # 5
            f"CAM4,{'s' * 129},x,camera\n" # 6
            f"CAM5,,{'n' * 129},camera\n"  # 7
            "CAM6,,qu\"ote,camera\n"       # 8
            "CAM7,,\"a\nb\",camera\n"      # 9, 10
            "CAM8,,\"x\"y,camera\n"        # 11
            "CAM1,,twice,gateway\n"        # 12
            "CAM9,,last,camera\n"          # 13
            "CAM10,,\"never closed\n")     # 14
    created, updated, refused = taken(vigild, text)
    assert (created, updated) == (3, 0)
    assert [did for _, did, _ in sorted(refused)] == [
        "bad did", "CAM2", "CAM3", "CAM4", "CAM5", "", "", "CAM1", ""]
    assert [(line, reason) for line, _, reason in sorted(refused)] == [
        (3, "invalid-did"), (4, "invalid-request"), (5, "invalid-request"), (6, "invalid-request"),
        (7, "invalid-request"), (8, "invalid-request"), (11, "invalid-request"), (12, "did-taken"),
        (14, "invalid-request")]
    assert sorted(devices(vigild)) == ["CAM1", "CAM7", "CAM9"]
    assert devices(vigild)["CAM7"]["name"] == "a\nb"


def test_a_file_may_be_sent_again(vigild):
    text = "did,secret,name,kind\n" + "".join(f"CAM{n},s{n},name {n},camera\n" for n in range(1200))
    assert taken(vigild, text) == (1200, 0, [])
    assert taken(vigild, text) == (0, 1200, [])
    assert taken(vigild, "did,name\nCAM7,other\nCAM8,name 8\n") == (0, 2, [])
    assert vigild.api("GET", "/v2/devices/CAM7").json()["name"] == "other"
    assert taken(vigild, "CAM7,another-secret\nCAM8,s8\n") == (0, 1, [(1, "CAM7", "did-taken")])


def test_an_export_is_whole_and_holds_no_secret(vigild):
    names = {f"CAM{n:04}": ["plain", "with, comma", 'with "quotes"', "two\nlines", "Süd"][n % 5] for n in range(1100)}
    out = io.StringIO()
    writer = csv.writer(out)
    for did, name in names.items():
        writer.writerow([did, f"secret-of-{did}", name, "camera"])
    assert taken(vigild, out.getvalue()) == (1100, 0, [])
    answer = vigild.api("GET", "/v2/devices:export")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert {row["did"]: row["name"] for row in rows} == names
    assert list(rows[0]) == ["did", "name", "kind", "sign_policy", "created_at"]
    assert "secret-of" not in answer.text and "secret-of" not in vigild.log
    assert taken(vigild, answer.content) == (0, 1100, [])


def test_an_empty_file_is_nothing(vigild):
    for text in ("", "\n\n", "did,name\n", "\ufeff"):
        assert taken(vigild, text) == (0, 0, [])


def test_the_file_has_a_limit(vigild):
    line = "bad did\n"
    at = (line * (8 * 1024 * 1024 // len(line))).encode()
    answer = send(vigild, at)
    assert answer.status_code == 200
    assert answer.json()["refused_total"] == 8 * 1024 * 1024 // len(line) and len(answer.json()["refused"]) == 1000
    problem(send(vigild, at + b"x"), 413, "too-large")


def test_bytes_that_are_no_text_are_refused(vigild):
    created, _, refused = taken(vigild, b"CAM1,,\xff\xfe,camera\n\x00\x01\nCAM2\n")
    assert created == 1 and [row[0] for row in refused] == [1, 2]


def test_a_malformed_did_comes_back_as_it_was_sent(vigild):
    """So that its line is found in a list: as text, shortened, never as raw bytes."""
    rows = {b"K\xc3\xbcche 1": "Küche 1", b"a\"\"b\\": 'a"b\\', b"tab\there": "tab\\x09here",
            b"\xff\xfe": "\\xff\\xfe", b"a" * 65: "a" * 65, b"a b" * 32: "a b" * 32,
            b"a b" * 32 + b"c": "a b" * 32 + "...", ("é" * 60).encode(): "é" * 48 + "..."}
    text = b"".join(b'"' + did + b'",,x\n' for did in rows)
    assert taken(vigild, text) == (0, 0, [(n + 1, told, "invalid-did")
                                          for n, told in enumerate(rows.values())])


def test_imported_devices_survive_kill(vigild):
    assert taken(vigild, "".join(f"CAM{n}\n" for n in range(600))) == (600, 0, [])
    vigild.kill()
    vigild.start()
    assert len(vigild.api("GET", "/v2/devices?limit=500").json()["items"]) == 500
    assert vigild.api("GET", "/v2/devices/CAM599").status_code == 200
