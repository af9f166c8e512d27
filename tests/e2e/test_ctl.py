# SPDX-License-Identifier: Apache-2.0
"""The command line against the real server: results, words for people, exit codes."""
import csv
import io
import json
import os
import stat
import subprocess

import pytest

from harness.process import program_path, wait_for

FAILED, USAGE, NOT_FOUND, DENIED, UNREACHABLE = 1, 2, 3, 4, 5
LIMIT_S = 20


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def environment(home, **more):
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith("VIGIL_") and name != "XDG_CONFIG_HOME"}
    return {**clean, "HOME": str(home), **more}


@pytest.fixture
def run(vigild, home):
    """run("device", "list", code=0): as the operator, unless env says otherwise; None: any failure."""
    def call(*words, code=0, env=None, input=None):
        env = {"VIGIL_URL": vigild.http, "VIGIL_TOKEN": vigild.admin_token} if env is None else env
        done = subprocess.run([program_path("vigil"), *map(str, words)], text=True, input=input or "",
                              capture_output=True, timeout=LIMIT_S, env=environment(home, **env))
        expected = done.returncode != 0 if code is None else done.returncode == code
        assert expected, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert vigild.admin_token not in done.stderr
        return done
    return call


@pytest.fixture
def follow(vigild, home):
    """follow("--type", T): the lines of `vigil events --follow --json` as they come."""
    followers = []

    def start(*words):
        env = environment(home, VIGIL_URL=vigild.http, VIGIL_TOKEN=vigild.admin_token)
        output = home / f"events{len(followers)}"
        with output.open("wb") as file:
            followers.append(subprocess.Popen(
                [program_path("vigil"), "events", "--follow", "--json", *words],
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL, env=env))
        return lambda: [json.loads(line) for line in output.read_text().splitlines(True)
                        if line.endswith("\n")]
    yield start
    for process in followers:
        process.kill()
        process.wait()


def test_status_tells_health_and_role(run):
    status = json.loads(run("status", "--json").stdout)
    assert status["healthy"] and status["ready"]
    assert status["signed_in_as"] == "platform"
    assert run("status", env={"VIGIL_URL": status["server"]}, code=DENIED).stderr.count("unauthenticated")


def test_login_keeps_a_working_token_for_its_server_only(vigild, run, home):
    run("login", vigild.http, env={}, input=vigild.admin_token + "\n")
    config = home / ".config" / "vigil" / "config"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert run("device", "list", env={}).stdout.startswith("DID")
    other = vigild.http.replace("127.0.0.1", "localhost")
    run("device", "list", "--url", other, env={}, code=DENIED)


def test_login_does_not_keep_a_wrong_token(vigild, run, home):
    run("login", vigild.http, env={}, input="wrong-token-wrong-token\n", code=DENIED)
    assert not (home / ".config").exists()


def test_the_folder_of_a_server_is_enough(vigild, run):
    (vigild.data / "ready.json").write_bytes(vigild.ready_path.read_bytes())
    assert json.loads(run("status", "--data", vigild.data, "--json", env={}).stdout)["healthy"]


def test_a_sign_in_link_signs_in_once(vigild, run):
    url = run("sign-in-link").stdout.strip()
    token = url.split("#signin=")[1]
    assert vigild.api("POST", "/v2/session", {"token": token}, token="").status_code == 201
    assert vigild.api("POST", "/v2/session", {"token": token}, token="").status_code == 401


def test_a_device_is_added_shown_listed_and_removed(vigild, run):
    secret = run("device", "add", "CAM-1", "--name", "gate", "--kind", "camera").stdout.strip()
    assert len(secret) >= 16
    assert vigild.api("GET", "/v2/devices/CAM-1").json()["name"] == "gate"
    assert json.loads(run("device", "show", "CAM-1", "--json").stdout)["did"] == "CAM-1"
    assert "gate" in run("device", "list", "-q", "gate").stdout
    assert json.loads(run("device", "list", "--online", "--json").stdout)["items"] == []
    assert run("device", "secret", "CAM-1").stdout.strip() not in ("", secret)
    assert "did-taken" in run("device", "add", "CAM-1", code=FAILED).stderr
    run("device", "remove", "CAM-1")
    gone = run("device", "show", "CAM-1", code=NOT_FOUND)
    assert "CAM-1" in gone.stderr and "not-found" in gone.stderr and gone.stdout == ""


def test_a_strange_did_stays_inside_its_path(run):
    run("device", "add", "CAM1")
    for did in ("../session", "..", "CAM1/secret", "CAM1?x=y", "CAM1#x"):
        run("device", "show", did, code=None)
        run("device", "remove", did, code=None)
    run("device", "show", "CAM1")


def test_import_sends_parts_and_names_refused_lines(vigild, run, tmp_path):
    rows = [f"CAM{number:05},,camera {number},camera" for number in range(1200)]
    rows[700] = "not a did!,,x,camera"
    file = tmp_path / "devices.csv"
    file.write_text("\n".join(["did,secret,name,kind", *rows, ""]))
    done = run("import", file, code=FAILED)
    assert "1199 created" in done.stdout and "1 refused" in done.stdout
    assert " 702 " in f" {done.stdout.splitlines()[1]} " and "invalid-did" in done.stdout
    listed = json.loads(run("device", "list", "--json").stdout)["items"]
    assert len(listed) == 1199
    exported = list(csv.DictReader(io.StringIO(run("export").stdout)))
    assert {row["did"] for row in exported} == {item["did"] for item in listed}
    assert "secret" not in exported[0]


def test_export_writes_a_whole_file_or_none(run, tmp_path):
    run("device", "add", "CAM1")
    run("export", tmp_path / "out.csv")
    assert "CAM1" in (tmp_path / "out.csv").read_text()
    run("export", tmp_path / "none.csv", "--token", "wrong-token-wrong-token", code=DENIED)
    assert sorted(path.name for path in tmp_path.glob("*.csv*")) == ["out.csv"]


def test_an_unclosed_quote_imports_nothing(run, tmp_path):
    file = tmp_path / "devices.csv"
    file.write_text('did,secret,name,kind\nCAM1,,one,camera\nCAM2,,"two,camera\n')
    assert "line 3" in run("import", file, code=FAILED).stderr
    assert json.loads(run("device", "list", "--json").stdout)["items"] == []


def test_an_action_reaches_the_device_with_typed_fields(device, run):
    run("action", device.did, "ptz.start", "direction=2", "speed=1")
    assert device.next_action()["data"] == {"ptz": {"start": {"direction": 2, "speed": 1}}}
    answer = run("action", device.did, '{"ptz":{"stop":{}}}', "--json")
    assert json.loads(answer.stdout)["result"]["ptz"]["code"] == 0


def test_a_wrong_field_never_leaves(device, run):
    assert "direction" in run("action", device.did, "ptz.start", "direction=99", code=USAGE).stderr
    assert "ptz.start" in run("action", device.did, "ptz.strat", code=USAGE).stderr
    assert device.actions.empty()


def test_a_refusal_is_shown_with_the_devices_code(make_device, run):
    device = make_device("CAM1", answer=lambda data: {"ptz": {"code": 60002, "error": "at the top"}})
    device.go_online()
    refused = run("action", "CAM1", "ptz.start", "direction=0", "speed=1", code=FAILED).stderr
    assert "device-refused" in refused and "60002" in refused


def test_an_offline_device_has_a_remedy_and_its_last_sign_of_life(make_device, run):
    device = make_device("CAM1").go_online()
    device.close()
    wait_for(lambda: "offline" in run("device", "list").stdout)
    offline = run("action", "CAM1", "ptz.stop", code=FAILED).stderr
    assert "device-offline" in offline
    assert "check power and network of the camera; last seen 20" in offline


def test_urls_are_made_for_one_device(vigild, run):
    run("device", "add", "CAM1")
    play = run("play-url", "CAM1", "--expires", "60").stdout.strip()
    assert play.startswith(f"{vigild.http}/live/CAM1.flv?token=")
    assert run("push-url", "CAM1").stdout.startswith("rtmp://")
    run("play-url", "CAM1", "--expires", "59", code=USAGE)
    run("play-url", "CAM2", code=NOT_FOUND)


def test_streams_of_an_idle_server_are_an_empty_table(run):
    assert len(run("streams").stdout.splitlines()) == 1
    assert json.loads(run("streams", "--json").stdout)["items"] == []


def test_events_are_listed_and_filtered(run):
    for did in ("CAM1", "CAM2"):
        run("device", "add", did)
    def created():
        lines = run("events", "--json", "--type", "device.created").stdout.splitlines()
        return [json.loads(line) for line in lines]
    events = wait_for(lambda: len(created()) == 2 and created(), what="both events on the log")
    assert [event["did"] for event in events] == ["CAM1", "CAM2"]
    last = run("events", "--type", "device.created", "--limit", "1").stdout
    assert "CAM2" in last and "CAM1" not in last
    behind = run("events", "--json", "--type", "device.created", "--cursor", events[0]["cursor"])
    assert [json.loads(line)["did"] for line in behind.stdout.splitlines()] == ["CAM2"]


def test_followed_events_survive_a_restart_without_gap_or_repeat(vigild, run, follow):
    port = vigild.address("http")[1]
    run("device", "add", "CAM0")
    first = json.loads(wait_for(lambda: run("events", "--json").stdout.splitlines())[0])
    lines = follow("--type", "device.created", "--cursor", str(first["cursor"]))
    run("device", "add", "CAM1")
    wait_for(lambda: "CAM1" in [event["did"] for event in lines()], what="the first event")
    vigild.stop()
    vigild.arguments = (*vigild.arguments, f"--http=127.0.0.1:{port}")
    vigild.start()
    run("device", "add", "CAM2")
    wait_for(lambda: "CAM2" in [event["did"] for event in lines()], 15, "the event after the restart")
    assert [event["did"] for event in lines() if event["did"] != "CAM0"] == ["CAM1", "CAM2"]


def test_nobody_there_is_told_apart_from_a_failure(run):
    gone = run("status", "--url", "http://127.0.0.1:9", code=UNREACHABLE)
    assert "http://127.0.0.1:9" in gone.stderr and "what to do" in gone.stderr


def test_mistakes_of_the_command_line_have_their_own_code(run):
    assert "usage: vigil device show DID" in run("device", "show", code=USAGE, env={}).stderr
    run("device", code=USAGE, env={})
    run("status", "--unknown", code=USAGE, env={})
    run("status", "--token", "a b", code=USAGE)


def test_a_token_on_the_command_line_does_not_stay_in_the_process_list(vigild, home):
    words = ["streams", "--watch", "--url", vigild.http, f"--token={vigild.admin_token}"]
    process = subprocess.Popen([program_path("vigil"), *words], stdout=subprocess.PIPE,
                               env=environment(home))
    try:
        assert process.stdout.readline()
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            assert vigild.admin_token.encode() not in file.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_help_manual_and_completions_come_from_one_table(run, tmp_path):
    text = run("help", env={}).stdout
    names = [line.split()[0] for line in text.splitlines() if line.startswith("  ") and line[2] not in " -"]
    manual, script = run("help", "--man", env={}).stdout, run("completion", "bash", env={}).stdout
    assert len(names) > 10
    for name in names:
        assert name.replace("-", "\\-") in manual and name in script
    assert all(run("completion", shell, env={}).stdout for shell in ("bash", "zsh", "fish"))
    (tmp_path / "vigil.bash").write_text(script)
    done = subprocess.run(["bash", "-c", f"source {tmp_path}/vigil.bash; COMP_WORDS=(vigil device l); "
                           "COMP_CWORD=2; _vigil; echo ${COMPREPLY[@]}"], capture_output=True, text=True)
    assert done.stdout.split() == ["list"]


@pytest.mark.parametrize("words, expected", [
    (["im"], {"import"}), (["device", "show", "--j"], {"--json"}), (["completion", ""], {"bash", "zsh", "fish"}),
    (["help", "ev"], {"events"}), (["events", "--f"], {"--follow"}), (["streams", "--w"], {"--watch"}),
    (["device", "add", "CAM1", "--kind", "c"], {"camera"}), (["push-url", "CAM1", "--e"], {"--expires"}),
    (["device", "add", "CAM1", "--sign-policy", ""], {"timestamp", "any", "hmac"})])
def test_bash_completes_words_options_and_values(run, tmp_path, words, expected):
    (tmp_path / "vigil.bash").write_text(run("completion", "bash", env={}).stdout)
    line = " ".join(f"'{word}'" for word in ["vigil", *words])
    done = subprocess.run(["bash", "-c", f"source {tmp_path}/vigil.bash; COMP_WORDS=({line}); "
                           f"COMP_CWORD={len(words)}; _vigil; printf '%s\\n' \"${{COMPREPLY[@]}}\""],
                          capture_output=True, text=True)
    assert set(done.stdout.split()) == expected and done.stderr == ""


def test_pictures_and_files_are_saved(run, start_camera, vigild, tmp_path):
    start_camera("CAM1")
    wait_for(lambda: vigild.presence("CAM1")["online"], 10, "the camera")
    picture = tmp_path / "a.jpeg"
    run("device", "capture", "CAM1", "--output", picture)
    assert picture.read_bytes()[:3] == b"\xff\xd8\xff"
    (item,) = json.loads(run("files", "list", "CAM1", "--stills", "--json").stdout)["items"]
    assert item["bytes"] == picture.stat().st_size
    assert item["name"] in run("files", "list", "CAM1", "--stills").stdout
    again = tmp_path / "b.jpeg"
    run("files", "get", "CAM1", item["name"], "--stills", "-o", again)
    assert again.read_bytes() == picture.read_bytes()
    run("files", "get", "CAM1", item["name"], "-o", tmp_path / "none", code=NOT_FOUND)
    assert not (tmp_path / "none").exists() and not (tmp_path / "none.part").exists()
    run("device", "capture", "NOBODY", code=NOT_FOUND)


@pytest.mark.parametrize("url", ["/v2/media/upload/CAM1/a", "/v2/storage/file/CAM1/x?/.profile",
                                 "/v2/storage/file/CAM1/.profile", "/v2/storage/file/../../x",
                                 "http://other.example/v2/storage/file/CAM1/x", ""])
def test_a_device_cannot_name_a_file_here(run, make_device, url):
    make_device("CAM1", answer=lambda data: {"capture": {"url": url}}).go_online()
    assert "not among this server's" in run("device", "capture", "CAM1", code=FAILED).stderr
