# SPDX-License-Identifier: Apache-2.0
"""Requests made to be understood in two ways: our verdict, beside nginx's on the same bytes.

What we accept, nginx must accept too and understand alike: the same methods and paths in the same
order. We may refuse more. A last, harmless request behind each case shows where a server believes
that the body ended."""
import pathlib
import socket
import subprocess

import pytest

from harness.http_echo import HttpEcho, receive_all, split_answers
from harness.process import wait_for

CASES = pathlib.Path(__file__).parent.parent / "golden" / "http" / "smuggling"
NAMES = sorted(path.stem for path in CASES.glob("*.req"))
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
IDLE_S = 0.4

# Where we accept what nginx refuses or reads otherwise, and why nobody can smuggle with it.
ALLOWED = {
    "length-spaces": "tabs around a value are blanks by RFC 9110 5.6.3; nginx takes spaces only",
}

NGINX_CONF = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  merge_slashes off; default_type text/plain; lingering_close off; keepalive_timeout 2s;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 "$request_method $uri"; }}
  }}
}}
"""


def free_port():
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return plug.getsockname()[1]


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder, port=port))
    process = subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False
    wait_for(answers, 10, "nginx's start")
    yield port
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    program = HttpEcho(tmp_path_factory.mktemp("echo")).start()
    yield program
    program.stop()


def ask(port, sent):
    with socket.create_connection(("127.0.0.1", port), 5) as plug:
        plug.sendall(sent)
        return split_answers(receive_all(plug, IDLE_S))


def understood(answers):
    """[(method, path)] of what was accepted, up to the first refusal."""
    requests = []
    for status, _, body in answers:
        if status != 200:
            break
        method, path = (body.decode("latin-1").strip() + " ").split(" ")[:2]
        requests.append((method, path or "/"))
    return requests


def verdicts():
    lines = (CASES / "verdicts.txt").read_text().splitlines()
    pairs = (line.split(": ") for line in lines if not line.startswith("#"))
    return {name: [int(status) for status in statuses.split(",")] for name, statuses in pairs}


def test_every_case_has_its_verdict():
    assert sorted(verdicts()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_our_verdict_is_the_expected_one(echo, name):
    sent = (CASES / f"{name}.req").read_bytes()
    assert [status for status, _, _ in ask(echo.port, sent)] == verdicts()[name]


@pytest.mark.parametrize("name", NAMES)
def test_we_accept_nothing_that_nginx_reads_otherwise(echo, nginx, name):
    sent = (CASES / f"{name}.req").read_bytes() + LAST
    ours, theirs = understood(ask(echo.port, sent)), understood(ask(nginx, sent))
    if name in ALLOWED:
        assert ours != theirs[:len(ours)], f"{name} needs no exception any more"
    else:
        assert ours == theirs[:len(ours)], f"ours {ours}, nginx {theirs}"
