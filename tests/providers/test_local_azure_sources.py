"""What a blob's source becomes on its way."""

import io
import tempfile
import zipfile
from pathlib import Path

import pytest

from azml.providers.codec import Archive, Asset
from azml.providers.local_azure.sources import content


def test_an_archive_is_read_again_for_each_attempt_and_is_in_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin that is killed under an upload leaves nothing in the temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with content(Archive(assets={"a.txt": Asset(text="one"), "b": Archive(assets={})})) as (size, read):
        assert list(tmp_path.iterdir()) == []
        assert callable(read)
        first, again = b"".join(read()), b"".join(read())
    assert (len(first), first) == (size, again)
    assert zipfile.ZipFile(io.BytesIO(first)).read("a.txt") == b"one"


def test_a_file_is_read_again_for_each_attempt(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"content")
    with content(Asset(path=str(tmp_path / "model"))) as (size, read):
        assert callable(read)
        assert [b"".join(read()), b"".join(read()), size] == [b"content", b"content", 7]
