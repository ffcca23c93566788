"""Launches the local Azure's process, once its ports are known to be free."""

import socket
import subprocess
import sys
from pathlib import Path

from azml.cli.clone import Clone
from azml.cli.failure import InputError
from azml.cli.local.processes import listener

COMMAND = (sys.executable, "-m", "azml.emulator")


def launch(clone: Clone, port: int, scoring_port: int, log: Path) -> subprocess.Popen[bytes]:
    """Start it, with its output in `log`. Raises InputError when something listens on one of the ports."""
    for wanted in (port, scoring_port):
        _require_free(wanted)
    log.parent.mkdir(parents=True, exist_ok=True)
    clone.emulator.mkdir(parents=True, exist_ok=True)
    command = [*COMMAND, "--folder", str(clone.emulator)]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*command, "--port", str(port), "--scoring-port", str(scoring_port)],
            cwd=clone.root,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # In its own session, so that Ctrl-C in the terminal that started it does not end it.
            start_new_session=True,
        )


def last_words(log: Path) -> str:
    """The last line of its log: why it ended, if it did."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "its log is empty"


def _require_free(port: int) -> None:
    """Raises InputError when something else listens on that port of loopback."""
    if port == 0:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as taken:
            who = listener(port)
            raise InputError(
                f"port {port} is taken by {who}" if who else f"port {port} is not free: {taken.strerror}",
                "stop what listens there, or choose other ports: AZML_PORT and AZML_SCORING_PORT",
            ) from None
