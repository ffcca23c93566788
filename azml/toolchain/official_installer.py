"""Installs the Pulumi CLI with the official installer: the fastest way, where the network allows it."""

import queue
import shutil
import subprocess
import threading
import urllib.request
from pathlib import Path

from azml.toolchain.cache import Progress
from azml.toolchain.command import run
from azml.toolchain.failure import ToolError

INSTALLER = "https://get.pulumi.com/install.sh"

#: Seconds. On a closed network the connection is refused at once or never answered.
_PATIENCE_FOR_SCRIPT = 5
_PATIENCE_FOR_DOWNLOAD = 900


def install(version: str, folder: Path, progress: Progress) -> None:
    """Put the CLI `version` with its language hosts into `folder` (empty), leaving shell profiles alone.

    Raises:
        ToolError: the installer cannot be reached, or failed.
    """
    progress("asking for the official installer")
    script = folder / "install.sh"
    script.write_bytes(_fetch(INSTALLER))
    progress(f"downloading the Pulumi CLI {version}")
    root = folder / "root"
    command = ["sh", str(script), "--version", version, "--install-root", str(root), "--no-edit-path"]
    try:
        run(command, progress=progress, say=_last_words, timeout=_PATIENCE_FOR_DOWNLOAD)
    except subprocess.SubprocessError as error:
        raise ToolError(f"the official installer of the Pulumi CLI failed: {error}") from error
    for file in (root / "bin").iterdir():
        file.rename(folder / file.name)
    shutil.rmtree(root)
    script.unlink()


def _fetch(url: str) -> bytes:
    """The installer's text, fetched in a separate thread because name lookups have no timeout."""
    answers: queue.SimpleQueue[bytes | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=_PATIENCE_FOR_SCRIPT) as answer:  # noqa: S310 (a constant)
                answers.put(answer.read())
        except OSError as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=_PATIENCE_FOR_SCRIPT)
    except queue.Empty:
        answer = TimeoutError(f"no answer in {_PATIENCE_FOR_SCRIPT} s")
    if isinstance(answer, OSError):
        reason = getattr(answer, "reason", None) or answer
        raise ToolError(f"the official installer ({url}) cannot be reached: {reason}") from answer
    return answer


def _last_words(line: str) -> str | None:
    return line or None
