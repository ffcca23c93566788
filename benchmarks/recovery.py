"""How soon what was served is served again: after a kill of its only server, and after a restart of everything.

Limits: a deployment with one instance answers again 1.5 s after its server was killed; 25 endpoints all answer,
after the start of a local Azure that was stopped, within 1.2 times what 25 such servers take on the same cores
with nothing of ours around them, all begun at once. Medians. Run with: python -m benchmarks.recovery
"""

import argparse
import statistics
import sys
import tempfile
import time
from http.client import HTTPException
from pathlib import Path

from azml.emulator.dataplane.contract import DesiredDeployment
from benchmarks.make_up import servers_start
from tests.emulator.local_azure import WORKSPACE, endpoint_body
from tests.emulator.serving import CONDA
from tests.soak.azure import SCRIPT, SoakedAzure

KILLED_LIMIT = 1.5  # seconds
RESTART_LIMIT = 1.2
ENDPOINTS = 25
PLACES = [f"{WORKSPACE}/onlineEndpoints/many-{number}" for number in range(ENDPOINTS)]


def restarted(azure: SoakedAzure) -> float:
    """Seconds from the start of a local Azure that was stopped until every endpoint has answered."""
    uris = [azure.arm("GET", place).body["properties"]["scoringUri"] for place in PLACES]
    keys = [azure.arm("POST", f"{place}/listKeys").body["primaryKey"] for place in PLACES]
    azure.stop()
    began = time.perf_counter()
    azure.launch()
    for uri, key in zip(uris, keys, strict=True):
        status = azure.score(b"{}", uri=uri, headers={"Authorization": f"Bearer {key}"}).status
        if status != 200:
            raise RuntimeError(f"{uri} answered {status} after the start had returned")
    return time.perf_counter() - began


def killed(azure: SoakedAzure) -> float:
    """Seconds from the kill of a deployment's only server to its next answer."""
    victim = azure.servers()[0]
    name = str(victim.environ()["SLOT"])
    began = time.perf_counter()
    victim.kill()
    while not answers(azure, name):
        time.sleep(0.01)
    return time.perf_counter() - began


def answers(azure: SoakedAzure, name: str) -> bool:
    """Whether a deployment answers now."""
    try:
        return azure.score(b"{}", name).status == 200
    except (OSError, HTTPException):
        return False


def bare(folder: Path) -> float:
    """Seconds of 25 servers of the same script, begun at once."""
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / "score.py").write_bytes(SCRIPT)
    wanted = {"code_folder": folder / "code", "scoring_script": "score.py", "conda": CONDA}
    served = [
        DesiredDeployment(f"/{number}", "/e", f"many-{number}", **wanted, environment_variables={"SLOT": "x"})  # type: ignore[arg-type]
        for number in range(ENDPOINTS)
    ]
    return servers_start(served, folder)


def measure(rounds: int, kills: int) -> dict[str, list[float]]:
    """Seconds of each, in turns."""
    taken: dict[str, list[float]] = {"after a kill": [], "restart": [], "bare servers": []}
    with tempfile.TemporaryDirectory(prefix="azml-bench-") as name:
        azure = SoakedAzure(Path(name))
        try:
            azure.launch()
            azure.build()
            taken["after a kill"] += [killed(azure) for _ in range(kills)]
            for place in PLACES:
                azure.put(place, endpoint_body())
            azure.deploy((place, "blue") for place in PLACES)
            for place in PLACES:
                azure.put(place, endpoint_body({"blue": 100}))
            for _ in range(rounds):
                taken["restart"].append(restarted(azure))
                azure.stop()
                taken["bare servers"].append(bare(Path(name)))
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
    ratio = medians["restart"] / medians["bare servers"]
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
    told = parser.parse_args()
    return 0 if show(measure(told.rounds, told.kills)) else 1


if __name__ == "__main__":
    sys.exit(main())
