"""A clone of the project in a folder of its own, with ports of its own, as a user would have it."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import sysconfig
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Byte code is: on a machine whose Python writes none, every process of a clone would compile anew.
NOT_COPIED = (
    ".git",
    ".venv",
    ".azml",
    "*.egg-info",
    ".*_cache",
    ".hypothesis",
    "tests",
    "docs",
)


@dataclass
class TestClone:
    """One clone and how to run `azml` in it."""

    __test__ = False

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def azml(self) -> Path:
        """The command, as `make` leaves it."""
        return self.root / ".venv" / "bin" / "azml"

    @property
    def stack_file(self) -> Path:
        """The local stack's settings."""
        return self.root / "local" / "Pulumi.local.yaml"

    def run(self, *arguments: str, timeout: float = 280) -> subprocess.CompletedProcess[str]:
        """Run `azml` to its end."""
        return subprocess.run(
            [str(self.azml), *arguments],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `azml` and leave it running; its output goes to `run.log`."""
        with (self.root / "run.log").open("a") as log:
            return subprocess.Popen(
                [str(self.azml), *arguments],
                cwd=self.root,
                env=self.environment,
                stdout=log,
                stderr=log,
                text=True,
            )

    def own(self, method: str, page: str, body: object = None) -> Any:
        """What one of the local Azure's own pages answers."""
        folder = self.root / ".azml" / "emulator"
        told = json.loads((folder / "emulator.json").read_text())
        request = urllib.request.Request(
            f"{told['arm']}/_azml/{page}",
            json.dumps(body or {}).encode(),
            {"Authorization": f"Bearer {told['token']}"},
            method=method,
        )
        https = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=folder / told["ca"]))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), https)
        with opener.open(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line in a plain POSIX shell, in the clone's folder."""
        return subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def make(folder: Path) -> TestClone:
    """Copy the project into `folder`; its environment shares this one's packages, and not its azml."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
    for left in (folder / "local" / ".state").iterdir():
        if left.name != ".gitkeep":
            shutil.rmtree(left)
    venv = folder / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    packages = next(venv.glob("lib/python3*/site-packages"))
    (packages / "clone.pth").write_text(f"{folder}\n{sysconfig.get_path('purelib')}\n")
    azml = venv / "bin" / "azml"
    # A shebang takes no path with a space in it; installers write a shell line for such a folder, too.
    azml.write_text(
        '#!/bin/sh\nexec "$(dirname "$0")/python" -c "from azml.cli.app import main; main()" "$@"\n'
    )
    azml.chmod(0o755)
    (venv / "bin" / "uv").symlink_to(ROOT / ".venv" / "bin" / "uv")
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("ARM_", "AZURE_", "PULUMI_"))
    }
    kept.pop("VIRTUAL_ENV", None)
    port, scoring = free_ports(2)
    return TestClone(folder, {**kept, "AZML_PORT": str(port), "AZML_SCORING_PORT": str(scoring)})


def free_ports(count: int) -> list[int]:
    """Ports of loopback nobody listens on now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
