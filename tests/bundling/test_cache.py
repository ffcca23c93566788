"""An unchanged file is not read twice, and a changed one always is."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from azml.bundling import Bundle, BundledAsset, HashCache
from azml.bundling.cache import COARSE_GRAIN_NS, FINE_GRAIN_NS
from azml.bundling.selection import choose, choose_file
from azml.findings import Finding

Make = Callable[[Path], Bundle]
OPENED: set[str] = set()
WATCH = threading.local()


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook, because it sees every open of this process; it cannot be taken away again."""
    if event == "open" and getattr(WATCH, "on", False):
        OPENED.add(str(arguments[0]))


sys.addaudithook(watch)


def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the clock's tick in which the files were written were over."""
    monkeypatch.setattr("azml.bundling.cache.FINE_GRAIN_NS", -(10**10))
    monkeypatch.setattr("azml.bundling.cache.COARSE_GRAIN_NS", -(10**10))


def version(made: Bundle) -> str:
    assert isinstance(made.model, BundledAsset)
    return made.model.version


def test_an_unchanged_model_is_not_opened_again(
    folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    first = make(folder)
    OPENED.clear()
    WATCH.on = True
    try:
        second = make(folder)
    finally:
        WATCH.on = False
    assert second == first
    assert str(folder / "deployment.yml") in OPENED  # the hook does see what is opened
    assert str(folder / "model" / "weights.bin") not in OPENED


def test_a_change_that_keeps_size_and_mtime_is_seen(
    folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    before = make(folder)
    weights = folder / "model" / "weights.bin"
    status = weights.stat()
    weights.write_bytes(weights.read_bytes().replace(b"weights", b"WEIGHTS"))
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert weights.stat().st_mtime_ns == status.st_mtime_ns
    assert version(make(folder)) != version(before)


def test_a_file_as_young_as_the_clock_s_tick_is_not_trusted(tmp_path: Path) -> None:
    """Written again within the tick it would look unchanged, so its digest is not kept."""
    file = tmp_path / "a"
    file.write_text("a")
    findings: list[Finding] = []
    cache = HashCache(tmp_path / "hashes")
    (young,) = choose_file(file, findings)
    cache.hash([young], findings)
    cache.hash([young], findings)
    assert cache.reads == 2
    grain = FINE_GRAIN_NS if young.changed_ns % 1_000_000_000 else COARSE_GRAIN_NS
    while time.time_ns() < young.changed_ns + grain:
        cache.hash([young], findings)
    reads = cache.reads
    cache.hash([young], findings)
    cache.hash([young], findings)
    assert cache.reads <= reads + 1
    assert not findings


def test_a_file_that_changes_while_it_is_read_is_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("a")
    findings: list[Finding] = []
    chosen = choose_file(file, findings)
    file.write_text("ab")
    assert HashCache(tmp_path / "hashes").hash(chosen, findings) == []
    assert "changed while it was being read" in findings[0].message


def test_a_file_that_has_gone_is_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("a")
    findings: list[Finding] = []
    chosen = choose_file(file, findings)
    file.unlink()
    assert HashCache(tmp_path / "hashes").hash(chosen, findings) == []
    assert "cannot be read" in findings[0].message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", True),
        ("{", True),
        ("[]", True),
        ('{"format": 0, "files": {"a": "b"}}', False),
        ('{"format":2,"files":{"a":"b"}}', False),
    ],
)
def test_a_damaged_cache_counts_as_empty(
    folder: Path, make: Make, tmp_path: Path, text: str, said: bool
) -> None:
    """What another version has left is not damaged."""
    before = make(folder)
    (tmp_path / "cache" / "hashes").parent.mkdir(exist_ok=True)
    (tmp_path / "cache" / "hashes").write_text(text)
    after = make(folder)
    assert replace(after, notes=before.notes) == before
    assert any("was damaged" in note for note in after.notes) is said


def test_a_digest_that_was_changed_in_the_cache_is_not_believed(
    folder: Path, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    before, kept = make(folder), tmp_path / "cache" / "hashes"
    assert make(folder) == before, "the cache that was written is believed"
    document = kept.read_text()
    digest = next(iter(json.loads(document)["files"].values()))
    kept.write_text(document.replace(digest, "0" * 64))
    after = make(folder)
    assert replace(after, notes=()) == replace(before, notes=())
    assert any(str(kept) in note for note in after.notes)
    assert make(folder) == before, "it is said once"


def test_a_converted_copy_that_was_written_to_is_made_again(
    folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by as many bytes as there were."""
    settled(monkeypatch)
    (folder / "src" / "score.py").write_bytes(
        (folder / "src" / "score.py").read_bytes().replace(b"\n", b"\r\n")
    )
    for _ in range(2):
        code = make(folder).code
        assert isinstance(code, BundledAsset)
        content = code.files[0].source.read_bytes()
        assert content.strip(b"#"), "what another wrote there"
        code.files[0].source.write_bytes(b"#" * len(content))


def test_a_cache_that_cannot_be_written_only_costs_time(folder: Path, make: Make, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert version(make(folder))


def test_a_converted_copy_that_was_lost_is_made_again(
    folder: Path, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    (folder / "src" / "score.py").write_bytes(
        (folder / "src" / "score.py").read_bytes().replace(b"\n", b"\r\n")
    )
    for _ in range(2):
        code = make(folder).code
        assert isinstance(code, BundledAsset)
        source = code.files[0].source
        assert source.is_relative_to(tmp_path / "cache")
        assert b"\r" not in source.read_bytes()
        source.unlink()


def test_the_cache_forgets_what_nobody_uses_once_it_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    monkeypatch.setattr("azml.bundling.cache.MAX_ENTRIES", 3)
    findings: list[Finding] = []
    for number in range(4):
        (tmp_path / f"model{number}").mkdir()
        (tmp_path / f"model{number}" / "a").write_text(str(number))
        cache = HashCache(tmp_path / "hashes")
        cache.hash(choose(tmp_path / f"model{number}", findings), findings)
        cache.save()
    assert len(json.loads((tmp_path / "hashes").read_text())["files"]) == 1


def test_two_names_for_one_file_are_both_hashed(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a").write_text("a")
    (tmp_path / "m" / "b").hardlink_to(tmp_path / "m" / "a")
    findings: list[Finding] = []
    one, two = HashCache(tmp_path / "hashes").hash(choose(tmp_path / "m", findings), findings)
    assert one.sha256 == two.sha256


def test_a_cache_that_takes_no_copies_is_told_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "notes.txt").write_bytes(b"a\r\n")
    (tmp_path / "taken").touch()
    findings: list[Finding] = []
    HashCache(tmp_path / "taken" / "hashes").hash(choose(tmp_path / "model", findings), findings)
    (finding,) = findings
    assert finding.file == tmp_path / "model" / "notes.txt"
    assert "cannot be copied with LF line endings" in finding.message
