"""Recovery times: after a kill of a deployment's only server, and after a restart of the local Azure.

Limits: a deployment with one instance answers again 1.5 s after its server was killed; 25 endpoints all
answer, after the start of a local Azure that was stopped, within 1.2 times what 25 such servers take on the
same cores with nothing of ours around them, all begun at once. Medians; one server by itself is shown beside.
Run with: python -m benchmarks.recovery
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path

from azml.emulator.contract.deployments import DesiredDeployment
from benchmarks.make_up import servers_start
from tests.fixtures.control_plane import ENDPOINT, WORKSPACE, endpoint_body
from tests.fixtures.serving_azure import CONDA
from tests.soak.azure import SCRIPT, SoakedAzure

KILLED_LIMIT = 1.5  # seconds
RESTART_LIMIT = 1.2
ENDPOINTS = 25
PLACES = [ENDPOINT, *(f"{WORKSPACE}/onlineEndpoints/many-{number}" for number in range(1, ENDPOINTS))]


@dataclass(frozen=True)
class Served:
    """One endpoint: its URI, its key, and the deployment that has its traffic."""

    uri: str
    key: str
    deployment: str

    def answers(self, azure: SoakedAzure) -> bool:
        """Whether it answers now."""
        try:
            headers = {"Authorization": f"Bearer {self.key}"}
            return azure.score(b"{}", uri=self.uri, headers=headers).status == 200
        except (OSError, HTTPException):
            return False


def serve(azure: SoakedAzure) -> list[Served]:
    """The endpoints."""
    names = {place: f"slot-{number}" for number, place in enumerate(PLACES)}
    for place in PLACES:
        azure.put(place, endpoint_body())
    azure.deploy(names.items())
    for place, name in names.items():
        azure.put(place, endpoint_body({name: 100}))
    uris = [str(azure.arm("GET", place).body["properties"]["scoringUri"]) for place in PLACES]
    keys = [str(azure.arm("POST", f"{place}/listKeys").body["primaryKey"]) for place in PLACES]
    return [Served(*server) for server in zip(uris, keys, names.values(), strict=True)]


def restarted(azure: SoakedAzure, served: Sequence[Served]) -> float:
    """Seconds from the start of a local Azure that was stopped until every endpoint has answered."""
    azure.stop()
    began = time.perf_counter()
    azure.launch()
    for one in served:
        if not one.answers(azure):
            raise RuntimeError(f"{one.uri} did not answer after the start had returned")
    return time.perf_counter() - began


def killed(azure: SoakedAzure, one: Served) -> float:
    """Seconds from the kill of a deployment's only server to its next answer."""
    (victim,) = (server for server in azure.servers() if server.environ()["SLOT"] == one.deployment)
    began = time.perf_counter()
    victim.kill()
    victim.wait()
    while not one.answers(azure):
        time.sleep(0.01)
    return time.perf_counter() - began


def bare(folder: Path, count: int) -> float:
    """Seconds for `count` servers of the same script, started at once."""
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / "score.py").write_bytes(SCRIPT)
    one = DesiredDeployment(
        "/0",
        "/e",
        "bare-0",
        code_folder=folder / "code",
        scoring_script="score.py",
        conda=CONDA,
        environment_variables={"SLOT": "bare"},
    )
    served = [replace(one, key=f"/{number}", name=f"bare-{number}") for number in range(count)]
    return servers_start(served, folder)


def measure(rounds: int, kills: int) -> dict[str, list[float]]:
    """Seconds of each, in turns."""
    taken: dict[str, list[float]] = {"after a kill": [], "one server": [], "restart": [], "25 servers": []}
    with tempfile.TemporaryDirectory(prefix="azml-bench-") as name:
        azure = SoakedAzure(Path(name))
        try:
            azure.launch()
            azure.build_assets()
            served = serve(azure)
            for one in served[:kills]:
                taken["one server"].append(bare(Path(name), 1))
                taken["after a kill"].append(killed(azure, one))
            for _ in range(rounds):
                taken["restart"].append(restarted(azure, served))
                azure.stop()
                taken["25 servers"].append(bare(Path(name), ENDPOINTS))
                azure.launch()
        finally:
            azure.stop()
    return taken


def show(taken: dict[str, list[float]]) -> bool:
    """Print the table; whether both limits hold."""
    print(f"{'':<22}{'min s':>8}{'median s':>10}{'max s':>8}")
    for name, seconds in taken.items():
        print(f"{name:<22}{min(seconds):>8.2f}{statistics.median(seconds):>10.2f}{max(seconds):>8.2f}")
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    ratio = medians["restart"] / medians["25 servers"]
    rows = (
        ("after a kill, s", medians["after a kill"], KILLED_LIMIT),
        (f"restart of {ENDPOINTS} endpoints, x bare servers", ratio, RESTART_LIMIT),
    )
    for name, value, limit in rows:
        print(f"{name:<42}{value:>8.2f}  limit {limit}{'' if value <= limit else '  MISSED'}")
    return all(value <= limit for _, value, limit in rows)


def main() -> int:
    """Measure and show; exit code 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=7)
    arguments = parser.parse_args()
    return 0 if show(measure(arguments.rounds, arguments.kills)) else 1


if __name__ == "__main__":
    sys.exit(main())
