# SPDX-License-Identifier: Apache-2.0
"""Each check is given a small tree that must pass and files that must fail."""
import pathlib
import subprocess

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"


def check(name, folder, **files):
    """Writes the files (path: content) and gives the check's status and words."""
    for path, content in files.get("files", {}).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    done = subprocess.run([SCRIPTS / f"check-{name}"], cwd=folder, capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


def include(path):
    return SPDX + (f"#include {path}\n" if path[0] == "<" else f'#include "{path}"\n')


@pytest.mark.parametrize("file, path", [
    ("src/proto/mqtt/mqtt.c", "base/buf.h"),
    ("src/domain/device/device.c", "ports/db/db.h"),
    ("src/ports/db/db_sqlite.c", "io/lanes.h"),
    ("src/ports/db/db_sqlite.c", "<sqlite3.h>"),
    ("src/ports/db/db.h", "base/err.h"),
    ("src/endpoints/api/devices.c", "domain/device/device.h"),
    ("src/programs/vigild.c", "endpoints/routes.h"),
    ("src/media/picture.c", "proto/media/decode.h"),
    ("src/media/picture.c", "<libavcodec/avcodec.h>"),
])
def test_an_allowed_floor_passes(tmp_path, file, path):
    assert check("floors", tmp_path, files={file: include(path)}) == (0, "")


@pytest.mark.parametrize("file, path", [
    ("src/base/buf.c", "io/conn.h"),
    ("src/base/buf.c", "<uv.h>"),
    ("src/proto/mqtt/mqtt.c", "base/log.h"),
    ("src/proto/mqtt/mqtt.c", "http/router.h"),
    ("src/io/conn.c", "proto/mqtt/mqtt.h"),
    ("src/domain/device/device.c", "ports/db/db_sqlite.h"),
    ("src/domain/device/device.c", "proto/mqtt/mqtt.h"),
    ("src/domain/device/device.c", "<sqlite3.h>"),
    ("src/ports/db/db.h", "<sqlite3.h>"),
    ("src/ports/db/db.h", "io/lanes.h"),
    ("src/endpoints/api/devices.c", "ports/db/db.h"),
    ("src/cam/body/camera.c", "domain/device/device.h"),
    ("src/media/picture.c", "domain/live/live.h"),
    ("src/endpoints/live/live.c", "media/picture.h"),
    ("src/endpoints/live/live.c", "<libavcodec/avcodec.h>"),
    ("src/programs/vigild.c", "<libswscale/swscale.h>"),
    ("src/attic/old.c", "base/buf.h"),
    ("src/base/buf.c", "buf.h"),
])
def test_a_wrong_floor_fails(tmp_path, file, path):
    status, words = check("floors", tmp_path, files={file: include(path)})
    assert status == 1 and file in words


def function(lines):
    return "void f(void)\n{\n" + "\tg();\n" * (lines - 2) + "}\n"


@pytest.mark.parametrize("content, status", [
    (SPDX * 500, 0),
    (SPDX * 501, 1),
    (function(80), 0),
    (function(81), 1),
    ("void f(void)\n{\n\t\t\tif (a)\n}\n", 0),
    ("void f(void)\n{\n\t\t\t\tif (a)\n}\n", 1),
    ("void f(void)\n{\n\t\t\t\t} else if (a)\n}\n", 1),
])
def test_sizes_at_their_limit_pass_and_past_it_fail(tmp_path, content, status):
    assert check("sizes", tmp_path, files={"src/base/a.c": content})[0] == status


@pytest.mark.parametrize("content", [
    "x = atoi(text);\n",
    "p = malloc(count * sizeof *p);\n",
    "p = realloc(p, sizeof(struct a) * count);\n",
    "AUTO_BUF a, b;\n",
    "/* TOD" + "O later */\n",
    "f(\"/wor" + "k/main/file\");\n",
])
def test_a_banned_word_fails(tmp_path, content):
    status, words = check("banned", tmp_path, files={"src/base/a.c": SPDX + content})
    assert status == 1 and "src/base/a.c:2:" in words


@pytest.mark.parametrize("content", [
    "/* atoi() would not see an error */ f(\"rand(\");\n",
    "AUTO_BUF a = { 0 }, b = { 0 };\n",
    "p = malloc(sizeof *p); localtime_r(&now, &tm); framework/x();\n",
    "/* TOD" + "O(#7): when the edge lands */\n",
])
def test_words_that_only_look_banned_pass(tmp_path, content):
    assert check("banned", tmp_path, files={"src/base/a.c": SPDX + content}) == (0, "")


def test_a_missing_licence_line_and_a_registry_fail(tmp_path):
    status, words = check("banned", tmp_path, files={
        "src/base/a.c": "int a;\n", "web/package-lock.json": '{"resolved": "x"}'})
    assert status == 1 and "SPDX" in words and "omit-lockfile-registry-resolved" in words


def test_documents_may_name_what_exists(tmp_path):
    assert check("docs", tmp_path, files={
        "src/base/a.c": "void a_add(void)\n", "docs/b.md": "see [the front](../README.md#top)\n",
        "README.md": "`src/base/a.c:a_add`, [b](docs/b.md), [web](https://example.org/x.md)\n",
    }) == (0, "")


@pytest.mark.parametrize("content", ["`src/base/b.c`", "`src/base/a.c:a_gone`", "[b](docs/b.md)"])
def test_documents_may_not_name_what_is_gone(tmp_path, content):
    files = {"src/base/a.c": "void a_add(void)\n", "README.md": f"first\n{content}\n"}
    status, words = check("docs", tmp_path, files=files)
    assert status == 1 and "README.md:2:" in words


UNIT = "int main(void) { cmocka_unit_test(a_thing_works) }\nvoid unlisted(void **state)\n"
ALL_ROWS = [f"M-{n:03}" for n in range(1, 141) if n not in {23, 39, 113}]
ALL_ROWS += ["C-45", "C-46", "C-47", "C-48", "C-52", "C-56", "C-58", "G-03", "G-07", "G-22", "G-23"]


def requirements(tmp_path, first_line, rows=ALL_ROWS[1:]):
    lines = ["row,test,state", first_line, *(f"{row},,later" for row in rows)]
    return check("requirements", tmp_path, files={
        "tests/requirements.csv": "\n".join(lines) + "\n",
        "tests/unit/base/test_a.c": UNIT,
        "tests/e2e/test_b.py": "def test_thing(vigild):\n",
        "tests/browser/c.js": "test('turns the camera', f)\n"})


@pytest.mark.parametrize("line", [
    "M-001,a_thing_works,done", "M-001,tests/e2e/test_b.py::test_thing,partial",
    "M-001,tests/browser/c.js::turns the camera,done", "M-001,,later"])
def test_a_requirement_with_a_real_test_passes(tmp_path, line):
    assert requirements(tmp_path, line) == (0, "")


@pytest.mark.parametrize("line", [
    "M-001,unlisted,done", "M-001,tests/e2e/test_b.py::test_gone,done", "M-001,,done",
    "M-001,tests/e2e/test_gone.py::test_thing,done", "M-001,tests/browser/c.js::turns,partial",
    "M-001,a_thing_works,later", "M-001,a_thing_works,finished", "M-001,done"])
def test_a_requirement_without_its_test_fails(tmp_path, line):
    status, words = requirements(tmp_path, line)
    assert status == 1 and "tests/requirements.csv:2:" in words


def test_a_requirement_without_a_line_fails(tmp_path):
    status, words = requirements(tmp_path, "M-001,,later", rows=ALL_ROWS[2:])
    assert status == 1 and "no line for M-002" in words
