"""Azure's own SDK against a local Azure: the time until an endpoint and a deployment are Succeeded.

Limits: an endpoint at most 0.5 s beyond the client's own waits between polls; a deployment with a
scoring script, its environment in the cache and its files uploaded, at most 1.5 times as long as the bare
scoring server takes from its start to its first healthy answer. Run with: python -m benchmarks.sdk
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from azml.cli.clone import Clone
from azml.cli.stacks import sdk_config
from azml.cli.stacks.stacks import WorkspaceName
from benchmarks.make_up import SAMPLE, deployments, servers_start
from benchmarks.stacks import ROOT, local_azure

ENDPOINT_LIMIT = 0.5  # seconds
DEPLOYMENT_LIMIT = 1.5  # times the bare server
WORKSPACE = ROOT / "tests" / "sdk" / "programs" / "make_workspace.py"


class Waits:
    """Counts the seconds that the client sleeps while the block runs."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Every `time.sleep` of this process counts, the poller's thread included."""
        sleep = time.sleep

        def counting(seconds: Any) -> None:
            self.seconds += float(seconds)
            sleep(seconds)

        time.sleep = counting
        try:
            yield
        finally:
            time.sleep = sleep


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds that `work` takes, and how many of them the client slept."""
    waits = Waits()
    with waits.counted():
        start = time.perf_counter()
        work()
        return time.perf_counter() - start, waits.seconds


def client(folder: Path) -> Any:
    """The SDK's client for a new workspace, found through its config file."""
    place = WorkspaceName(os.environ["ARM_SUBSCRIPTION_ID"], "rg-bench", "mlw-bench")
    path, _ = sdk_config.write(Clone(folder), place)
    subprocess.run([sys.executable, str(WORKSPACE)], cwd=folder, check=True)
    # The SDK reads the environment when it is imported, and importing it takes seconds.
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    return MLClient.from_config(DefaultAzureCredential(), path=path, show_progress=False)


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds of each, by round. The first deployment of all uploads its files and is not counted."""
    taken: dict[str, list[float]] = {"endpoint": [], "deployment": [], "bare server": []}
    with tempfile.TemporaryDirectory(prefix="azml-bench-") as name:
        folder = Path(name)
        bare = deployments(folder)[1]
        servers_start([bare], folder)  # a machine that never served it builds its environment here
        with local_azure(folder / "azure") as azure:
            os.environ.update(azure.environment())
            ours = client(folder / "azure")
            deploy(ours, "warm")
            for number in range(rounds):
                spent, slept = timed(partial(create, ours, f"bench-{number}"))
                taken["endpoint"].append(spent - slept)
                taken["deployment"].append(deploy(ours, f"bench-{number}"))
                taken["bare server"].append(servers_start([bare], folder))
    return taken


def create(ours: Any, name: str) -> None:
    """An endpoint, until it is Succeeded."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    ours.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name)).result()


def deploy(ours: Any, name: str) -> float:
    """Seconds the sample's deployment takes on its own endpoint, which is deleted again."""
    from azure.ai.ml import load_online_deployment

    create(ours, name)
    green = load_online_deployment(SAMPLE / "green.yml", params_override=[{"endpoint_name": name}])
    spent, _ = timed(lambda: ours.online_deployments.begin_create_or_update(green).result())
    ours.online_endpoints.begin_delete(name).result()
    return spent


def show(taken: dict[str, list[float]]) -> bool:
    """Print the table; whether both limits hold."""
    print(f"\n{'':<14}{'min s':>8}{'median s':>10}{'max s':>8}")
    for name, seconds in taken.items():
        print(f"{name:<14}{min(seconds):>8.2f}{statistics.median(seconds):>10.2f}{max(seconds):>8.2f}")
    endpoint = statistics.median(taken["endpoint"])
    ratio = statistics.median(taken["deployment"]) / statistics.median(taken["bare server"])
    for what, value, limit in (
        ("endpoint beyond the client's waits, s", endpoint, ENDPOINT_LIMIT),
        ("deployment to bare server", ratio, DEPLOYMENT_LIMIT),
    ):
        print(f"{what}: {value:.2f}; limit {limit}{'' if value <= limit else '  MISSED'}")
    return endpoint <= ENDPOINT_LIMIT and ratio <= DEPLOYMENT_LIMIT


def main() -> int:
    """Measure and show; exit code 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    return 0 if show(measure(arguments.rounds)) else 1


if __name__ == "__main__":
    sys.exit(main())
