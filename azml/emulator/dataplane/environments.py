"""Scoring environments: one folder for each set of requirements, built by uv and kept for every later use."""

import asyncio
import codecs
import fcntl
import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.dataplane.conda import Requirements, read_conda, read_requirements, with_server
from azml.emulator.dataplane.contract import DesiredDeployment
from azml.emulator.dataplane.failures import EnvironmentFailure
from azml.emulator.dataplane.tether import tied
from azml.emulator.endings import end_group, to_its_end

COMPLETE = "complete.json"
_STOP_SECONDS = 3.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Environment:
    """A folder with a Python that has everything a deployment imports."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"


def requirements_of(deployment: DesiredDeployment) -> Requirements:
    """What a deployment's environment holds. A deployment without a conda file gets the server alone, an
    MLflow model what the files beside its MLmodel ask for.

    Raises EnvironmentFailure when they cannot be read.
    """
    if deployment.conda:
        return with_server(read_conda(deployment.conda))
    if deployment.mlflow and deployment.model_folder:
        asked = _of_model(mlflow_root(deployment.model_folder))
        return with_server(_with_collector(asked) if deployment.collected_frames else asked)
    return with_server(Requirements(()))


def mlflow_root(model_folder: Path) -> Path:
    """The folder with the MLmodel file: the model folder itself, or the one folder inside it.

    Raises EnvironmentFailure when there is none.
    """
    candidates = (model_folder, *sorted(path for path in model_folder.iterdir() if path.is_dir()))
    for candidate in candidates:
        if (candidate / "MLmodel").is_file():
            return candidate
    raise EnvironmentFailure("the MLflow model has no MLmodel file")


def _of_model(root: Path) -> Requirements:
    conda, pip = root / "conda.yaml", root / "requirements.txt"
    asked = read_conda(_text(conda)) if conda.is_file() else Requirements(())
    if pip.is_file():
        asked = Requirements(read_requirements(_text(pip)).lines, asked.python)
    if not asked.lines:
        return Requirements(("mlflow", "pandas"), asked.python)
    return asked


def _text(path: Path) -> str:
    """A file of the user's. A mark at its begin says which Unicode it is, as for pip; else it is UTF-8."""
    content = path.read_bytes()
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise EnvironmentFailure(f"the model's {path.name} is not UTF-8 text: {wrong}") from wrong


def _with_collector(asked: Requirements) -> Requirements:
    return Requirements((*asked.lines, "azureml-ai-monitoring"), asked.python, asked.dropped)


class Environments:
    """The cache of environments under one folder, which several local Azures may share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def prepare(self, requirements: Requirements, say: Say) -> Environment:
        """The environment for these requirements, built when there is none yet.

        Raises EnvironmentFailure with the resolver's own words. Cancelled or killed, it leaves nothing that
        would be taken for complete.
        """
        python = await _interpreter(requirements.python, say)
        name = _name(requirements, python)
        folder = self._folder / name
        if (folder / COMPLETE).is_file():
            say(f"environment {name} is in the cache")
            return Environment(folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            async with _only_one(self._folder / f"{name}.lock", say) as lock:
                if not (folder / COMPLETE).is_file():
                    await _build(folder, requirements, python, lock, say)
        except OSError as refused:
            raise EnvironmentFailure(f"cannot write the environment: {refused}") from refused
        return Environment(folder)


def _name(requirements: Requirements, python: str) -> str:
    told = [sorted(requirements.lines), python, platform.platform(), 1]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:20]


async def _build(folder: Path, requirements: Requirements, python: str, lock: int, say: Say) -> None:
    if folder.exists():
        # To its end, cancelled or not: the thread would go on, in what the next to hold the lock builds.
        await to_its_end(asyncio.to_thread(shutil.rmtree, folder))
    say(f"building environment {folder.name}: {', '.join(requirements.lines)}")
    if requirements.dropped:
        say(f"left out, no Python package has it: {', '.join(requirements.dropped)}")
    code, text = await _uv(["venv", "--python", python, str(folder)], folder.parent, lock)
    if code:
        raise EnvironmentFailure(f"the environment cannot be made: {text}")
    wanted = folder / "requirements.txt"
    wanted.write_text("\n".join(requirements.lines) + "\n")
    install = ["pip", "install", "--python", str(folder / "bin" / "python"), "-r", str(wanted)]
    code, text = await _uv([*install, "--only-binary", ":all:"], folder, lock)
    if code:
        say(f"warning: not everything is there as a wheel; trying with sources. uv said: {text}")
        code, text = await _uv(install, folder, lock)
    if code:
        await to_its_end(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))
        raise EnvironmentFailure(f"the environment cannot be installed: {text}")
    say(text)
    partial = folder / f"{COMPLETE}.partial"
    partial.write_text(json.dumps({"requirements": requirements.lines, "python": python}))
    partial.replace(folder / COMPLETE)


async def _interpreter(wanted: str | None, say: Say) -> str:
    """The path of the interpreter asked for where uv has it, else of the one at hand."""
    if wanted:
        code, text = await _uv(["python", "find", "--no-project", "--system", wanted], Path.home(), None)
        # Warnings about broken interpreters on the search path come before the answer.
        found = [line for line in text.splitlines() if line.startswith("/")]
        if code == 0 and found:
            return str(Path(found[-1]).resolve())
        here = platform.python_version()
        say(f"warning: Python {wanted} is asked for and not on this machine; taking Python {here}")
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


async def _uv(arguments: list[str], cwd: Path, lock: int | None) -> tuple[int, str]:
    """Run uv; its exit code and what it said. A cancelled call ends it.

    The lock goes with it: whoever comes after a killed supervisor waits until its uv is gone too.
    """
    process = await asyncio.create_subprocess_exec(
        *tied(find_uv(), "--color", "never", *arguments),
        cwd=cwd,
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        pass_fds=() if lock is None else (lock,),
        start_new_session=True,  # a build that uv started ends with it
    )
    try:
        output, _ = await process.communicate()
    finally:
        await end_group(process, _STOP_SECONDS)
    return process.returncode or 0, output.decode(errors="replace").strip()


def find_uv() -> str:
    """uv beside this interpreter, else on PATH. Raises EnvironmentFailure when there is none."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if not found:
        raise EnvironmentFailure(f"uv is neither beside {sys.executable} nor on PATH")
    return found


@asynccontextmanager
async def _only_one(path: Path, say: Say) -> AsyncIterator[int]:
    """Hold a lock file among all processes and tasks; yields its descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        told = False
        while not _taken(descriptor):
            if not told:
                say("another deployment is building this environment; waiting for it")
            told = True
            await asyncio.sleep(0.1)
        yield descriptor
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
