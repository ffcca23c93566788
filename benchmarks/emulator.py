"""The local Azure itself: its memory while idle, and lists of many endpoints.

Limits: its three processes take at most 150 MB in total while idle; 100 endpoints with 2 deployments each,
held as records without processes, list in at most 1 s: by azure-ai-ml's client, and by plain requests that
also list the deployments of each. Run with: python -m benchmarks.emulator
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests

from benchmarks.sdk import client
from benchmarks.stacks import local_azure

MEMORY_LIMIT = 150.0  # MB
LIST_LIMIT = 1.0  # seconds
ENDPOINTS = 100
DEPLOYMENTS = ("blue", "green")
PLACED = {"location": "westeurope"}


def memory(pid: int) -> dict[str, tuple[float, float]]:
    """MB of each process: resident, and its proportional share (PSS) where the system reports it."""
    supervisor = psutil.Process(pid)
    found = {"supervisor": supervisor}
    for child in supervisor.children(recursive=True):
        module = next((word for word in child.cmdline() if word.startswith("azml.emulator.")), "other")
        found[module.rpartition(".")[2]] = child
    return {name: _megabytes(process) for name, process in found.items()}


def _megabytes(process: psutil.Process) -> tuple[float, float]:
    info = process.memory_full_info()
    return info.rss / 1e6, getattr(info, "pss", info.rss) / 1e6


class Arm:
    """Plain requests over one keep-alive connection."""

    def __init__(self, url: str, control_token: str, workspace: str) -> None:
        self.url = url
        self.workspace = workspace
        self._control = {"Authorization": f"Bearer {control_token}"}
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {_token(self._session, url)}"

    def get(self, path: str) -> Any:
        """The resource at a path below the workspace."""
        answer = self._session.get(f"{self.url}{self.workspace}/{path}?api-version=2025-12-01", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def put(self, path: str, body: dict[str, Any]) -> None:
        """Write below the workspace, and follow the operation to its end."""
        target = f"{self.url}{self.workspace}/{path}?api-version=2025-12-01"
        answer = self._session.put(target, json=body, timeout=30)
        answer.raise_for_status()
        while "Azure-AsyncOperation" in answer.headers and _running(self._session, answer):
            time.sleep(0.01)

    def steer(self, **asked: Any) -> None:
        """Steer how the next operations go."""
        requests.post(
            f"{self.url}/_azml/states", json=asked, headers=self._control, timeout=30
        ).raise_for_status()


def _token(session: requests.Session, url: str) -> str:
    form = {"grant_type": "client_credentials", "scope": "https://management.azure.com/.default"}
    secrets = {"client_id": os.environ["ARM_CLIENT_ID"], "client_secret": os.environ["ARM_CLIENT_SECRET"]}
    answer = session.post(f"{url}/t/oauth2/v2.0/token", data=form | secrets, timeout=30)
    return str(answer.json()["access_token"])


def _running(session: requests.Session, answer: requests.Response) -> bool:
    status = session.get(answer.headers["Azure-AsyncOperation"], timeout=30).json()["status"]
    return bool(status == "InProgress")


def fill(arm: Arm) -> None:
    """Create the records. A deployment that is made to fail does no work: no process, no files."""
    uri = "azureml://datastores/workspaceblobstore/paths/none/model"
    arm.put("models/m/versions/1", {"properties": {"modelType": "mlflow_model", "modelUri": uri}})
    arm.steer(path_pattern="/deployments/", ends="Failed", times=ENDPOINTS * len(DEPLOYMENTS))
    kind = {"endpointComputeType": "Managed", "instanceType": "Standard_D2as_v4"}
    model = f"{arm.workspace}/models/m/versions/1"
    for number in range(ENDPOINTS):
        arm.put(f"onlineEndpoints/many-{number}", {**PLACED, "properties": {"authMode": "Key"}})
        for name in DEPLOYMENTS:
            path = f"onlineEndpoints/many-{number}/deployments/{name}"
            arm.put(path, {**PLACED, "properties": {**kind, "model": model}})


def list_all(arm: Arm) -> int:
    """Every endpoint, and every deployment of each."""
    endpoints = arm.get("onlineEndpoints")["value"]
    return sum(len(arm.get(f"onlineEndpoints/{one['name']}/deployments")["value"]) for one in endpoints)


def timed(work: Callable[[], int], wanted: int, rounds: int) -> float:
    """The median of the seconds that `work` takes; it must find as many as `wanted`."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - start)
        if found != wanted:
            raise RuntimeError(f"{found} were listed instead of {wanted}")
    return statistics.median(taken)


def measure(rounds: int) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """Memory by process in MB, and seconds by what was listed."""
    with tempfile.TemporaryDirectory(prefix="azml-bench-") as name:
        folder = Path(name) / "azure"
        with local_azure(folder) as azure:
            idle = memory(azure.pid)
            os.environ.update(azure.environment())
            ours = client(folder)
            workspace = (
                f"/subscriptions/{ours.subscription_id}/resourceGroups/{ours.resource_group_name}"
                f"/providers/Microsoft.MachineLearningServices/workspaces/{ours.workspace_name}"
            )
            arm = Arm(azure.arm, azure.token, workspace)
            fill(arm)
            both = ENDPOINTS * len(DEPLOYMENTS)
            return idle, {
                "endpoints, azure-ai-ml": timed(
                    lambda: len(list(ours.online_endpoints.list())), ENDPOINTS, rounds
                ),
                "endpoints, plain": timed(
                    lambda: len(arm.get("onlineEndpoints")["value"]), ENDPOINTS, rounds
                ),
                "all and their deployments, plain": timed(lambda: list_all(arm), both, rounds),
            }


def show(idle: dict[str, tuple[float, float]], taken: dict[str, float]) -> bool:
    """Print both tables; whether the limits hold."""
    print(f"\n{'idle, MB':<34}{'resident':>10}{'its share':>11}")
    for name, (resident, share) in idle.items():
        print(f"{name:<34}{resident:>10.1f}{share:>11.1f}")
    total = sum(resident for resident, _ in idle.values())
    share = sum(share for _, share in idle.values())
    kept = total <= MEMORY_LIMIT
    print(f"{'sum':<34}{total:>10.1f}{share:>11.1f}  limit {MEMORY_LIMIT:.0f}{'' if kept else '  MISSED'}")
    print(f"\n{f'{ENDPOINTS} endpoints, {len(DEPLOYMENTS)} deployments each':<34}{'median s':>10}")
    for name, seconds in taken.items():
        print(f"{name:<34}{seconds:>10.3f}  limit {LIST_LIMIT}{'' if seconds <= LIST_LIMIT else '  MISSED'}")
    return kept and all(seconds <= LIST_LIMIT for seconds in taken.values())


def main() -> int:
    """Measure and show; exit code 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    return 0 if show(*measure(parser.parse_args().rounds)) else 1


if __name__ == "__main__":
    sys.exit(main())
