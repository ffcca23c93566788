"""The container engine of this machine, driven by Docker's command line, which Podman shares."""

import asyncio
import contextlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.base.child_processes import end_group
from azml.emulator.base.failures import DeploymentFailure
from azml.emulator.base.logs import Log, Output
from azml.emulator.base.parent_death import tied
from azml.emulator.base.subprocesses import Launch, running

PROGRAMS = ("docker", "podman")
REMEDY = "install Docker (or Podman) and start it"
_LABEL = "azml.run"
"""Its value names the run of the local Azure that a container belongs to."""
_MARK = "containers"
_LOOK_SECONDS = 5.0
_ANSWER_SECONDS = 30.0
_GRACE_SECONDS = 3


class EngineFailure(DeploymentFailure):
    """The engine is missing or failed. The text is the engine's own message."""


@dataclass(frozen=True)
class ContainerEngine:
    """An engine that is running. Every method that calls it raises EngineFailure."""

    program: str

    async def ask(self, *arguments: str) -> str:
        """The output of a command that ends by itself."""
        process = await asyncio.create_subprocess_exec(
            *tied(self.program, *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                answer, complaint = await process.communicate()
        except TimeoutError:
            raise EngineFailure(f"{self.program} {arguments[0]} took over {_ANSWER_SECONDS:.0f} s") from None
        finally:
            await end_group(process, 0)
        if process.returncode:
            raise EngineFailure(complaint.decode(errors="replace").strip())
        return answer.decode(errors="replace").strip()

    async def ensure_image(self, image: str, log: Log) -> None:
        """Pull an image, logging the progress, unless it is on this machine already."""
        with contextlib.suppress(EngineFailure):
            await self.ask("image", "inspect", "--format", "{{.Id}}", image)
            log.say(f"the image {image} is on this machine")
            return
        log.say(f"pulling the image {image}")
        output = Output(log)
        async with running(Launch(tied(self.program, "pull", image), Path.home(), None), output) as pull:
            ended = await pull.ended()
        if pull.returncode:
            raise EngineFailure(f"the image {image} cannot be pulled ({ended}): {output.excerpt()}")

    async def address(self, container: str, port: int) -> str | None:
        """Where a container's port is published; None while it is not."""
        try:
            lines = (await self.ask("port", container, f"{port}/tcp")).splitlines()
        except EngineFailure:
            return None
        return lines[0] if lines else None

    async def stop(self, container: str) -> None:
        """Ask a container to stop, and kill it after a few seconds."""
        with contextlib.suppress(EngineFailure):
            await self.ask("stop", "-t", str(_GRACE_SECONDS), container)

    async def remove(self, container: str) -> None:
        """Remove a container even if it is running. A missing one is not an error."""
        with contextlib.suppress(EngineFailure):
            await self.ask("rm", "--force", container)


def find_engine() -> ContainerEngine:
    """The engine that is running, Docker before Podman. Blocks for some seconds at worst.

    Raises EngineFailure when there is none, with the reason.
    """
    reasons = []
    for name in PROGRAMS:
        if program := shutil.which(name):
            try:
                _run(program, "ps", "--quiet", "--filter", f"label={_LABEL}")
            except EngineFailure as failure:
                reasons.append(f"{name} is installed but does not answer: {failure}")
            else:
                return ContainerEngine(program)
    raise EngineFailure("; ".join(reasons) or f"neither {' nor '.join(PROGRAMS)} is on PATH")


def label(run_dir: Path) -> str:
    """The label of the containers of one run of a local Azure. Records that the run has containers."""
    (run_dir / _MARK).touch()
    return f"{_LABEL}={run_dir.name}"


def remove_containers(run_dir: Path) -> None:
    """Remove containers that a killed run left. Blocks. An engine that is not running has none."""
    if not (run_dir / _MARK).is_file():
        return
    with contextlib.suppress(EngineFailure):
        program = find_engine().program
        found = _run(program, "ps", "--all", "--quiet", "--filter", f"label={_LABEL}={run_dir.name}").split()
        if found:
            _run(program, "rm", "--force", *found)


def _run(program: str, *arguments: str) -> str:
    try:
        done = subprocess.run([program, *arguments], capture_output=True, timeout=_LOOK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise EngineFailure(str(failure)) from failure
    if done.returncode:
        raise EngineFailure(done.stderr.decode(errors="replace").strip())
    return done.stdout.decode(errors="replace")
