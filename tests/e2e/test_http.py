# SPDX-License-Identifier: Apache-2.0
"""The HTTP floor with foreign clients: curl, python3-websockets, OpenSSL and bare sockets."""
import asyncio
import concurrent.futures
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
import websockets

from harness.http_echo import HttpEcho, receive_all, split_answers
from harness.process import wait_for

HOST = b"Host: a\r\n"
GET = b"GET %s HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.fixture
def start_echo(programs, tmp_path):
    def start(**options):
        folder = tmp_path / f"echo{len(programs)}"
        folder.mkdir()
        echo = HttpEcho(folder, **options)
        programs.append(echo)
        return echo.start()
    return start


@pytest.fixture
def echo(start_echo):
    return start_echo()


def curl(*arguments, data=None):
    result = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "10", *arguments],
                            input=data, capture_output=True)
    return result.stdout, result.stderr.decode()


def ask(echo, sent, idle_s=0.3):
    with echo.connect() as plug:
        plug.sendall(sent)
        return split_answers(receive_all(plug, idle_s))


def bodies(answers):
    return [body for _, _, body in answers]


def statuses(answers):
    return [status for status, _, _ in answers]


# --- one request after the other ---------------------------------------------------------------

def test_curl_uses_one_connection_for_several_requests(echo):
    out, _ = curl("-w", "%{num_connects} %{http_code}\n", f"{echo.url}/hello",
                  f"{echo.url}/slow?ms=10", f"{echo.url}/a/b")
    assert out == b"hello\n1 200\nslow\n0 200\nGET /a/b 0 \n0 200\n"


def test_http_1_0_is_closed_unless_asked(echo):
    out, _ = curl("-0", "-i", f"{echo.url}/hello")
    assert b"Connection: close\r\n" in out
    answers = ask(echo, b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                        b"GET /hello HTTP/1.0\r\n\r\n")
    assert [fields["connection"] for _, fields, _ in answers] == ["keep-alive", "close"]


def test_pipelined_requests_are_answered_in_order_even_when_some_wait(echo):
    paths = [b"/slow?ms=20" if n % 4 == 0 else b"/n%d" % n for n in range(24)]
    answers = ask(echo, b"".join(GET % path for path in paths), idle_s=1)
    assert bodies(answers) == [b"slow\n" if n % 4 == 0 else b"GET /n%d 0 \n" % n
                               for n in range(24)]


def test_more_pipelined_requests_than_the_buffer_holds_wait_in_the_socket(echo):
    padded = b"GET /x HTTP/1.1\r\nHost: a\r\nA: " + b"y" * 4000 + b"\r\n\r\n"
    answers = ask(echo, GET % b"/slow?ms=100" + padded * 200, idle_s=1)
    assert bodies(answers) == [b"slow\n"] + [b"GET /x 0 \n"] * 200


def test_a_request_may_come_byte_by_byte(echo):
    sent = (b"POST /bytes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\n0\r\n\r\n" + GET % b"/next")
    with echo.connect() as plug:
        for at in range(len(sent)):
            plug.sendall(sent[at:at + 1])
        answers = split_answers(receive_all(plug, 0.3))
    assert bodies(answers) == [b"POST /bytes 5 hello\n", b"GET /next 0 \n"]


def test_head_has_the_length_and_no_body(echo):
    answers = ask(echo, b"HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answers[0][1]["content-length"] == "6" and answers[0][2] == b""
    out, _ = curl("-I", f"{echo.url}/stream")
    assert out.startswith(b"HTTP/1.1 200 OK") and b"chunked" in out


def test_ranges(echo):
    assert curl("-r", "0-3", f"{echo.url}/ranges")[0] == b"0123"
    assert curl("-r", "-2", f"{echo.url}/ranges")[0] == b"yz"
    out, _ = curl("-i", "-r", "36-", f"{echo.url}/ranges")
    assert out.startswith(b"HTTP/1.1 416 ") and b"Content-Range: bytes */36" in out


def test_what_is_not_there_is_a_problem_that_says_so(echo):
    out, _ = curl("-i", "-X", "DELETE", f"{echo.url}/echo")
    assert out.startswith(b"HTTP/1.1 405 ")
    assert b"Allow: POST, OPTIONS" in out and b"application/problem+json" in out
    assert b'"type":"/problems/method-not-allowed"' in out
    out, _ = curl("-i", "-X", "OPTIONS", f"{echo.url}/hello")
    assert out.startswith(b"HTTP/1.1 204 ") and b"Allow: GET, HEAD, OPTIONS" in out
    out, _ = curl("-i", "-X", "PUT", "-d", "x", f"{echo.url}/devices/a/b/c")
    assert out.startswith(b"HTTP/1.1 405 ")


def test_every_answer_has_an_id_and_a_date(echo):
    answers = ask(echo, GET % b"/hello" * 2)
    ids = [fields["vigil-request-id"] for _, fields, _ in answers]
    assert len(set(ids)) == 2 and all("date" in fields for _, fields, _ in answers)
    assert all(fields["x-fixed"] == "1" for _, fields, _ in answers)


def test_an_answer_cannot_be_split_by_what_a_client_sent(echo):
    answers = ask(echo, GET % b"/split?name=a%0d%0aSet-Cookie:%20x")
    assert statuses(answers) == [500] and "set-cookie" not in answers[0][1]
    assert ask(echo, GET % b"/split?name=fine")[0][1]["x-name"] == "fine"


# --- bodies -------------------------------------------------------------------------------------

def test_curl_uploads_in_chunks_and_with_a_length(echo):
    data = bytes(range(256)) * 3000
    assert curl("--data-binary", "@-", f"{echo.url}/echo", data=data)[0] == data
    assert curl("-H", "Transfer-Encoding: chunked", "--data-binary", "@-", f"{echo.url}/echo",
                data=data)[0] == data


def test_100_continue_is_said_when_the_guard_has_passed(echo):
    out, log = curl("-v", "-H", "Expect: 100-continue", "--data-binary", "@-",
                    f"{echo.url}/echo", data=b"x" * 5000)
    assert out == b"x" * 5000 and "100 Continue" in log
    out, log = curl("-v", "-H", "Expect: 100-continue", "--data-binary", "@-",
                    f"{echo.url}/secret", data=b"x" * 500)
    assert b"unauthenticated" in out and "100 Continue" not in log
    assert "Connection: close" in log


def test_a_guard_may_take_its_time(echo):
    assert curl("-d", "hello", f"{echo.url}/later")[0] == b"hello"
    answers = ask(echo, b"POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
                  + GET % b"/next")
    assert bodies(answers) == [b"ab", b"GET /next 0 \n"]


@pytest.mark.parametrize("size, status", [(1024, 200), (1025, 413)])
def test_a_body_has_the_limit_of_its_route(echo, size, status):
    url = f"{echo.url}/devices/a/echo"
    for more in ([], ["-H", "Transfer-Encoding: chunked"]):
        out, _ = curl("-X", "PUT", "-w", "%{http_code}", "-o", "/dev/null", "--data-binary", "@-",
                      *more, url, data=b"x" * size)
        assert out == str(status).encode()


def test_an_unwanted_body_is_read_over_or_ends_the_connection(echo):
    put = b"DELETE /hello HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
    assert statuses(ask(echo, put % 65536 + b"x" * 65536 + GET % b"/hello")) == [405, 200]
    answers = ask(echo, put % 65537 + b"x" * 65537 + GET % b"/hello")
    assert statuses(answers) == [405] and answers[0][1]["connection"] == "close"
    chunks = b"DELETE /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert statuses(ask(echo, chunks + GET % b"/hello")) == [405]


def sum_of(data):
    value = 0
    for byte in data:
        value = (value * 31 + byte) & 0xffffffff
    return b"%d %08x\n" % (len(data), value)


def test_a_streamed_upload_arrives_whole_even_when_paused(echo):
    data = bytes(range(251)) * 4000
    assert curl("--data-binary", "@-", f"{echo.url}/upload", data=data)[0] == sum_of(data)
    assert curl("-H", "Transfer-Encoding: chunked", "--data-binary", "@-",
                f"{echo.url}/upload?pause=100", data=data)[0] == sum_of(data)
    assert curl("-X", "POST", f"{echo.url}/upload")[0] == b"0 00000000\n"


def test_a_broken_chunk_in_a_streamed_upload_is_the_handlers_to_answer(echo):
    answers = ask(echo, b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        b"2\r\nab\r\nz\r\n")
    assert statuses(answers) == [400] and answers[0][2].startswith(b"2 ")
    assert answers[0][1]["connection"] == "close"


# --- long answers -------------------------------------------------------------------------------

def test_large_and_streamed_answers_arrive_whole(echo):
    out, _ = curl(f"{echo.url}/large?size=8000000", f"{echo.url}/hello")
    assert out == b"x" * 8000000 + b"hello\n"
    out, _ = curl(f"{echo.url}/stream?count=200&size=50000", f"{echo.url}/hello")
    assert out == b"s" * 10000000 + b"hello\n"
    out, _ = curl("-0", f"{echo.url}/stream?count=20&size=50000")
    assert out == b"s" * 1000000


def test_a_slow_reader_gets_all_of_it(echo):
    with echo.connect(receive_buffer=4096) as plug:
        plug.sendall(GET % b"/stream?count=40&size=50000")
        received = 0
        while received < 2000000:
            received += len(plug.recv(30000))


def test_a_taken_connection_is_its_new_owners(echo):
    out, _ = curl("-i", f"{echo.url}/taken")
    assert b"Content-Type: video/x-flv\r\n" in out and out.endswith(b"\r\n\r\nFLV")
    assert b"Cache-Control: no-store\r\n" in out and b"Content-Length" not in out


# --- peers that misbehave -----------------------------------------------------------------------

def test_a_head_that_does_not_end_is_cut(start_echo):
    echo = start_echo(env={"HTTP_ECHO_HEAD_MS": "300"})
    with echo.connect() as silent, echo.connect() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHo")
        for _ in range(4):
            time.sleep(0.1)
            try:
                slow.sendall(b"s")
            except OSError:
                break
        assert statuses(split_answers(receive_all(slow))) == [408]
        assert receive_all(silent) == b""


def test_a_body_that_stops_is_cut(start_echo):
    echo = start_echo(env={"HTTP_ECHO_STALL_MS": "300"})
    post = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345"
    assert statuses(ask(echo, post % b"/echo", idle_s=3)) == [408]
    assert statuses(ask(echo, post % b"/upload", idle_s=3)) == [400]
    assert ask(echo, post % b"/hello", idle_s=3)[0][0] == 405


@pytest.mark.parametrize("path", [b"/large?size=30000000", b"/stream?count=600&size=50000"])
def test_a_client_that_never_reads_is_cut_and_disturbs_nobody(start_echo, path):
    echo = start_echo(env={"HTTP_ECHO_STALL_MS": "400"})
    with echo.connect(receive_buffer=4096) as deaf:
        deaf.sendall(GET % path)
        wait_for(lambda: b"vigil_connections 1\n" in curl(f"{echo.url}/metrics")[0], 5,
                 "the cut of the deaf client")


def test_a_parked_request_hears_that_its_client_left(echo):
    plug = echo.connect()
    plug.sendall(GET % b"/slow?ms=300" + GET % b"/never")
    time.sleep(0.1)
    plug.close()
    wait_for(lambda: curl(f"{echo.url}/gone")[0] == b"1\n", 5, "the news")
    time.sleep(0.3)
    assert curl(f"{echo.url}/hello")[0] == b"hello\n"


def test_an_uploader_that_leaves_is_noticed(echo):
    plug = echo.connect()
    plug.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
    time.sleep(0.1)
    plug.close()
    wait_for(lambda: curl(f"{echo.url}/gone")[0] == b"1\n", 5, "the news")


def test_heads_at_and_past_the_limit(echo):
    def head(size):
        start = b"GET /first HTTP/1.1\r\nHost: a\r\nA: "
        return start + b"x" * (size - len(start) - 4) + b"\r\n\r\n"
    assert statuses(ask(echo, head(16384))) == [200]
    assert statuses(ask(echo, head(16385))) == [431]
    assert statuses(ask(echo, b"GET /" + b"x" * 9000)) == [414]


# --- WebSocket ----------------------------------------------------------------------------------

def run_websocket(echo, story, **options):
    async def run():
        async with websockets.connect(f"ws://{echo.host}:{echo.port}/ws", max_size=None,
                                      **options) as plug:
            return await story(plug)
    return asyncio.run(run())


def test_websocket_messages_come_back(echo):
    async def story(plug):
        assert plug.subprotocol == "echo"
        for message in ["", "text \u00e9", b"\0" * 126, b"x" * 65536]:
            await plug.send(message)
            assert await plug.recv() == message
        await plug.send(["in ", "three ", "parts"])
        assert await plug.recv() == "in three parts"
        await (await plug.ping(b"still there?"))
    run_websocket(echo, story, subprotocols=["other", "echo"])


def test_a_websocket_message_past_the_limit_is_refused(echo):
    async def story(plug):
        await plug.send(b"x" * 65537)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await plug.recv()
        assert closed.value.code == 1009
    run_websocket(echo, story)


def test_websocket_bytes_right_behind_the_handshake_are_not_lost(echo):
    sent = (b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            b"\x81\x82\0\0\0\0hi")
    with echo.connect() as plug:
        plug.sendall(sent)
        received = receive_all(plug, 0.3)
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in received
    assert received.endswith(b"\r\n\r\n\x81\x02hi")


def test_a_wrong_handshake_is_told_why(echo):
    fields = b"Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    answers = ask(echo, b"GET /ws HTTP/1.1\r\n" + fields + b"Sec-WebSocket-Version: 8\r\n\r\n")
    assert statuses(answers) == [426] and answers[0][1]["sec-websocket-version"] == "13"
    answers = ask(echo, b"GET /ws HTTP/1.1\r\n" + fields + b"Sec-WebSocket-Version: 13\r\n"
                  b"Sec-WebSocket-Key: short\r\n\r\n")
    assert statuses(answers) == [400]
    assert statuses(ask(echo, GET % b"/ws")) == [426]


# --- TLS, and the end ---------------------------------------------------------------------------

def make_certificate(folder, name):
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-out", cert, "-keyout", key], check=True, capture_output=True)
    return cert, key


def peer_certificate(echo):
    return ssl.get_server_certificate((echo.host, echo.port))


def test_tls_and_plain_share_a_port_and_sighup_changes_the_certificate(start_echo, tmp_path):
    cert, key = make_certificate(tmp_path, "one")
    echo = start_echo(tls=(cert, key))
    data = b"secret " * 100000
    url = f"https://{echo.host}:{echo.port}"
    assert curl("--cacert", cert, "--data-binary", "@-", f"{url}/echo", data=data)[0] == data
    out, _ = curl("--cacert", cert, f"{url}/large?size=5000000", f"{url}/hello")
    assert out == b"x" * 5000000 + b"hello\n"
    assert curl(f"{echo.url}/hello")[0] == b"hello\n"
    assert peer_certificate(echo) == cert.read_text()
    make_certificate(tmp_path, "two")
    echo.process.send_signal(signal.SIGHUP)
    wait_for(lambda: peer_certificate(echo) == cert.read_text(), 5, "the new certificate")
    key.write_text("no key")
    echo.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "tls.reload" in echo.log, 5, "the complaint")
    assert curl("--cacert", cert, f"{url}/hello")[0] == b"hello\n"


@pytest.mark.tsan
def test_sigterm_lets_requests_finish(start_echo):
    echo = start_echo(loops=2)
    with echo.connect() as parked, echo.connect() as idle, echo.connect() as endless:
        parked.sendall(GET % b"/slow?ms=900")
        idle.sendall(GET % b"/hello")
        endless.sendall(GET % b"/endless")
        assert b"hello" in idle.recv(1000)
        received = b""
        while b"first" not in received:
            received += endless.recv(1000)
        time.sleep(0.1)
        echo.process.terminate()
        time.sleep(0.2)
        idle.sendall(GET % b"/late")
        late = split_answers(receive_all(idle))
        assert late[0][2] == b"GET /late 0 \n" and late[0][1]["connection"] == "close"
        assert receive_all(endless) == b""
        answers = split_answers(receive_all(parked))
        assert answers[0][2] == b"slow\n" and answers[0][1]["connection"] == "close"
    assert echo.wait(10) == 0


@pytest.mark.tsan
def test_many_clients_on_two_loops(start_echo):
    echo = start_echo(loops=2)
    barrier = threading.Barrier(8)

    def client(number):
        barrier.wait()
        for _ in range(10):
            answers = ask_whole(echo, number)
            assert bodies(answers) == [b"GET /%d 0 \n" % number, b"slow\n", b"x" * 3000]
        return True

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(client, range(8)))


def ask_whole(echo, number):
    last = b"GET /large?size=3000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with echo.connect() as plug:
        plug.sendall(GET % b"/%d" % number + GET % b"/slow?ms=5" + last)
        return split_answers(receive_all(plug))


def test_a_body_that_is_never_finished_leaves_nothing_behind(vigild):
    """The sanitizer's build sees what is left; others count that the request is over."""
    head = ("POST /v2/devices HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {vigild.admin_token}\r\nContent-Length: 100\r\n\r\n{{")
    looks = [vigild.metric("http_requests_total")]
    for _ in range(5):
        with socket.create_connection(vigild.address("http")) as client:
            client.sendall(head.encode())
            time.sleep(0.05)

    def ended():
        looks.append(vigild.metric("http_requests_total"))
        return looks[-1] - looks[0] - (len(looks) - 1)  # each look is a request too
    wait_for(lambda: ended() == 5, what="the end of all five")
