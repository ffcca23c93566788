"""What counts as text is what git counts as text."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml.bundling.text import normalised

pieces = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"a", b"abcdefgh" * 20, b"\0", b"\x01", b"\x1b", b"\x1a", b"\x7f", b"\xc3\xa9"]
)
data = st.one_of(st.lists(pieces, max_size=12).map(b"".join), st.binary(max_size=40))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".gitattributes").write_text("* text=auto\n")
    return folder


@pytest.mark.process
@settings(max_examples=150, deadline=None)
@given(data=data)
def test_line_endings_are_normalised_exactly_as_git_does(repository: Path, data: bytes) -> None:
    """`git hash-object --path` runs the conversion git runs when it adds a file."""
    command = ["git", "-C", str(repository), "hash-object", "--stdin", "--path", "file"]
    theirs = subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode().strip()
    ours = normalised(data)
    assert hashlib.sha1(b"blob %d\0" % len(ours) + ours).hexdigest() == theirs
