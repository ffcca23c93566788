"""The paths in a clone of the project."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Clone:
    """One checkout of the project; every path that the commands use is relative to its root."""

    root: Path

    @property
    def local_project(self) -> Path:
        """The Pulumi project of the local stack."""
        return self.root / "local"

    @property
    def backend(self) -> Path:
        """The file backend that holds the local stack's state."""
        return self.local_project / ".state" / ".pulumi"

    @property
    def work(self) -> Path:
        """The project's working files: never committed, safe to delete while nothing runs."""
        return self.root / ".azml"

    @property
    def emulator(self) -> Path:
        """The folder of the local Azure: its database, certificates and files."""
        return self.work / "emulator"

    @property
    def logs(self) -> Path:
        """Logs of background processes."""
        return self.work / "logs"

    @property
    def environment(self) -> Path:
        """The project's own virtual environment."""
        return self.root / ".venv"

    def shown(self, path: Path) -> str:
        """`path` relative to the clone's folder; in full when it is elsewhere."""
        if Path.cwd() == self.root and path.is_relative_to(self.root):
            return str(path.relative_to(self.root))
        return str(path)


def find_clone() -> Clone:
    """The clone that contains the working folder, else the one this package was installed from.

    So an `azml` on the PATH works on whichever clone the user is in.
    """
    here = Path(os.environ.get("AZML_PROJECT") or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "local" / "Pulumi.yaml").is_file() and (folder / "azml" / "cli").is_dir():
            return Clone(folder)
    return Clone(Path(__file__).resolve().parents[2])


@contextmanager
def working_folder(work: Path, name: str) -> Iterator[Path]:
    """A new folder `name` in `work`; always the same one, so that the files of a killed run are removed."""
    folder = work / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
