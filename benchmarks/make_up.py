"""A warm `make up` on a fresh clone against the sum of its baselines.

Warm: the clone's environment, the Pulumi CLI and the scoring environments are there; the state is not. It is
timed to its end, which lies after the first prediction, by 200 of them. The floors: `pulumi up` of the bare
azure-native program of the same resources, and the start of the slowest deployment's own server. Limit: twice
their sum. Run with: python -m benchmarks.make_up
"""

import argparse
import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from azml.emulator.base.subprocesses import Launch
from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.supervisor.environments.environments import Environments
from azml.emulator.supervisor.environments.requirements import requirements_of
from azml.emulator.supervisor.serving.byte_code import ByteCode
from azml.emulator.supervisor.serving.confinement import Confinement
from azml.emulator.supervisor.serving.launch import launch_of
from azml.toolchain.cache import cache_folder
from benchmarks.stacks import BARE_PROGRAM, ROOT, Stack, local_azure

LIMIT = 2.0
SAMPLE = ROOT / "scoring" / "diabetes"


def make_up(clone: Path) -> float:
    """Seconds of `make up` in `clone`, followed by `make down`."""
    environment = {**os.environ, "AZML_PORT": "0", "AZML_SCORING_PORT": "0"}
    try:
        return timed(["make", "--no-print-directory", "up"], clone, environment)
    finally:
        timed(["make", "--no-print-directory", "down"], clone, environment)
        shutil.rmtree(clone / ".azml")
        shutil.rmtree(clone / "local" / ".state" / ".pulumi")


def timed(command: list[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Seconds a command takes. Raises RuntimeError with its output when it fails."""
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stdout)
    return time.perf_counter() - start


def bare_up(folder: Path) -> float:
    """Seconds of the bare program's first `pulumi up`, on a running local Azure."""
    with local_azure(folder / "azure") as azure:
        stack = Stack(folder / "bare", BARE_PROGRAM, BARE_PROGRAM, azure)
        start = time.perf_counter()
        stack.run("up", "--yes", "--skip-preview")
        return time.perf_counter() - start


def deployments(folder: Path) -> list[DesiredDeployment]:
    """The sample's two, each with its model alone in a folder."""
    for name in ("logistic-regression", "support-vector-machine"):
        shutil.copytree(SAMPLE / "models" / name, folder / name / name, dirs_exist_ok=True)
    return [
        DesiredDeployment("blue", "e", "blue", model_folder=folder / "logistic-regression", mlflow=True),
        DesiredDeployment(
            "green",
            "e",
            "green",
            model_folder=folder / "support-vector-machine" / "support-vector-machine",
            code_folder=SAMPLE / "src",
            scoring_script="score.py",
            conda=(SAMPLE / "conda.yml").read_text(),
        ),
    ]


def servers_start(served: Sequence[DesiredDeployment], folder: Path) -> float:
    """Seconds from the start of the deployments' servers, all at once, to a healthy answer of the last."""
    environments = Environments(cache_folder() / "environments")
    byte_code = ByteCode(environments, Confinement((), "nothing"))
    launches = []
    for desired in served:
        prepared = asyncio.run(environments.prepare(requirements_of(desired), lambda _: None))
        asyncio.run(byte_code.begin(prepared))
        address = folder / f"{desired.name}.sock"
        address.unlink(missing_ok=True)
        launches.append((address, launch_of(desired, prepared, address)))
    with ExitStack() as stack:
        start = time.perf_counter()
        waiting = {address: stack.enter_context(launched(launch)) for address, launch in launches}
        while waiting:
            for address, process in list(waiting.items()):
                if healthy(address):
                    del waiting[address]
                elif process.poll() is not None:
                    raise RuntimeError(f"{address.stem} does not start")
            time.sleep(0.02)
        return time.perf_counter() - start


@contextmanager
def launched(launch: Launch) -> Iterator["subprocess.Popen[bytes]"]:
    """A server's process, which ends with the block."""
    process = subprocess.Popen(
        launch.command,
        cwd=launch.folder,
        env=launch.variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def healthy(address: Path) -> bool:
    """Whether the server on this unix socket answers."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(address))
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return client.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds of `make up` and of each baseline, alternating."""
    taken: dict[str, list[float]] = {"make up": [], "bare pulumi up": [], "slowest server start": []}
    with tempfile.TemporaryDirectory(prefix="azml-bench-") as name:
        folder = Path(name)
        clone = folder / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        # The first round is cold: it fills the clone's environment and, on a new machine, the caches.
        make_up(clone)
        served = deployments(folder)
        for number in range(rounds):
            taken["make up"].append(make_up(clone))
            taken["bare pulumi up"].append(bare_up(folder / str(number)))
            taken["slowest server start"].append(max(servers_start([one], folder) for one in served))
    return taken


def show(taken: dict[str, list[float]]) -> bool:
    """Print the table; whether the ratio is within its limit."""
    print(f"{'':<22}{'min s':>8}{'median s':>10}{'max s':>8}")
    for name, seconds in taken.items():
        print(f"{name:<22}{min(seconds):>8.2f}{statistics.median(seconds):>10.2f}{max(seconds):>8.2f}")
    ours, *floors = (statistics.median(seconds) for seconds in taken.values())
    ratio = ours / sum(floors)
    print(f"ratio to the sum of the floors {ratio:.2f}; limit {LIMIT}{'' if ratio <= LIMIT else '  MISSED'}")
    return ratio <= LIMIT


def main() -> int:
    """Measure and show; exit code 1 when the limit is exceeded."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    return 0 if show(measure(arguments.rounds)) else 1


if __name__ == "__main__":
    sys.exit(main())
