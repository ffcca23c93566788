"""Names of blobs are anybody's: none leaves its folder, and no two become one file."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml.cli.importing.blob_names import UnsafeName, printable, safe_path, safe_paths


@pytest.mark.parametrize(
    "name",
    [
        "../score.py",
        "a/../../score.py",
        "/etc/passwd",
        "a//b",
        "a/./b",
        "",
        ".",
        "a/",
        "a\\..\\b",
        "C:\\b",
        "a\0b",
        "a\nb",
        "a\x1b[2Jb",
        "\ud800",
        ".git/config",
        "src/.GIT/hooks/post-checkout",
        "x" * 256,
    ],
)
def test_a_blob_that_would_be_elsewhere_or_run_is_refused(name: str) -> None:
    with pytest.raises(UnsafeName) as refused:
        safe_path(name)
    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b c", "é", "\\", "\0", ".git", "A"]), max_size=5))
@settings(max_examples=60, deadline=None)
def test_whatever_the_name_the_path_stays_in_its_folder(parts: list[str]) -> None:
    try:
        path = safe_path("/".join(parts))
    except UnsafeName:
        return
    root = Path("/root")
    assert (root / path).resolve().is_relative_to(root)
    assert ".." not in path.parts


@pytest.mark.parametrize(
    "sizes",
    [
        {"A.py": 1, "a.py": 1},
        {"e\N{COMBINING ACUTE ACCENT}": 1, "\N{LATIN SMALL LETTER E WITH ACUTE}": 1},
        {"a": 1, "a/b": 1},
        {"A": 1, "a/b": 1},
    ],
)
def test_two_blobs_that_would_be_one_file_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(UnsafeName):
        safe_paths(sizes)


def test_a_terminal_does_not_obey_a_name() -> None:
    assert printable("caf\u00e9 \x1b[2J\n") == "caf\u00e9 \\x1b[2J\\n"


def test_empty_blobs_that_stand_for_folders_are_left_out() -> None:
    found = safe_paths({"src": 0, "src/": 0, "src/score.py": 3, "empty.txt": 0})
    assert {str(path) for path in found.values()} == {"src/score.py", "empty.txt"}
