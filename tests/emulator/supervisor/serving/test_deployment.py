"""Deployments as Microsoft's own inference server runs them, behind the real router."""

import asyncio
import os
from collections import Counter
from pathlib import Path

import psutil
import pytest

from azml.emulator.contract.deployments import Probe
from tests.emulator.harness import Harness, until


def scoring_processes(run_dir: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(run_dir) in " ".join(process.info["cmdline"] or ()) and "gunicorn" in process.info["cmdline"]
    ]


async def test_a_scoring_script_answers_its_errors_are_model_errors_and_nothing_of_ours_leaks_into_it(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "hush")
    await harness.endpoint({"blue": 100})
    model = tmp_path / "models"
    model.mkdir()
    variables = {"FLAVOUR": "one", "MINE": "yes"}
    observed = await harness.settled(harness.desired(model_folder=model, environment_variables=variables))
    assert (observed.state, observed.instances_ready, observed.error) == ("ready", 1, None)
    status, answer = await harness.ask({"x": 1})
    assert (status, answer["flavour"], answer["asked"]) == (200, "one", {"x": 1})
    assert (await harness.ask({"raise": 1}))[0] == 424
    log = harness.dataplane.logs("/e/blue", "inference-server", 100)
    assert "init of one" in log
    assert "ValueError: as asked" in log
    assert "building environment" in harness.dataplane.logs(
        "/e/blue", "storage-initializer", 100
    ) or "is in the cache" in harness.dataplane.logs("/e/blue", "storage-initializer", 100)

    _, answer = await harness.ask({"environment": 1})
    assert "hush" not in answer.values()
    assert answer["MINE"] == "yes"
    assert Path(answer["AZUREML_MODEL_DIR"]).parts[-2:] == model.parts[-2:]
    assert Path(answer["AML_APP_ROOT"]).name == "code"
    assert answer["AZUREML_ENTRY_SCRIPT"] == "score.py"
    assert not list(harness.code.rglob("__pycache__"))


async def test_a_failing_init_is_failed_with_its_traceback_in_seconds(harness: Harness) -> None:
    (harness.code / "score.py").write_text("def init():\n    {}['model']\n\ndef run(data): ...\n")
    observed = await asyncio.wait_for(harness.settled(harness.desired()), 60)
    assert observed.state == "failed"
    assert "KeyError: 'model'" in (observed.error or "")
    assert "exit code 3" in (observed.error or "")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"conda": "dependencies: ["}, "conda file"),
        ({"conda": "[" * 20_000}, "RecursionError"),
        ({"scoring_script": "other.py"}, "other.py is not in the code"),
        ({"code_folder": None}, "neither a scoring script nor an MLflow model"),
    ],
)
async def test_what_cannot_start_says_why(harness: Harness, fields: dict[str, object], reason: str) -> None:
    observed = await harness.settled(harness.desired(**fields))
    assert observed.state == "failed"
    assert reason in (observed.error or "")


async def test_a_new_content_replaces_the_old_without_a_lost_request_and_one_that_fails_replaces_nothing(
    harness: Harness, run_dir: Path
) -> None:
    await harness.endpoint({"blue": 100})
    base = {"max_concurrent_requests_per_instance": 8}
    await harness.settled(harness.desired(environment_variables={"FLAVOUR": "one"}, **base))
    seen: Counter[tuple[int, str]] = Counter()
    stop = asyncio.Event()

    async def client() -> None:
        while not stop.is_set():
            status, answer = await harness.ask({"sleep": 0.01})
            seen[status, answer.get("flavour")] += 1

    clients = [asyncio.create_task(client()) for _ in range(4)]
    two = harness.desired(environment_variables={"FLAVOUR": "two"}, **base)
    await harness.settled(two)
    await until(lambda: seen[200, "two"] > 5)
    stop.set()
    await asyncio.gather(*clients)
    assert set(seen) == {(200, "one"), (200, "two")}
    await until(lambda: len(scoring_processes(run_dir)) == 2)  # one master, one worker
    await the_old_serves_on_when_the_new_fails_and_a_good_one_mends_it(harness)


async def the_old_serves_on_when_the_new_fails_and_a_good_one_mends_it(harness: Harness) -> None:
    broken = harness.code.parent / "broken"
    broken.mkdir()
    (broken / "score.py").write_text("raise RuntimeError('not today')\n")
    observed = await harness.settled(harness.desired(code_folder=broken))
    assert (observed.state, observed.instances_ready) == ("failed", 1)
    assert "not today" in (observed.error or "")
    assert (await harness.ask({}))[1]["flavour"] == "two"
    (broken / "score.py").write_text((harness.code / "score.py").read_text())
    assert (await harness.settled(harness.desired(code_folder=broken))).state == "ready"


async def test_the_same_again_starts_nothing_scaling_keeps_what_runs_and_what_dies_comes_back(
    harness: Harness, run_dir: Path
) -> None:
    await harness.endpoint({"blue": 100})
    one = harness.desired(max_concurrent_requests_per_instance=4)
    await harness.settled(one)
    before = {process.pid for process in scoring_processes(run_dir)}
    await harness.dataplane.put_deployment(one)
    assert harness.dataplane.observe("/e/blue").state == "ready"
    observed = await harness.settled(
        harness.desired(instance_count=2, max_concurrent_requests_per_instance=4)
    )
    assert observed.instances_ready == 2
    assert before < {process.pid for process in scoring_processes(run_dir)}
    pids = {item["pid"] for _, item in await asyncio.gather(*(harness.ask({"sleep": 0.2}) for _ in range(6)))}
    assert len(pids) == 2
    assert (await harness.settled(one)).instances_ready == 1
    await until(lambda: len(scoring_processes(run_dir)) == 2)
    await a_scoring_process_that_dies_comes_back(harness)
    await harness.dataplane.delete_deployment("/e/blue")
    assert not scoring_processes(run_dir)
    assert (await harness.ask({}))[0] == 503, "what has a share exists"
    await harness.endpoint({})
    assert (await harness.ask({}))[0] == 404


async def a_scoring_process_that_dies_comes_back(harness: Harness) -> None:
    _, answer = await harness.ask({})
    os.kill(answer["pid"], 9)  # the worker: its master starts another
    assert (await harness.ask({"die": 1}))[0] in (502, 424, 200, 503)  # the master
    await until(lambda: harness.dataplane.observe("/e/blue").instances_ready == 0)
    await until(lambda: harness.dataplane.observe("/e/blue").instances_ready == 1)
    await harness.dataplane.publish()  # the router may be about to hear of it
    assert (await harness.ask({}))[0] == 200


async def test_a_process_that_hangs_is_started_again_by_its_liveness_probe(harness: Harness) -> None:
    await harness.endpoint({"blue": 100})
    probe = Probe(initial_delay=0.1, period=0.2, timeout=0.6, failure_threshold=2)
    await harness.settled(harness.desired(liveness=probe, readiness=probe, request_timeout_ms=100))
    _, answer = await harness.ask({})
    assert (await harness.ask({"sleep": 3600}))[0] == 408
    await until(lambda: harness.dataplane.observe("/e/blue").instances_ready == 0)
    await until(lambda: harness.dataplane.observe("/e/blue").instances_ready == 1)
    assert (await harness.ask({}))[1]["pid"] != answer["pid"]
