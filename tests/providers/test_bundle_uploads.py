"""`azml:index:BundleUpload` without an Azure: what it takes, what it plans, what it asks the program for."""

from pathlib import Path
from typing import Any

import pytest

from azml.file_list import file_list_text
from azml.providers import calls
from azml.providers.azml.bundle_sources import BundleSources
from azml.providers.azml.bundle_uploads import BundleUpload, _items
from azml.providers.engine_log import EngineLog

TYPE, URN = "azml:index:BundleUpload", "urn:pulumi:s::p::azml:index:BundleUpload::u"
INPUTS: dict[str, Any] = {
    "accountId": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st",
    "container": "c",
    "digest": "0123",
    "folder": "azml/code/0123",
    "files": file_list_text({"score.py": "ab" * 32}),
    "roleGranted": True,
}


@pytest.fixture
def upload() -> BundleUpload:
    return BundleUpload(None, EngineLog(None), BundleSources())  # type: ignore[arg-type]  # no Azure is asked


@pytest.mark.parametrize(
    ("inputs", "property", "reason"),
    [
        ({"files": "{}"}, "files", "must be JSON that maps paths"),
        ({"files": "score.py"}, "files", "must be JSON that maps paths"),
        ({"files": ["score.py"]}, "files", "must be JSON that maps paths"),
        ({"files": '{"/etc/passwd": "00"}'}, "files", "'/etc/passwd' is not a path inside the folder"),
        ({"files": '{"a/../../b": "00"}'}, "files", "'a/../../b' is not a path inside the folder"),
        ({"folder": None}, "folder", "folder is missing"),
        ({"source": "/home/me"}, "source", "unknown property 'source'"),
    ],
)
def test_wrong_inputs_are_told_at_preview(
    upload: BundleUpload, inputs: dict[str, Any], property: str, reason: str
) -> None:
    (failure,) = upload.check(calls.Check(URN, TYPE, {**INPUTS, **inputs}, {})).failures
    assert failure.property == property
    assert reason in failure.reason


@pytest.mark.parametrize(
    ("change", "replaced"),
    [
        ({}, set()),
        ({"roleGranted": False}, set()),
        ({"container": "d"}, {"container"}),
        ({"files": file_list_text({"score.py": "cd" * 32}), "digest": "4567"}, {"digest", "files"}),
        # As states listed them until files became one text: the digest stands for them.
        ({"files": {"score.py": "ab" * 32}}, set()),
    ],
)
def test_another_place_or_content_is_another_upload(
    upload: BundleUpload, change: dict[str, Any], replaced: set[str]
) -> None:
    found = upload.diff(calls.Diff(URN, TYPE, "id", INPUTS, {**INPUTS, **change}, {})).paths
    assert set(found) == replaced
    assert all(kind.name.endswith("_REPLACE") for kind in found.values())


def test_a_program_that_tells_no_sources_or_too_few_is_told_so(tmp_path: Path) -> None:
    sources = BundleSources()
    with pytest.raises(calls.ProviderError, match="calls azml:index:bundleSources before"):
        sources.of("azml/code/0123")
    with pytest.raises(calls.ProviderError, match="bundleSources takes folder and files, not folder"):
        sources.tell({"folder": "azml/code/0123"})
    sources.tell({"folder": "azml/code/0123", "files": {"gone.py": str(tmp_path / "gone.py")}})
    given = sources.of("azml/code/0123")
    with pytest.raises(
        calls.ProviderError, match=r"the program has not said where score\.py of azml/code/0123 is"
    ):
        list(_items("azml/code/0123", {"score.py": "ab" * 32}, given))
    with pytest.raises(calls.ProviderError, match=r"gone\.py cannot be read: No such file"):
        list(_items("azml/code/0123", {"gone.py": "00"}, given))
