"""Plans for tests, read as a user writes them."""

import re
from pathlib import Path
from typing import Any

from azml.findings import Finding
from azml.rollout.plan import Plan
from azml.rollout.planning.reading import About, read_plan
from azml.specs import parse

NOWHERE = Path("nowhere")
"""No such folder, so that the requests of gates are not looked for in it."""
GATES = """\
gates:
  errors: {metric: error_rate, max: 0.01, against_stable: {max_ratio: 1.5}}
  latency: {slower_than: 250ms, max: 0.05}
  p95: {metric: latency_p95, max: 250ms}
  agreement: {compare: replay, requests: requests.jsonl, fields: [{path: "$[*]", at_least: 0.98}]}
  smoke: {requests: "requests/*.json"}
"""


def read(text: str, folder: Path = NOWHERE, **about: Any) -> tuple[Plan | None, list[Finding]]:
    findings: list[Finding] = []
    node = parse(text, Path("plan.yml"), findings)
    assert node is not None, findings
    return read_plan(node, About(folder, **about), findings), findings


def plan(text: str) -> Plan:
    found, findings = read(text)
    assert found is not None, [str(one) for one in findings]
    return found


def steps(*lines: str, gates: str = GATES, defaults: str = "{}") -> str:
    """A plan of these steps; only the gates they name are kept."""
    named = set(re.findall(r"\w+", " ".join(re.findall(r"\[[^]]*\]", " ".join(lines)))))
    kept = [line for line in gates.splitlines() if line[0] != " " or line.split(":")[0].strip() in named]
    return "\n".join([f"defaults: {defaults}", *kept, "steps:", *(f"  - {line}" for line in lines)])
