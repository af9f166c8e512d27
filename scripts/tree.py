# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the project's files below the current folder, and the verdict."""
import os
import pathlib
import sys

# Not ours to check: what tools made, and bytes that are test data.
LEFT_OUT = {"node_modules", "__pycache__", "dist", ".git", "golden", "corpus", ".pytest_cache"}


def files(*tops, suffixes=None):
    """Every file below the given tops (files or folders) whose suffix is asked for, sorted."""
    found = []
    for top in tops or (".",):
        if os.path.isfile(top):
            found.append(pathlib.Path(top))
        for folder, folders, names in os.walk(top):
            folders[:] = [name for name in folders
                          if name not in LEFT_OUT and not name.startswith("build")]
            found += [pathlib.Path(folder, name) for name in names if name not in LEFT_OUT]
    return sorted(path for path in found if not path.is_symlink()
                  and (suffixes is None or path.suffix in suffixes))


def text(path):
    """The file's text; empty for one that is not text."""
    try:
        return path.read_text()
    except (UnicodeDecodeError, OSError):
        return ""


def line_of(content, offset):
    return content.count("\n", 0, offset) + 1


def verdict(name, complaints):
    for complaint in complaints:
        print(f"{name}: {complaint}")
    sys.exit(1 if complaints else 0)
