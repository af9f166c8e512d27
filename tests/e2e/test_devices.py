# SPDX-License-Identifier: Apache-2.0
"""Devices over HTTP: made, listed, changed, removed; rights, bad input, and what survives."""
import concurrent.futures
import json
import socket
import threading

import pytest
import requests

from harness.process import wait_for


def problem(answer, status, name):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"/problems/{name}" and body["status"] == status
    assert body["instance"] == answer.headers["Vigil-Request-Id"]
    return body


def make(vigild, did, **fields):
    return vigild.api("POST", "/v2/devices", {"did": did, "name": did, "kind": "camera", **fields})


def test_a_device_is_made_shown_changed_and_removed(vigild):
    made = make(vigild, "CAM:1.a-b", name="Tor \"Süd\"", sign_policy="any")
    assert made.status_code == 201
    device = made.json()
    assert len(device.pop("secret")) >= 20
    shown = vigild.api("GET", "/v2/devices/CAM:1.a-b").json()
    assert shown == device
    assert shown["name"] == "Tor \"Süd\"" and shown["sign_policy"] == "any"
    assert shown["presence"] == {"online": False, "state": "never", "since": None, "last_seen": None,
                                 "address": None, "reason": None, "weak_sign": False, "link": None}
    changed = vigild.api("PATCH", "/v2/devices/CAM:1.a-b", {"name": "b", "serve_sign": "hmac"})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["serve_sign"]) == ("b", "hmac")
    assert changed.json()["sign_policy"] == "any"
    assert vigild.api("DELETE", "/v2/devices/CAM:1.a-b").status_code == 204
    problem(vigild.api("GET", "/v2/devices/CAM:1.a-b"), 404, "not-found")
    problem(vigild.api("DELETE", "/v2/devices/CAM:1.a-b"), 404, "not-found")


def test_a_did_is_taken_once(vigild):
    assert make(vigild, "CAM1").status_code == 201
    body = problem(make(vigild, "CAM1"), 409, "did-taken")
    assert body["field"] == "did"


@pytest.mark.parametrize("did", ["", "a" * 65, "a/b", "a b", "ä", "a_b", "a\n", 7, None, ["a"]])
def test_a_bad_did_is_refused(vigild, did):
    assert problem(make(vigild, did), 400, "invalid-did")["field"] == "did"


def test_the_longest_did_is_good(vigild):
    assert make(vigild, "a" * 64).status_code == 201
    assert vigild.api("GET", "/v2/devices/" + "a" * 64).status_code == 200


@pytest.mark.parametrize("field, value", [
    ("name", "n" * 129), ("name", 5), ("kind", "toaster"), ("kind", ""), ("sign_policy", "none"),
    ("serve_sign", "sha1"), ("secret", "s" * 129), ("secret", ""), ("push", "x"),
])
def test_a_bad_field_is_named(vigild, field, value):
    assert problem(make(vigild, "CAM1", **{field: value}), 400, "invalid-request")["field"] == field
    problem(vigild.api("GET", "/v2/devices/CAM1"), 404, "not-found")


def test_the_longest_name_and_secret_are_good(vigild):
    made = make(vigild, "CAM1", name="n" * 128, secret="s" * 128)
    assert made.status_code == 201 and made.json()["secret"] == "s" * 128


@pytest.mark.parametrize("method, path, body", [
    ("POST", "/v2/devices", {"did": "CAM2", "organization": "x"}),
    ("PATCH", "/v2/devices/CAM1", {"did": "CAM2"}),
    ("PATCH", "/v2/devices/CAM1", {"secret": "x"}),
    ("POST", "/v2/devices/CAM1/secret", {"x": 1}),
    ("POST", "/v2/devices/CAM1/view-tokens", {"expires": 60}),
    ("POST", "/v2/session", {"token": "x", "user": "y"}),
    ("POST", "/v2/events", {"type": "x", "time": 1}),
])
def test_unknown_fields_are_refused(vigild, method, path, body):
    make(vigild, "CAM1")
    answer = problem(vigild.api(method, path, body), 400, "invalid-request")
    assert answer["field"] in body


def test_json_cut_anywhere_is_refused(vigild):
    whole = json.dumps({"did": "CAM1", "name": "\u00fc\\\"", "kind": "camera"}, ensure_ascii=False).encode()
    for end in range(1, len(whole)):
        answer = vigild.api("POST", "/v2/devices", data=whole[:end],
                            headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, (end, answer.text)
    problem(vigild.api("GET", "/v2/devices/CAM1"), 404, "not-found")


@pytest.mark.parametrize("text", ["[]", "1", "null", "\"x\"", "{\"did\":\"A\",\"did\":\"B\"}",
                                  "{\"did\":\"\\ud800\"}", "{\"did\":\"a\\u0000b\"}", "[" * 100000, "{}}", "\ufeff{}"])
def test_other_json_is_refused(vigild, text):
    answer = vigild.api("POST", "/v2/devices", data=text.encode(),
                        headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 413), answer.text


def test_a_form_is_no_json(vigild):
    answer = vigild.api("POST", "/v2/devices", data=b"{\"did\":\"CAM1\"}",
                        headers={"Content-Type": "text/plain"})
    problem(answer, 415, "unsupported-media-type")


def test_the_body_has_a_limit(vigild):
    at = json.dumps({"did": "CAM1"}).encode().ljust(65536)
    past = at + b" "
    headers = {"Content-Type": "application/json"}
    assert vigild.api("POST", "/v2/devices", data=at, headers=headers).status_code == 201
    problem(vigild.api("POST", "/v2/devices", data=past, headers=headers), 413, "too-large")


def test_nothing_answers_without_a_good_token(vigild):
    make(vigild, "CAM1")
    calls = [("GET", "/v2/devices"), ("POST", "/v2/devices"), ("GET", "/v2/devices/CAM1"),
             ("PATCH", "/v2/devices/CAM1"), ("DELETE", "/v2/devices/CAM1"), ("GET", "/v2/events"),
             ("POST", "/v2/devices/CAM1/actions"), ("POST", "/v2/devices/CAM1/view-tokens"),
             ("POST", "/v2/devices/CAM1/push-tokens"), ("GET", "/v2/devices:export"),
             ("POST", "/v2/devices:import"), ("GET", "/v2/actions"), ("GET", "/v2/session"),
             ("POST", "/v2/sign-in-links"), ("POST", "/v2/events"), ("POST", "/v2/devices/CAM1/secret"),
             ("POST", "/v2/devices/CAM1/children"), ("DELETE", "/v2/devices/CAM1/children/X")]
    for token in ("", "wrong", "x" * 500):
        for method, path in calls:
            answer = vigild.api(method, path, token=token, data=b"{", headers={"Content-Type": "text/plain"})
            problem(answer, 401, "unauthenticated")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_another_organization_does_not_exist(vigild):
    make(vigild, "CAM1")
    for headers, status in (({"Vigil-Organization": "default"}, 200), ({"Vigil-Organization": "other"}, 404)):
        assert vigild.api("GET", "/v2/devices/CAM1", headers=headers).status_code == status
        assert vigild.api("GET", "/v2/devices", headers=headers).status_code == status


def test_lists_are_paged_in_order(vigild):
    dids = sorted(f"CAM{n:02}" for n in range(25))
    for did in reversed(dids):
        make(vigild, did, name=f"name of {did}")
    seen, cursor = [], ""
    while cursor is not None:
        page = vigild.api("GET", f"/v2/devices?limit=10&cursor={cursor}").json()
        assert len(page["items"]) <= 10
        seen += [device["did"] for device in page["items"]]
        cursor = page["next"]
    assert seen == dids
    found = vigild.api("GET", "/v2/devices", params={"q": "of CAM1"}).json()["items"]
    assert [device["did"] for device in found] == [f"CAM1{n}" for n in range(10)]
    for text in ("%", "_", "\\", "'"):
        assert vigild.api("GET", "/v2/devices", params={"q": text}).json()["items"] == []


@pytest.mark.parametrize("query, field", [
    ("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"), ("limit=-1", "limit"),
    ("cursor=" + "a" * 65, "cursor"), ("online=yes", "online"), ("q=" + "q" * 129, "q"), ("q=%ff", "q"),
])
def test_a_bad_query_is_named(vigild, query, field):
    assert problem(vigild.api("GET", f"/v2/devices?{query}"), 400, "invalid-request")["field"] == field


def test_list_limits_at_the_edge(vigild):
    for query in ("limit=1", "limit=500", "q=" + "q" * 128, "cursor=" + "a" * 64):
        assert vigild.api("GET", f"/v2/devices?{query}").status_code == 200


def test_presence_is_shown(vigild, make_device):
    make(vigild, "OTHER")
    device = make_device("CAM1").go_online()

    def shown():
        return vigild.api("GET", "/v2/devices/CAM1").json()["presence"]
    online = shown()
    assert online["online"] and online["state"] == "online" and online["reason"] is None
    assert online["address"].startswith("127.0.0.1:") and online["link"]["kind"] == "direct"
    assert vigild.api("GET", "/v2/devices/CAM1").json()["profile"] == {"model": "paho"}
    assert [d["did"] for d in vigild.api("GET", "/v2/devices?online=true").json()["items"]] == ["CAM1"]
    assert [d["did"] for d in vigild.api("GET", "/v2/devices?online=false").json()["items"]] == ["OTHER"]
    device.close()
    wait_for(lambda: not shown()["online"], what="going offline")
    offline = shown()
    assert offline["state"] == "offline" and offline["reason"] and offline["link"] is None
    assert offline["last_seen"] >= online["since"]


def test_nobody_is_online_after_a_restart(vigild, make_device):
    make_device("CAM1").go_online()
    vigild.kill()
    vigild.start()
    assert vigild.api("GET", "/v2/devices?online=true").json()["items"] == []
    offline = vigild.api("GET", "/v2/devices?online=false").json()["items"]
    assert [(d["did"], d["presence"]["state"], d["presence"]["reason"]) for d in offline] == [
        ("CAM1", "offline", "server restarted")]
    gone = wait_for(lambda: vigild.api("GET", "/v2/events?type=device.disconnected").json()["items"])
    assert [(event["did"], event["data"]["reason"]) for event in gone] == [("CAM1", "server restarted")]


def test_what_was_acknowledged_survives_kill(vigild):
    secrets = {}
    for n in range(20):
        secrets[f"CAM{n}"] = make(vigild, f"CAM{n}").json()["secret"]
    assert vigild.api("PATCH", "/v2/devices/CAM3", {"name": "after", "disabled": True}).status_code == 200
    assert vigild.api("DELETE", "/v2/devices/CAM4").status_code == 204
    vigild.kill()
    vigild.start()
    items = vigild.api("GET", "/v2/devices").json()["items"]
    assert {device["did"] for device in items} == set(secrets) - {"CAM4"}
    changed = vigild.api("GET", "/v2/devices/CAM3").json()
    assert (changed["name"], changed["disabled"]) == ("after", True)


def test_a_secret_is_shown_once_and_works(vigild, make_device):
    made = make(vigild, "CAM1").json()
    for path in ("/v2/devices/CAM1", "/v2/devices", "/v2/events", "/v2/devices:export"):
        assert made["secret"] not in vigild.api("GET", path).text
    device = make_device("CAM1", add=False, secret=made["secret"]).go_online()
    rotated = vigild.api("POST", "/v2/devices/CAM1/secret", {})
    assert rotated.status_code == 200 and rotated.json()["secret"] != made["secret"]
    device.wait_disconnect()
    device.secret = rotated.json()["secret"]
    device.wait_connect()
    device.subscribe()
    assert device.register()["token"]
    for secret in (made["secret"], rotated.json()["secret"], vigild.admin_token):
        assert secret not in vigild.log
    stored = b"".join(path.read_bytes() for path in vigild.data.rglob("*") if path.is_file())
    assert made["secret"].encode() not in stored


def test_a_chosen_secret_is_kept(vigild, make_device):
    assert make(vigild, "CAM1", secret="burned-in-0815").json()["secret"] == "burned-in-0815"
    make_device("CAM1", add=False, secret="burned-in-0815").go_online()


def test_a_disabled_device_is_cut_and_comes_back(vigild, make_device):
    device = make_device("CAM1").go_online()
    assert vigild.api("PATCH", "/v2/devices/CAM1", {"disabled": True}).json()["disabled"] is True
    device.wait_disconnect()
    problem(vigild.action("CAM1", {"ptz": {"stop": {}}}), 409, "device-disabled")
    assert vigild.api("PATCH", "/v2/devices/CAM1", {"disabled": False}).status_code == 200
    device.wait_connect()
    device.subscribe()
    assert device.register()["token"]


def test_children_are_bound_to_a_gateway(vigild):
    make(vigild, "GW", kind="gateway")
    make(vigild, "CAM1")
    bound = vigild.api("POST", "/v2/devices/GW/children", {"did": "CAM1"})
    assert bound.status_code == 200 and bound.json()["gateway"] == "GW"
    problem(vigild.api("POST", "/v2/devices/GW/children", {"did": "GW"}), 400, "invalid-request")
    problem(vigild.api("POST", "/v2/devices/CAM1/children", {"did": "GW"}), 400, "invalid-request")
    problem(vigild.api("POST", "/v2/devices/GW/children", {"did": "NONE"}), 404, "not-found")
    problem(vigild.api("POST", "/v2/devices/NONE/children", {"did": "CAM1"}), 404, "not-found")
    problem(vigild.api("DELETE", "/v2/devices/CAM1/children/GW"), 404, "not-found")
    assert vigild.api("DELETE", "/v2/devices/GW/children/CAM1").status_code == 204
    assert vigild.api("GET", "/v2/devices/CAM1").json()["gateway"] is None


def test_a_repeated_key_gives_the_same_answer(vigild):
    def call(key, body, path="/v2/devices"):
        return vigild.api("POST", path, body, headers={"Idempotency-Key": key})
    first = call("k1", {"did": "CAM1"})
    again = call("k1", {"did": "CAM1"})
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first.headers
    problem(call("k1", {"did": "CAM2"}), 422, "idempotency-mismatch")
    problem(call("k2", {"did": "CAM1"}), 409, "did-taken")
    assert call("k2", {"did": "CAM3"}).status_code == 201, "a refusal is not kept"
    assert call("k" * 255, {"did": "CAM4"}).status_code == 201
    problem(call("k" * 256, {"did": "CAM5"}), 400, "invalid-request")
    secret = call("k1", {}, "/v2/devices/CAM1/secret").json()["secret"]
    assert call("k1", {}, "/v2/devices/CAM1/secret").json()["secret"] == secret
    vigild.advance(11 * 60 * 1000)
    problem(call("k1", {"did": "CAM1"}), 409, "did-taken")


def test_so_many_keys_are_kept_and_the_oldest_goes(vigild):
    """The limit is 10 000: at it the first key is still known, one past it is not."""
    sessions = threading.local()

    def call(n):
        if not hasattr(sessions, "one"):
            sessions.one = requests.Session()
            sessions.one.trust_env = False
            sessions.one.headers["Authorization"] = f"Bearer {vigild.admin_token}"
        return sessions.one.post(f"{vigild.http}/v2/devices", json={"did": f"CAM{n}"},
                                 headers={"Idempotency-Key": f"key {n}"}).status_code
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert call(0) == 201
        assert set(pool.map(call, range(1, 10000))) == {201}
        assert call(0) == 201
        assert call(10000) == 201
        assert call(0) == 409 and call(10000) == 201


def test_health_needs_no_token_and_metrics_tell(vigild):
    assert vigild.api("GET", "/healthz", token="").json() == {"status": "ok"}
    assert vigild.api("GET", "/readyz", token="").status_code == 200
    assert vigild.metric("http_requests_total") >= 2
    before = vigild.metric("http_requests_total")
    vigild.api("GET", "/healthz", token="")
    assert vigild.metric("http_requests_total") > before


def test_head_and_options_and_wrong_methods(vigild):
    make(vigild, "CAM1")
    head = vigild.api("HEAD", "/v2/devices/CAM1")
    assert head.status_code == 200 and head.text == "" and int(head.headers["Content-Length"]) > 100
    wrong = vigild.api("PUT", "/v2/devices/CAM1", {})
    problem(wrong, 405, "method-not-allowed")
    assert set(wrong.headers["Allow"].replace(" ", "").split(",")) >= {"GET", "PATCH", "DELETE"}
    problem(vigild.api("GET", "/v2/nothing"), 404, "not-found")


def test_a_client_that_leaves_takes_nothing_with_it(vigild):
    """Requests whose client is gone before the answer are done all the same."""
    host, port = vigild.address("http")
    for n in range(20):
        body = json.dumps({"did": f"CAM{n}"})
        with socket.create_connection((host, port)) as client:
            client.sendall(f"POST /v2/devices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {vigild.admin_token}"
                           f"\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    wait_for(lambda: len(vigild.api("GET", "/v2/devices").json()["items"]) == 20)


@pytest.mark.tsan
def test_parallel_changes_of_different_fields_all_stay(vigild):
    """Each caller sets one field again and again; nobody's change takes another's back."""
    vigild.add_device("CAM1")
    values = {"name": [f"n{i}" for i in range(30)],
              "sign_policy": ["any", "hmac", "timestamp"] * 10,
              "serve_sign": ["hmac", "md5", "none"] * 10,
              "push": ["self", "play"] * 15,
              "disabled": [True, False] * 15}

    def caller(field):
        seen = []
        for value in values[field]:
            answer = vigild.api("PATCH", "/v2/devices/CAM1", {field: value})
            assert answer.status_code == 200
            seen.append(answer.json()[field])
        return seen
    with concurrent.futures.ThreadPoolExecutor(len(values)) as pool:
        seen = dict(zip(values, pool.map(caller, values)))
    assert seen == values
    last = {field: each[-1] for field, each in values.items()}
    for _ in range(2):  # memory, then the rows
        device = vigild.device("CAM1")
        assert {field: device[field] for field in last} == last
        vigild.restart()
