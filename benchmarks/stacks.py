"""Stacks of the real engine on a separate local Azure, for preview.py, make_up.py and many.py."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import yaml

from azml.cli.clone import Clone
from azml.cli.local.local_azure import LocalAzure, recorded
from azml.toolchain.pulumi import find_or_install

ROOT = Path(__file__).parents[1]
BARE_PROGRAM = ROOT / "benchmarks" / "bare_program"
START_LIMIT = 60.0  # seconds


@contextmanager
def local_azure(folder: Path) -> Iterator[LocalAzure]:
    """A local Azure on free ports with its state in `folder`; it ends with the block."""
    clone = Clone(folder)
    clone.emulator.mkdir(parents=True)
    command = [sys.executable, "-m", "azml.emulator", "--folder", str(clone.emulator)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--port", "0", "--scoring-port", "0"], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield _answering(clone, process)
        finally:
            process.terminate()
            process.wait()


def _answering(clone: Clone, process: "subprocess.Popen[bytes]") -> LocalAzure:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        if found := recorded(clone):
            return found
        time.sleep(0.05)
    raise RuntimeError((clone.root / "log").read_text())


class Reached(Protocol):
    """An Azure that a stack can be pointed at."""

    def environment(self) -> dict[str, str]:
        """The variables that do so."""


class Stack:
    """A project in its own folder, and the engine to run it."""

    def __init__(self, folder: Path, project: Path, program: Path, azure: Reached) -> None:
        folder.joinpath(".state").mkdir(parents=True)
        text = yaml.safe_load((project / "Pulumi.yaml").read_text())
        text["main"] = f"{program}/"
        text["runtime"] = {"name": "python", "options": {"virtualenv": sys.prefix}}
        for plugin in text["plugins"]["providers"]:
            plugin["path"] = str((project / plugin["path"]).resolve())
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(text))
        for file in project.glob("Pulumi.local.yaml"):
            shutil.copy(file, folder)
        self.cli = find_or_install(lambda text: None)
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        own = {"PULUMI_SKIP_UPDATE_CHECK": "true", "AZML_VENV": sys.prefix}
        self.environment = {**kept, **azure.environment(), **own}
        self.run("stack", "init", "local")
        self.run("config", "set", "azure-native:location", "westeurope")

    def run(self, *arguments: str) -> str:
        """Run the CLI; raises with its output when it fails."""
        done = subprocess.run(
            [str(self.cli), *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stdout)
        return done.stdout
