# SPDX-License-Identifier: Apache-2.0
"""The console's files as a browser gets them: policy, compression, conditional requests."""
import gzip
import http.client

import pytest

from test_devices import problem


def get(vigild, path, **headers):
    """Without any decoding by the client."""
    connection = http.client.HTTPConnection(*vigild.address("http"), timeout=10)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


@pytest.fixture
def built(vigild):
    if get(vigild, "/index.html")[0].status == 404:
        pytest.skip("this build carries no console (./dev build makes web/dist)")


def test_the_first_page_is_open_and_under_a_policy(vigild):
    answer, body = get(vigild, "/")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"<html" in body.lower()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/nothing.js", "/..%2fadmin.token", "/%2e%2e/admin.token", "/assets/x", "/app.js/", "/a/b/c"])
def test_what_is_not_there_is_not_found(vigild, path):
    answer, body = get(vigild, path)
    assert answer.status in (400, 404) and answer.headers["Content-Type"] == "application/problem+json"


def test_unknown_api_addresses_are_no_pages(vigild):
    for path in ("/v2", "/v2/", "/v2/nothing", "/live/"):
        problem(vigild.api("GET", path), 404, "not-found")
    problem(vigild.api("POST", "/v2/nothing", {}), 404, "not-found")


def test_files_are_compressed_for_those_who_take_it(vigild, built):
    plain, body = get(vigild, "/app.js")
    packed, small = get(vigild, "/app.js", Accept_Encoding="br, gzip")
    assert "Content-Encoding" not in plain.headers and packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small) == body and len(small) < len(body)
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert plain.headers["Content-Type"].startswith("text/javascript")


def test_what_is_known_is_not_sent_again(vigild, built):
    answer, _ = get(vigild, "/")
    again, body = get(vigild, "/", If_None_Match=answer.headers["ETag"])
    assert again.status == 304 and body == b"" and again.headers["ETag"] == answer.headers["ETag"]
    other, body = get(vigild, "/", If_None_Match='"other"')
    assert other.status == 200 and body
