"""Where things lie in a clone of the project."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Clone:
    """One checkout of the project; every path the commands use hangs off its root."""

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
        """What the project writes beside itself: never committed, safe to delete while nothing runs."""
        return self.root / ".azml"

    @property
    def emulator(self) -> Path:
        """The folder of the local Azure: its database, certificates and files."""
        return self.work / "emulator"

    @property
    def logs(self) -> Path:
        """Logs of what runs in the background."""
        return self.work / "logs"

    @property
    def environment(self) -> Path:
        """The project's own virtual environment."""
        return self.root / ".venv"

    def shown(self, path: Path) -> str:
        """`path` as a user in the clone's folder would type it; elsewhere, in full."""
        if Path.cwd() == self.root and path.is_relative_to(self.root):
            return str(path.relative_to(self.root))
        return str(path)


def find_clone() -> Clone:
    """The clone the shell stands in, else the one this package was installed from.

    A copy of `azml` on the PATH thus works on whichever clone the user is in.
    """
    here = Path(os.environ.get("AZML_PROJECT") or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "local" / "Pulumi.yaml").is_file() and (folder / "azml" / "cli").is_dir():
            return Clone(folder)
    return Clone(Path(__file__).resolve().parents[2])
