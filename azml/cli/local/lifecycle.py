"""Starts and stops what commands need, and shows progress."""

import sys
from pathlib import Path

from rich.markup import escape

from azml.cli import terminal
from azml.cli.clone import Clone
from azml.cli.failure import InputError
from azml.cli.local import local_azure
from azml.cli.local.local_azure import LocalAzure
from azml.cli.terminal import step
from azml.toolchain.pulumi import find_or_install


def require_platform() -> None:
    """Raises InputError where the local Azure cannot run."""
    if sys.platform not in ("linux", "darwin"):
        raise InputError(
            f"{sys.platform} is not supported", "use Linux or macOS; on Windows, WSL 2 is a Linux"
        )


def find_pulumi() -> Path:
    """The path of the Pulumi CLI, which is installed if it is missing."""
    with step("Pulumi CLI") as current:
        found = find_or_install(current.say)
        current.done(str(found))
        return found


def start(clone: Clone, port: int, scoring_port: int) -> LocalAzure:
    """The local Azure, started if it does not run, once the deployments that served before serve again."""
    with step("Local Azure") as current:
        azure, fresh = local_azure.start(clone, port, scoring_port, current)
        lost = local_azure.await_return(clone, azure, current)
        was = "started" if fresh else "was running"
        missing = f"; did not come back: {', '.join(lost)}" if lost else ""
        current.done(f"{was}, {azure.arm}{missing}; log: {clone.shown(clone.logs / 'emulator.log')}")
    if azure.warning:
        terminal.err().print(f"  warning: {azure.warning}")
    for line in local_azure.repairs(clone):
        terminal.err().print(f"  repaired: {escape(line)}")
    return azure


def stop(clone: Clone) -> None:
    """Stop the local Azure and everything that an earlier one left."""
    with step("Local Azure") as current:
        current.done("stopped" if local_azure.stop(clone) else "was not running")
