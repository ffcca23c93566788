"""What is looked at before and after a rollout: a rehearsal of an hour, the report, and a look back."""

import json
from typing import Any

from tests.cli.rollouts.stage import Stage

HOUR = """\
gates:
  errors: {metric: error_rate, max: 0.01}
  agreement: {compare: "check.py:same", requests: few.jsonl, sample: 60, at_least: 0.9}
steps:
  - {traffic: 10, for: 20m, gates: [errors, agreement]}
  - {traffic: 50, for: 20m, gates: [errors]}
  - {traffic: 100, for: 20m, gates: [errors]}
"""
CHECK = "def same(request, stable, candidate):\n    return stable['label'] == candidate['label']\n"


def rehearsed(stage: Stage) -> dict[str, Any]:
    """An hour of a plan on sixty recorded requests, which both scoring processes answer."""
    (stage.folder / "hour.yml").write_text(HOUR)
    (stage.folder / "check.py").write_text(CHECK)
    lines = (stage.folder / "requests.jsonl").read_text().splitlines()[:60]
    (stage.folder / "few.jsonl").write_text("\n".join(lines) + "\n")
    few = str(stage.folder / "few.jsonl")
    options = ("--requests", few, "--requests-per-minute", "600", "--plan", "hour.yml", "--json")
    done = stage.clone.run("rollout", "rehearse", "labels", "--slot", "good", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def reported(stage: Stage) -> dict[str, Any]:
    """The report of the latest rollout, as JSON, and as a page in the clone's folder."""
    journal, page = str(stage.clone.root / "past.journal"), str(stage.clone.root / "report.html")
    written = stage.clone.run("rollout", "report", "labels", "--output", page, "--journal", journal, "--json")
    assert written.returncode == 0, written.stderr
    found: dict[str, Any] = json.loads(written.stdout)
    return found


def in_retrospect(stage: Stage) -> int:
    """The exit code of the same plan, on the evidence of the journal that `reported` has kept."""
    journal = str(stage.clone.root / "past.journal")
    return stage.clone.run("rollout", "rehearse", "labels", "--journal", journal).returncode
