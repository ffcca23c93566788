"""The model and code of a deployment: stored once by content, and copied for each instance.

Stored files are verified before use: a missing or modified file is restored from its blob. An instance may
write to its own copy; no other instance sees that, and the copy is removed with the instance.
"""

import asyncio
import itertools
import shutil
from dataclasses import replace
from pathlib import Path

from azml.emulator.base.child_processes import to_its_end
from azml.emulator.base.cloning import duplicate
from azml.emulator.base.failures import DeploymentFailure
from azml.emulator.base.files import private_folder
from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.contract.manifests import KeptFile, Manifests, blob_path, sha256_of, stamp_of
from azml.emulator.supervisor.environments.programs import Say

_numbers = itertools.count(1)
INSTANCES = "instances"
"""The folder of the instances' copies, below the local Azure's. A killed one's leftovers are useless."""


class Files:
    """The folders under a local Azure's `folder`. Every method raises DeploymentFailure or OSError."""

    def __init__(self, folder: Path) -> None:
        self._kept = folder / "laid-out"
        self._blobs = folder / "blobs"
        self._manifests = Manifests(folder / "manifests")
        self._instances = folder / INSTANCES
        self._turn = asyncio.Lock()

    def of_one(self, desired: DesiredDeployment, say: Say) -> "OwnFiles":
        """The files of one more instance, not created yet."""
        return OwnFiles(self, desired, self._instances / str(next(_numbers)), say)

    async def prove(self, desired: DesiredDeployment, say: Say) -> None:
        """Restore the damaged files among a deployment's stored files, and say so."""
        async with self._turn:  # else two deployments of one model would both restore its files
            for folder in (desired.model_folder, desired.code_folder):
                if folder is not None:
                    await to_its_end(asyncio.to_thread(self._prove, folder, say))

    def copy(self, folder: Path, target: Path) -> None:
        """Copy a stored folder for an instance: only listed files, whatever else is in the folder."""
        listed = self._listed(folder)
        if listed is None:  # it was not downloaded from blobs
            shutil.copytree(folder, target, copy_function=lambda old, new: duplicate(Path(old), Path(new)))
            return
        kept, inside = self._kept / self._name(folder), folder.relative_to(self._kept / self._name(folder))
        for file in listed:
            destination = target / Path(file.path).relative_to(inside)
            destination.parent.mkdir(parents=True, exist_ok=True)
            duplicate(kept / file.path, destination)

    def make_private(self, folder: Path) -> None:
        """Create an instance's folder, private to the user."""
        private_folder(self._instances)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)

    def _name(self, folder: Path) -> str:
        return folder.relative_to(self._kept).parts[0] if folder.is_relative_to(self._kept) else ""

    def _listed(self, folder: Path) -> list[KeptFile] | None:
        name = self._name(folder)
        listed = self._manifests.read(name) if name else None
        return None if listed is None else list(listed)

    def _prove(self, folder: Path, say: Say) -> None:
        listed = self._listed(folder)
        if listed is None:
            if not folder.is_dir():
                raise DeploymentFailure(f"{folder} is gone, and there is no list of its files")
            return
        name = self._name(folder)
        proved = [self._proved(name, file, say) for file in listed]
        lost = [old.path for old, new in zip(listed, proved, strict=True) if not new.stamp]
        if lost:
            raise DeploymentFailure(
                f"these files are damaged here and in the blob store: {', '.join(lost)}; "
                "upload them again as a new version"
            )
        if proved != listed:
            self._manifests.write(name, proved)

    def _proved(self, name: str, file: KeptFile, say: Say) -> KeptFile:
        """The file with its marks; without marks when it cannot be restored."""
        path = self._kept / name / file.path
        stamp = stamp_of(path)
        if stamp and stamp == file.stamp:
            return file
        if not (stamp and sha256_of(path) == file.sha256):
            say(f"{file.path} is {'not as it was uploaded' if stamp else 'gone'}: restored from its blob")
            if not self._made_anew(path, file):
                return replace(file, stamp="")
        return replace(file, stamp=stamp_of(path))

    def _made_anew(self, path: Path, file: KeptFile) -> bool:
        blob = blob_path(self._blobs, file.sha256)
        if not blob.is_file():
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.new"[-255:])
        try:
            duplicate(blob, partial)
            if sha256_of(partial) != file.sha256:
                return False
            partial.chmod(0o644)  # a container's own user must be able to read it, as in `Materialiser`
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return True


class OwnFiles:
    """The model and code folders of one instance, kept until `remove`."""

    def __init__(self, files: Files, desired: DesiredDeployment, folder: Path, say: Say) -> None:
        self._files = files
        self._desired = desired
        self.folder = folder
        self._say = say
        self._own: DesiredDeployment | None = None

    async def ready(self) -> DesiredDeployment:
        """The deployment with folders of its own, created if there are none yet."""
        if self._own is None:
            await self._files.prove(self._desired, self._say)
            await to_its_end(asyncio.to_thread(self._make))
            self._own = self._with_own_folders()
        return self._own

    async def remove(self) -> None:
        """Remove them. The next `ready` creates them again."""
        self._own = None
        await to_its_end(asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True))

    def _make(self) -> None:
        own = self._with_own_folders()
        self._files.make_private(self.folder)
        for kept, target in (
            (self._desired.model_folder, own.model_folder),
            (self._desired.code_folder, own.code_folder),
        ):
            if kept and target:
                self._files.copy(kept, target)

    def _with_own_folders(self) -> DesiredDeployment:
        """As on Azure, the model's folder ends in `<name>/<version>`."""
        model, code = self._desired.model_folder, self._desired.code_folder
        return replace(
            self._desired,
            model_folder=self.folder / "model" / Path(*model.parts[-2:]) if model else None,
            code_folder=self.folder / "code" if code else None,
        )
