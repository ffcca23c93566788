"""Same files, same name: on any machine, in any order, whatever the timestamps. Other files, another name."""

import hashlib
import os
import random
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from azml.bundling import BundledAsset, HashCache, bundle
from azml.specs import AssetReference, DeploymentSpec, LocalModel

part = st.text("abcé Ü日.-_", min_size=1, max_size=6).filter(
    lambda name: name.strip(". ") and not name.startswith(".") and name == name.strip()
)
path = st.lists(part, min_size=1, max_size=3).map("/".join)
content = st.one_of(st.binary(max_size=60), st.text("ab\r\n\t ", max_size=30).map(str.encode))
tree = st.dictionaries(path, st.tuples(content, st.booleans()), min_size=1, max_size=6)
slow = settings(max_examples=60, deadline=None)
Tree = dict[str, tuple[bytes, bool]]


def write(folder: Path, files: Tree, order: int) -> None:
    """Write files in some order with some times."""
    chance = random.Random(order)
    for name in chance.sample(sorted(files), len(files)):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(files[name][0])
        file.chmod(0o755 if files[name][1] else 0o644)
        when = chance.randrange(10**9)
        os.utime(file, (when, when))


def fits(files: Tree) -> bool:
    """No path is both a file and a folder, or the same as another once composed."""
    plain = [unicodedata.normalize("NFC", name) for name in files]
    return len(set(plain)) == len(plain) and not any(
        one != other and other.startswith(f"{one}/") for one in plain for other in plain
    )


def name_of(folder: Path) -> BundledAsset:
    spec = DeploymentSpec(
        "blue", "diabetes", model=LocalModel(folder), environment=AssetReference("env", "1")
    )
    model = bundle(spec, endpoint="diabetes", cache=HashCache(folder.parent / "hashes")).model
    assert isinstance(model, BundledAsset)
    return model


@pytest.mark.thorough
@slow
@given(tree, st.integers(0, 9), st.integers(0, 9))
def test_the_version_depends_on_nothing_but_what_is_deployed(files: Tree, one: int, other: int) -> None:
    assume(fits(files))
    with TemporaryDirectory() as here, TemporaryDirectory() as there:
        write(Path(here, "model"), files, one)
        decomposed = {unicodedata.normalize("NFD", name): what for name, what in files.items()}
        write(Path(there, "deep/er/model"), decomposed, other)
        first, second = name_of(Path(here, "model")), name_of(Path(there, "deep/er/model"))
    assert first.version == second.version
    assert [file.path for file in first.files] == [file.path for file in second.files]
    assert [file.path for file in first.files] == sorted(unicodedata.normalize("NFC", name) for name in files)


@pytest.mark.thorough
@slow
@given(tree, st.data())
def test_the_version_changes_with_any_content_path_or_executable_bit(
    files: Tree, data: st.DataObject
) -> None:
    assume(fits(files))
    name = data.draw(st.sampled_from(sorted(files)))
    body, executable = files[name]
    change = data.draw(st.sampled_from(["content", "path", "bit", "gone"]))
    changed = {key: value for key, value in files.items() if key != name}
    if change == "content":
        changed[name] = (body + b"x", executable)
    elif change == "path":
        changed[f"{name}z"] = (body, executable)
    elif change == "bit":
        changed[name] = (body, not executable)
    assume(changed and fits(changed))
    with TemporaryDirectory() as here, TemporaryDirectory() as there:
        write(Path(here, "model"), files, 0)
        write(Path(there, "model"), changed, 0)
        assert name_of(Path(here, "model")).version != name_of(Path(there, "model")).version


@slow
@given(tree)
def test_what_is_uploaded_is_what_was_hashed(files: Tree) -> None:
    assume(fits(files))
    with TemporaryDirectory() as here:
        write(Path(here, "model"), files, 0)
        for file in name_of(Path(here, "model")).files:
            data = file.source.read_bytes()
            assert hashlib.sha256(data).hexdigest() == file.sha256
            assert len(data) == file.size


@slow
@given(st.text("ab\té\n", max_size=60))
def test_a_checkout_with_other_line_endings_has_the_same_name(text: str) -> None:
    with TemporaryDirectory() as here, TemporaryDirectory() as there:
        write(Path(here, "model"), {"a.txt": (text.encode(), False)}, 0)
        write(Path(there, "model"), {"a.txt": (text.replace("\n", "\r\n").encode(), False)}, 0)
        one, other = name_of(Path(here, "model")), name_of(Path(there, "model"))
        assert one.version == other.version
        assert other.files[0].source.read_bytes() == text.encode()


def test_the_name_of_the_model_s_folder_counts_because_the_script_sees_it(tmp_path: Path) -> None:
    for name in ("model", "other"):
        write(tmp_path / name, {"a": (b"1", False)}, 0)
    assert name_of(tmp_path / "model").version != name_of(tmp_path / "other").version


def test_git_attributes_keep_line_endings_where_they_matter(tmp_path: Path) -> None:
    write(tmp_path / "model", {"a.csv": (b"a\r\n", False), "b.csv": (b"a\r\n", False)}, 0)
    (tmp_path / "model" / ".gitattributes").write_text("# raw\n*.csv -text\nb.csv text\n")
    sizes = {file.path: file.size for file in name_of(tmp_path / "model").files}
    assert sizes == {"a.csv": 3, "b.csv": 2}
