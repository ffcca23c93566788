"""The files azure-ai-ml would upload, without junk and without what lies outside the folder."""

import os
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml.bundling.selection import NEVER, choose
from azml.findings import Finding
from tests.fixtures.azure_ai_ml import AzureAiMl


def paths(folder: Path, findings: list[Finding] | None = None) -> list[str]:
    found: list[Finding] = []
    chosen = [file.path for file in choose(folder, found)]
    if findings is None:
        assert not found
    else:
        findings.extend(found)
    return chosen


def write(folder: Path, *names: str) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return folder


name = st.sampled_from(["a", "b", "c.txt", "d.py", "data", "keep"])
files = st.sets(st.lists(name, min_size=1, max_size=3).map("/".join), min_size=1, max_size=8)
pattern = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "!", "/", "**/", "!/", "#", " "]),
    st.sampled_from(
        ["a", "b", "*.txt", "data", "data/*", "a/b", "a/**", "**/keep", "*", "?", "[ab]", "", "d.py  "]
    ),
    st.sampled_from(["", "", "/"]),
)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=400, deadline=None)
@given(files=files, amlignore=st.none() | st.lists(pattern), gitignore=st.none() | st.lists(pattern))
def test_the_choice_is_azure_ai_ml_s(
    azure_ai_ml: AzureAiMl, files: set[str], amlignore: list[str] | None, gitignore: list[str] | None
) -> None:
    """Any tree, any patterns: what we take is what the SDK would upload, ignore files themselves aside."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        taken: set[str] = set()
        for file in sorted(files, key=len, reverse=True):
            if not any(other.startswith(f"{file}/") for other in taken):
                write(folder, file)
                taken.add(file)
        for ignore, lines in ((".amlignore", amlignore), (".gitignore", gitignore)):
            if lines is not None:
                (folder / ignore).write_text("\n".join(lines))
        theirs = azure_ai_ml.uploaded(folder)
        if theirs is None:
            return
        assert paths(folder) == sorted(path for path in theirs if Path(path).name not in NEVER)


def test_amlignore_wins_over_gitignore_and_inner_ones_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "b.txt", "inner/c.txt")
    (tmp_path / ".gitignore").write_text("*.txt\n")
    (tmp_path / "inner" / ".amlignore").write_text("c.txt\n")
    assert paths(tmp_path) == []
    (tmp_path / ".amlignore").write_text("b.txt\n")
    assert paths(tmp_path) == ["a.txt", "inner/c.txt"]


def test_junk_is_never_taken(tmp_path: Path) -> None:
    junk = (
        "__pycache__/score.cpython-311.pyc",
        "x/__pycache__/y.pyc",
        ".DS_Store",
        "x/.DS_Store",
        "._score.py",
    )
    write(tmp_path, "score.py", *junk, ".git/config", ".ipynb_checkpoints/a", "Thumbs.db", ".amlignore")
    (tmp_path / ".amlignore").write_text("!__pycache__\n")
    assert paths(tmp_path) == ["score.py"]


def test_links_inside_the_folder_are_content(tmp_path: Path) -> None:
    write(tmp_path, "data/a.txt")
    (tmp_path / "link.txt").symlink_to("data/a.txt")
    (tmp_path / "folder").symlink_to("data")
    assert paths(tmp_path) == ["data/a.txt", "folder/a.txt", "link.txt"]


@pytest.mark.parametrize(
    ("target", "message"),
    [("../outside.txt", "out of the folder"), ("/usr", "out of the folder"), ("nowhere", "link to nothing"),
     ("..", "out of the folder"), (".", "a folder that contains it"), ("loop", "link to nothing")],
)  # fmt: skip
def test_links_out_of_the_folder_are_refused(tmp_path: Path, target: str, message: str) -> None:
    write(tmp_path, "outside.txt", "in/score.py")
    (tmp_path / "in" / "loop").symlink_to(target)
    findings: list[Finding] = []
    assert paths(tmp_path / "in", findings) == ["score.py"]
    (found,) = findings
    assert message in found.message
    assert found.file == tmp_path / "in" / "loop"


def test_a_sibling_with_a_longer_name_is_outside(tmp_path: Path) -> None:
    write(tmp_path, "in/score.py", "inside/secret.txt")
    (tmp_path / "in" / "link").symlink_to("../inside/secret.txt")
    findings: list[Finding] = []
    assert paths(tmp_path / "in", findings) == ["score.py"]
    assert "out of the folder" in findings[0].message


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    write(tmp_path, "real/score.py")
    (tmp_path / "link").symlink_to("real")
    assert paths(tmp_path / "link") == ["score.py"]


def test_ignored_links_are_not_looked_at(tmp_path: Path) -> None:
    write(tmp_path, "score.py")
    (tmp_path / "venv").symlink_to("/usr")
    (tmp_path / ".gitignore").write_text("venv\n")
    assert paths(tmp_path) == ["score.py"]


def test_what_is_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "score.py")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        findings: list[Finding] = []
        paths(tmp_path, findings)
    assert {finding.file for finding in findings} == {tmp_path / "pipe", tmp_path / "socket"}


def test_names_that_only_differ_in_composition_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "e\u0301.txt", "\u00e9.txt")
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system keeps one of the two")
    findings: list[Finding] = []
    paths(tmp_path, findings)
    assert "once accents are composed" in findings[0].message


def test_a_pattern_git_would_not_read_is_a_finding_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "score.py")
    (tmp_path / ".amlignore").write_text("ok\n///\n!\n")
    findings: list[Finding] = []
    paths(tmp_path, findings)
    assert all(found.file == tmp_path / ".amlignore" and found.line in (2, 3) for found in findings)
