# SPDX-License-Identifier: Apache-2.0
"""Tokens and sessions: what each opens, for how long, and that it opens nothing else."""
import re

import pytest
import requests

from test_devices import problem


@pytest.fixture
def cameras(vigild):
    for did in ("CAM1", "CAM2"):
        vigild.add_device(did)


def view_token(vigild, did="CAM1", **fields):
    answer = vigild.api("POST", f"/v2/devices/{did}/view-tokens", fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


def test_a_view_token_opens_its_device_and_nothing_else(vigild, cameras):
    token = view_token(vigild)
    session = vigild.api("GET", "/v2/session", token=token).json()
    assert session["role"] == "viewer" and session["did"] == "CAM1" and session["expires_at"]
    assert vigild.api("GET", f"/v2/session?token={token}", token="").status_code == 200
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/actions"), ("POST", "/view-tokens"),
                         ("POST", "/push-tokens"), ("POST", "/secret")):
        problem(vigild.api(method, f"/v2/devices/CAM1{path}", token=token), 403, "denied")
        problem(vigild.api(method, f"/v2/devices/CAM2{path}", token=token), 404, "not-found")
        problem(vigild.api(method, f"/v2/devices/NONE{path}", token=token), 404, "not-found")
    for path in ("/v2/devices", "/v2/events", "/v2/actions", "/v2/devices:export"):
        problem(vigild.api("GET", path, token=token), 403, "denied")


def test_a_token_in_the_address_opens_live_only(vigild, cameras):
    problem(vigild.api("GET", f"/v2/devices?token={vigild.admin_token}", token=""), 401, "unauthenticated")


@pytest.mark.parametrize("kind, least, most", [("view-tokens", 60, 86400), ("push-tokens", 60, 366 * 86400)])
def test_the_life_of_a_token_has_limits(vigild, cameras, kind, least, most):
    for seconds in (least, most):
        answer = vigild.api("POST", f"/v2/devices/CAM1/{kind}", {"expires_in": seconds})
        assert answer.status_code == 201 and answer.json()["expires_in"] == seconds
    for seconds in (least - 1, most + 1, -1, "60", 60.5, None):
        body = problem(vigild.api("POST", f"/v2/devices/CAM1/{kind}", {"expires_in": seconds}), 400, "invalid-request")
        assert body["field"] == "expires_in"


def test_a_view_token_ends(vigild, cameras):
    token = view_token(vigild, expires_in=60)
    assert vigild.api("GET", "/v2/session", token=token).status_code == 200
    vigild.advance(59_000)
    assert vigild.api("GET", "/v2/session", token=token).status_code == 200
    vigild.advance(2_000)
    problem(vigild.api("GET", "/v2/session", token=token), 401, "unauthenticated")


def test_a_view_token_survives_a_restart_and_ends_with_its_device(vigild, cameras):
    token = view_token(vigild)
    vigild.kill()
    vigild.start()
    assert vigild.api("GET", "/v2/session", token=token).status_code == 200
    assert vigild.api("DELETE", "/v2/devices/CAM1").status_code == 204
    problem(vigild.api("GET", "/v2/session", token=token), 401, "unauthenticated")


def test_a_device_has_room_for_so_many_tokens(vigild, cameras):
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {vigild.admin_token}"
    for _ in range(1000):
        assert session.post(f"{vigild.http}/v2/devices/CAM1/view-tokens", json={}).status_code == 201
    answer = session.post(f"{vigild.http}/v2/devices/CAM1/view-tokens", json={})
    assert problem(answer, 503, "busy")["detail"]
    assert view_token(vigild, "CAM2")


def test_a_push_token_names_its_address_and_the_device_is_never_asked(vigild, make_device):
    device = make_device("CAM1").go_online()
    answer = vigild.api("POST", "/v2/devices/CAM1/push-tokens", {})
    assert answer.status_code == 201
    token = answer.json()["token"]
    assert answer.json()["url"] == f"{vigild.rtmp}/live/CAM1?token={token}"
    assert vigild.api("GET", "/v2/devices/CAM1").json()["push"] == "self"
    problem(vigild.action("CAM1", {"play": {"url": "rtmp://127.0.0.1/live/CAM1"}}), 400, "invalid-action")
    assert device.actions.empty()
    problem(vigild.api("GET", "/v2/session", token=token), 403, "denied")


def test_tokens_of_devices_that_are_not_there(vigild):
    for kind in ("view-tokens", "push-tokens"):
        problem(vigild.api("POST", f"/v2/devices/NONE/{kind}", {}), 404, "not-found")


def sign_in_token(vigild):
    answer = vigild.api("POST", "/v2/sign-in-links", {})
    assert answer.status_code == 201 and answer.json()["expires_in"] == 600
    return re.fullmatch(re.escape(vigild.http) + r"/#signin=([\w-]{43})", answer.json()["url"])[1]


class Browser(requests.Session):
    def __init__(self, vigild):
        super().__init__()
        self.trust_env = False
        self.vigild = vigild

    def call(self, method, path, **options):
        return self.request(method, self.vigild.http + path, timeout=10, **options)

    def sign_in(self, token):
        return self.call("POST", "/v2/session", json={"token": token})


def test_a_link_signs_in_once(vigild):
    token = sign_in_token(vigild)
    browser, second = Browser(vigild), Browser(vigild)
    assert browser.call("GET", "/v2/session").status_code == 401
    answer = browser.sign_in(token)
    assert answer.status_code == 201 and answer.json()["expires_at"]
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("vigil_session=") and "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert "Path=/" in cookie and "Secure" not in cookie
    assert browser.call("GET", "/v2/session").json()["role"] == "platform"
    assert browser.call("GET", "/v2/devices").status_code == 200
    problem(second.sign_in(token), 401, "unauthenticated")
    assert browser.call("DELETE", "/v2/session").status_code == 204
    assert browser.call("GET", "/v2/devices").status_code == 401
    browser.cookies.set("vigil_session", re.search("vigil_session=([^;]+)", cookie)[1])
    assert browser.call("GET", "/v2/devices").status_code == 401, "signing out ends the session itself"
    for secret in (token, re.search("vigil_session=([^;]+)", cookie)[1]):
        assert secret not in vigild.log


def test_what_was_used_up_stays_so_after_kill_9(vigild):
    token = sign_in_token(vigild)
    browser = Browser(vigild)
    assert browser.sign_in(token).status_code == 201
    header = {"Cookie": f"vigil_session={browser.cookies['vigil_session']}"}
    assert browser.call("DELETE", "/v2/session").status_code == 204
    vigild.kill()
    vigild.start()
    assert Browser(vigild).call("GET", "/v2/session", headers=header).status_code == 401
    problem(Browser(vigild).sign_in(token), 401, "unauthenticated")


def test_the_first_link_lies_in_the_data_folder(vigild):
    path = vigild.data / "sign-in.url"
    assert path.stat().st_mode & 0o777 == 0o600
    assert Browser(vigild).sign_in(path.read_text().strip().split("#signin=")[1]).status_code == 201


def test_a_link_ends_after_ten_minutes(vigild):
    token = sign_in_token(vigild)
    vigild.advance(601_000)
    problem(Browser(vigild).sign_in(token), 401, "unauthenticated")


def test_the_operators_token_signs_in_and_others_do_not(vigild, cameras):
    assert Browser(vigild).sign_in(vigild.admin_token).status_code == 201
    for token in (view_token(vigild), "wrong"):
        problem(Browser(vigild).sign_in(token), 401, "unauthenticated")
    for token in ("", 5, None, "x" * 65):
        problem(Browser(vigild).sign_in(token), 400, "invalid-request")


def test_a_session_ends_after_seven_days(vigild):
    browser = Browser(vigild)
    browser.sign_in(vigild.admin_token)
    value = browser.cookies["vigil_session"]
    header = {"Cookie": f"vigil_session={value}"}
    vigild.advance(7 * 86400_000 - 60_000)
    assert Browser(vigild).call("GET", "/v2/session", headers=header).status_code == 200
    vigild.advance(61_000)
    assert Browser(vigild).call("GET", "/v2/session", headers=header).status_code == 401


def test_a_sign_in_token_is_no_api_token(vigild):
    token = sign_in_token(vigild)
    problem(vigild.api("GET", "/v2/devices", token=token), 403, "denied")
    assert Browser(vigild).sign_in(token).status_code == 201


@pytest.mark.parametrize("headers, status", [
    ({}, 201), ({"Origin": "{own}"}, 201), ({"Sec-Fetch-Site": "same-origin"}, 201),
    ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403), ({"Origin": "{own}0"}, 403),
])
def test_a_foreign_page_cannot_use_the_cookie(vigild, headers, status):
    browser = Browser(vigild)
    browser.sign_in(vigild.admin_token)
    headers = {name: value.format(own=vigild.http) for name, value in headers.items()}
    assert browser.call("POST", "/v2/devices", json={"did": "CAM1"}, headers=headers).status_code == status
    assert browser.call("GET", "/v2/devices", headers=headers).status_code == 200
    assert browser.call("DELETE", "/v2/session", headers=headers).status_code == (204 if status == 201 else 403)


def test_only_the_cookie_of_a_session_signs_in(vigild):
    headers = {"Cookie": f"vigil_session={vigild.admin_token}"}
    assert Browser(vigild).call("GET", "/v2/session", headers=headers).status_code == 401
