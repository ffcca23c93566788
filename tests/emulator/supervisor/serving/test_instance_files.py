"""What a deployment runs from: kept once, proved before use, and given to each instance as its own."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from azml.emulator.base import cloning
from azml.emulator.base.failures import DeploymentFailure
from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.control.arm.database import Database
from azml.emulator.control.machinelearning import materialise
from azml.emulator.control.machinelearning.materialise import Materialiser, Place
from azml.emulator.control.storage.blobs import BlobStore
from azml.emulator.supervisor.serving.instance_files import INSTANCES, Files

BIG = os.urandom(200_000)
CONTENTS = {"models/m/weights.bin": BIG, "models/m/deep/notes.txt": b"notes", "src/score.py": b"pass"}


class Kept:
    """A deployment whose model and code are laid out from blobs, while it is entered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(folder / "azure.db")
        self.blobs = BlobStore(self.database, folder / "blobs")
        self.materialiser = Materialiser(folder / "laid-out", self.blobs)
        self.files = Files(folder)
        self.said: list[str] = []
        self.desired = DesiredDeployment("/e/blue", "/e", "blue")

    async def __aenter__(self) -> "Kept":
        await self._build()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.database.close()

    async def _build(self) -> None:
        async def chunks(content: bytes) -> AsyncIterator[bytes]:
            yield content

        for name, content in CONTENTS.items():
            incoming = await self.blobs.receive(chunks(content))
            self.blobs.put("/c", name, incoming, "application/octet-stream", {})
        model = await self.materialiser.model(Place("/c", "models/m"), "m", "1")
        code = await self.materialiser.code(Place("/c", "src"))
        self.desired = DesiredDeployment("/e/blue", "/e", "blue", model_folder=model, code_folder=code)

    async def own(self) -> DesiredDeployment:
        return await self.files.of_one(self.desired, self.said.append).ready()

    def weights(self, desired: DesiredDeployment | None = None) -> Path:
        folder = (desired or self.desired).model_folder
        assert folder is not None
        return folder / "m" / "weights.bin"


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    async with Kept(tmp_path) as made:
        yield made


async def test_what_an_instance_writes_into_its_files_nobody_else_sees(kept: Kept) -> None:
    """In place, beside and by removal; and it is gone with the instance."""
    first = kept.files.of_one(kept.desired, kept.said.append)
    one = await first.ready()
    assert one.model_folder and one.code_folder
    assert one.model_folder.parts[-2:] == ("m", "1")
    with kept.weights(one).open("r+b") as file:
        file.write(b"poison")
    (one.model_folder / "m" / "cache").write_bytes(b"mine")
    (one.code_folder / "score.py").unlink()
    assert await first.ready() == one, "they last as long as the instance, whatever its process does"
    assert kept.weights(one).read_bytes().startswith(b"poison")
    other = await kept.own()
    assert kept.weights(other).read_bytes() == kept.weights().read_bytes() == BIG
    assert other.code_folder and (other.code_folder / "score.py").read_bytes() == b"pass"
    assert sorted(path.name for path in kept.weights(other).parent.iterdir()) == ["deep", "weights.bin"]
    await first.remove()
    assert len(list((kept.folder / INSTANCES).iterdir())) == 1
    assert kept.weights(await first.ready()).read_bytes() == BIG
    assert kept.said == []


def overwrite(folder: Path, weights: Path) -> None:
    """As root, in place, with as many bytes, and with the old times."""
    before = weights.stat()
    with weights.open("r+b") as file:
        file.write(b"poison")
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))


def lose(folder: Path, weights: Path) -> None:
    weights.unlink()


def empty(folder: Path, weights: Path) -> None:
    for path in (folder / "laid-out").iterdir():
        shutil.rmtree(path)
        path.mkdir()


def lose_all(folder: Path, weights: Path) -> None:
    shutil.rmtree(folder / "laid-out")


def replace_by_a_folder(folder: Path, weights: Path) -> None:
    weights.unlink()
    weights.mkdir()


@pytest.mark.parametrize("damage", [overwrite, lose, empty, lose_all, replace_by_a_folder])
async def test_what_is_kept_is_made_anew_once_and_that_is_said(
    kept: Kept, damage: Callable[[Path, Path], None]
) -> None:
    damage(kept.folder, kept.weights())
    one, other = await asyncio.gather(kept.own(), kept.own())
    assert kept.weights(one).read_bytes() == kept.weights(other).read_bytes() == BIG
    assert kept.weights().read_bytes() == BIG
    rows = [line for line in kept.said if "m/weights.bin" in line]
    assert len(rows) == 1
    assert "restored from its blob" in rows[0]


async def test_what_is_damaged_in_both_places_is_named(kept: Kept) -> None:
    damaged = kept.weights()
    content = kept.blobs.find("/c", "models/m/weights.bin")
    assert content
    for path in (damaged, kept.blobs.path(content.content.sha256)):
        path.write_bytes(b"x")
    with pytest.raises(DeploymentFailure, match=r"m/1/m/weights\.bin; upload"):
        await kept.own()


async def test_a_large_file_is_not_stored_twice_and_proved_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file system cannot clone, it is another name of the blob."""
    monkeypatch.setattr(materialise, "LINKED_FROM", len(BIG))
    monkeypatch.setattr(cloning, "CLONED_FROM", 10 * len(BIG))
    async with Kept(tmp_path) as kept:
        assert kept.weights().stat().st_nlink == 2
        own = kept.weights(await kept.own())
        assert own.stat().st_nlink == 1
        kept.blobs.delete("/c", "models/m/weights.bin")
        assert kept.weights(await kept.own()).read_bytes() == BIG
        assert kept.said == []


async def test_folders_without_a_list_of_their_files_get_one(kept: Kept) -> None:
    """Those of an earlier version. What is in them is read once."""
    shutil.rmtree(kept.folder / "manifests")
    kept.weights().write_bytes(b"poison")
    await kept.materialiser.model(Place("/c", "models/m"), "m", "1")
    assert kept.weights(await kept.own()).read_bytes() == BIG


async def test_the_lists_go_with_their_folders(kept: Kept) -> None:
    assert kept.desired.code_folder
    kept.materialiser.sweep([kept.desired.code_folder])
    (left,) = (kept.folder / "manifests").iterdir()
    assert left.stem == kept.desired.code_folder.name


@pytest.fixture
def cloning_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system that clones."""
    if os.geteuid() or not (make := shutil.which("mkfs.xfs")):
        pytest.skip("mounting a file system that clones needs root and mkfs.xfs")
    image, folder = tmp_path / "disk", tmp_path / "mounted"
    with image.open("wb") as file:
        file.truncate(320 << 20)
    folder.mkdir()
    subprocess.run([make, "-q", "-m", "reflink=1", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True).returncode:
        pytest.skip("this machine does not mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.process
async def test_where_files_can_be_cloned_no_byte_is_stored_twice(cloning_folder: Path) -> None:
    async with Kept(cloning_folder) as kept:
        before = os.statvfs(cloning_folder).f_bavail
        owns = [await kept.own() for _ in range(8)]
        used = (before - os.statvfs(cloning_folder).f_bavail) * os.statvfs(cloning_folder).f_bsize
        assert used < 8 * len(BIG) / 2
        with kept.weights(owns[0]).open("r+b") as file:
            file.write(b"poison")
        assert kept.weights(owns[1]).read_bytes() == kept.weights().read_bytes() == BIG
