"""A local Azure with a workspace, and unmodified programs that run against it.

The programs are started from a shell that has run the one line of `azml emulator env`, in a folder of the
clone as a user's would be. All they know of Azure is in that shell.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.clones import TestClone, after_the_line, make
from tests.fixtures.scoring_folder import write_file
from tests.fixtures.whole_azure import WholeAzure

PROGRAMS = Path(__file__).with_name("programs")
WATCH = Path(__file__).with_name("watch")
LIMIT = 280  # seconds a program may take
Seen = dict[str, Any]


@dataclass(frozen=True)
class Shell:
    """A shell in the clone's folder `work`, pointed at the local Azure."""

    clone: TestClone

    @property
    def folder(self) -> Path:
        return self.clone.root / "work"

    @property
    def active(self) -> dict[str, str]:
        """The environment of a user who has activated one with Azure's SDK, and not yet run the line."""
        own = self.clone.root / ".venv" / "bin"
        return {**self.clone.environment, "PATH": f"{own}{os.pathsep}{self.clone.environment['PATH']}"}

    @cached_property
    def environment(self) -> dict[str, str]:
        """The same once the line was run, which leaves that environment alone. A user stays in the shell."""
        return after_the_line(self.clone, self.active)

    def run(self, line: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run one line to its end, whatever comes of it."""
        return self._run(line, {**self.environment, **variables})

    def opened(self, line: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run one line in a shell of its own, which had these variables when it ran that of `azml`."""
        return self._run(f'eval "$(azml emulator env)" || exit 99\n{line}', {**self.active, **variables})

    def _run(self, line: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def program(self, name: str, *arguments: str, **variables: str) -> Any:
        """Run a program that must succeed; the JSON on the last line it printed."""
        done = self.run(f"python {name} {' '.join(arguments)}", **variables)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
        lines = done.stdout.splitlines()
        return json.loads(lines[-1]) if lines else None

    def endpoints(self) -> list[str]:
        """The names of the endpoints there are, asked without the SDK, which takes seconds to load."""
        azure = WholeAzure(self.clone.root / ".azml" / "emulator")
        azure.port = int(self.clone.environment["AZML_PORT"])
        group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-azml-local"
        workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/mlw-azml-local"
        listed = azure.arm("GET", f"{workspace}/onlineEndpoints").body["value"]
        return [endpoint["name"] for endpoint in listed]

    def watch(self, name: str) -> dict[str, str]:
        """Variables by which a shell's programs call nobody but this machine and write down whom."""
        return {"PYTHONPATH": str(WATCH), "WATCHED": str(self.clone.root / f"{name}.hosts")}

    def hosts(self, name: str) -> list[str]:
        """Whom the programs of a watched shell called, in order."""
        return (self.clone.root / f"{name}.hosts").read_text().splitlines()


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The local Azure of a clone of its own, with a workspace in it."""
    clone = make(tmp_path_factory.mktemp("sdk") / "clone")
    shell = Shell(clone)
    shutil.copytree(PROGRAMS, shell.folder)
    for code in ("src", "dot"):
        write_file(shell.folder / "files" / code / "score.py", (PROGRAMS / "src" / "score.py").read_text())
    try:
        done = clone.run("emulator", "start")
        assert done.returncode == 0, done.stderr
        made = shell.run("cd .. && python work/make_workspace.py")
        assert made.returncode == 0, made.stderr
        yield shell
    finally:
        clone.run("emulator", "stop")


@pytest.fixture(scope="session")
def seen(shell: Shell) -> Seen:
    """One run of the program, and what it saw: loading azure-ai-ml alone takes seconds."""
    given: Seen = shell.program("everything.py", **shell.watch("everything"))
    return given
