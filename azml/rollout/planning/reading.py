"""`rollout:` of an endpoint, read into a plan: a preset's name, a file's, or a mapping."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from azml import rules
from azml.findings import Finding, Place, did_you_mean
from azml.rollout.deciding.state import Phase
from azml.rollout.gates import Evidence, Gate
from azml.rollout.plan import (
    ApproveStep,
    Notice,
    Plan,
    RetireStep,
    ShadowStep,
    SmokeStep,
    Step,
    TrafficStep,
    Undo,
    gates_of,
)
from azml.rollout.planning.checks import problems
from azml.rollout.planning.gate_reading import read_gate
from azml.rollout.planning.presets import PRESETS
from azml.rollout.planning.tables import PlanTable
from azml.specs import Node, from_python, parse, read_text

UNDO: tuple[Undo, ...] = ("rollback", "pause")
KINDS = ("smoke", "shadow", "traffic", "approve", "retire")
SECRET = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
"""The name of a secret of the stack; an address is none, so that no webhook's token gets into a plan."""
PHASES = tuple(phase.value for phase in Phase if phase is not Phase.DECLARED)


@dataclass(frozen=True)
class About:
    """What a plan is for: the endpoint's folder and kind, and whether it is `protect`ed, as production is."""

    folder: Path
    kind: str = "managed"
    protect: bool = False


def read_plan(written: Node, about: About, findings: list[Finding]) -> Plan | None:
    """The plan, None with every finding where it cannot be used."""
    root = _expanded(written, about.folder, findings)
    table = None if root is None else PlanTable.of(root, findings)
    if table is None:
        return None
    before = len(findings)
    plan = _Reader(table, about, findings).read()
    return plan if len(findings) == before else None


def _expanded(written: Node, folder: Path, findings: list[Finding]) -> Node | None:
    """The mapping that is meant: the preset's, the file's, or the one that stands there."""
    if isinstance(written.value, str):
        if not written.value.endswith((".yml", ".yaml")):
            return _preset(written, written.value, findings)
        path = Path(written.value)
        if path.is_absolute() or ".." in path.parts:
            findings.append(written.wrong(f"{written.value!r} leads out of {folder}", "name a file below it"))
            return None
        text = read_text(folder / path, findings)
        found = None if text is None else parse(text, folder / path, findings)
        return found if found is None else _over_preset(found, findings)
    return _over_preset(written, findings)


def _over_preset(written: Node, findings: list[Finding]) -> Node | None:
    """A mapping that names a `preset:` keeps its steps and gates, but for those it writes itself."""
    if not written.is_table or "preset" not in written.value:
        return written
    named = written.value["preset"]
    base = _preset(named, named.value, findings)
    if base is None:
        return None
    own = {key: node for key, node in written.value.items() if key != "preset"}
    if "steps" in own:
        used = {node.value for _, node in own["steps"].walk() if isinstance(node.value, str)}
        kept = {name: gate for name, gate in base.value["gates"].value.items() if name in used}
        base = replace(base, value={**base.value, "gates": replace(base.value["gates"], value=kept)})
    gates = own.get("gates")
    if gates is not None and gates.is_table:
        own["gates"] = replace(gates, value={**base.value["gates"].value, **gates.value})
    return replace(written, value={**base.value, **own})


def _preset(node: Node, name: object, findings: list[Finding]) -> Node | None:
    if not isinstance(name, str) or name not in PRESETS:
        remedy = f"{did_you_mean(str(name), PRESETS)}; a plan's own file ends in .yml or .yaml"
        findings.append(node.wrong(f"{name!r} is not a preset", remedy))
        return None
    return from_python(PRESETS[name], node.key, lambda key: Place(node.file, node.line, key))


def _with_on(node: Node) -> Node:
    """A notice whose key `on` is read as that: YAML 1.1 takes it for `true`."""
    if not node.is_table or True not in node.value:
        return node
    renamed = {"on" if key is True else key: one for key, one in node.value.items()}
    on = renamed["on"]
    if isinstance(on.value, list):
        members = [replace(one, key=f"{node.key}.on[{place}]") for place, one in enumerate(on.value)]
        on = replace(on, value=members)
    return replace(node, value={**renamed, "on": replace(on, key=f"{node.key}.on")})


class _Reader:
    """Reads one mapping; gates before the steps that name them."""

    def __init__(self, table: PlanTable, about: About, findings: list[Finding]) -> None:
        self.table = table
        self.about = about
        self.findings = findings
        self.gates: dict[str, Gate | None] = {}
        self.used: set[str] = set()

    def read(self) -> Plan:
        options = self.options()
        evidence = cast(Evidence, options.pop("evidence"))
        self.gates = dict(self.read_gates(evidence))
        nodes = self.table.nodes("steps", required=True)
        read = [(node, step) for node in nodes if (step := self.step(node)) is not None]
        plan = Plan(tuple(step for _, step in read), **options)
        self.unused()
        self.table.finish()
        steps = self.table.node.value.get("steps")
        if steps is not None and steps.value == []:
            self.findings.append(steps.wrong("is empty", "end with {traffic: 100}"))
        elif read and len(read) == len(nodes):
            self.check(plan, [node for node, _ in read])
        return plan

    def check(self, plan: Plan, nodes: list[Node]) -> None:
        for place, message, remedy in problems(plan, self.about.kind, protect=self.about.protect):
            node = self.table.node if place is None else nodes[place]
            self.findings.append(node.wrong(message, remedy))

    def options(self) -> dict[str, Any]:
        """What holds for all steps, by the names of the plan's fields."""
        found: dict[str, Any] = {"evidence": "strict"}
        if own := self.table.inner("defaults"):
            found["interval"] = own.time("interval", Plan.interval)
            found["evidence"] = own.pick("evidence", ("strict", "fixed"), "strict")
            found["on_fail"] = own.pick("on_fail", UNDO, "rollback")
            found["deadline"] = own.time("deadline", Plan.deadline)
            if late := own.inner("on_inconclusive"):
                found["extend"] = late.time("extend", Plan.extend)
                most = late.integer("at_most", 0, 100)
                found["at_most"] = Plan.at_most if most is None else most
                found["then"] = late.pick("then", ("pause", "rollback"), "pause")
                late.finish()
            if failed := own.inner("on_error"):
                tolerated = failed.integer("tolerate", 0, 1000)
                found["tolerate"] = Plan.tolerate if tolerated is None else tolerated
                failed.choice("then", ("pause",))
                failed.finish()
            own.finish()
        if own := self.table.inner("rollback"):
            found["verify_within"] = own.time("verify_within", Plan.verify_within)
            own.finish()
        if own := self.table.inner("resume"):
            found["stale_after"] = own.time("stale_after", Plan.stale_after)
            found["plan_changed"] = own.pick("plan_changed", ("abort", "carry_on"), "abort")
            own.finish()
        found["notify"] = tuple(self.notices())
        return found

    def notices(self) -> Iterator[Notice]:
        for node in self.table.nodes("notify"):
            own = PlanTable.of(_with_on(node), self.findings)
            if own is None:
                continue
            on = tuple(self.phase(one) for one in own.nodes("on", required=True))
            if "on" in own.node.value and own.node.value["on"].value == []:
                own.fault("on", "names no phase, so no notice would be sent", f"one of {', '.join(PHASES)}")
            webhook = own.text("webhook", required=True)
            if webhook is not None and not SECRET.fullmatch(webhook):
                remedy = "write the name of a secret of the stack: pulumi config set --secret rollout:NAME"
                own.fault("webhook", "is not the name of a secret", remedy)
            own.finish()
            if webhook is not None:
                yield Notice(on, webhook)

    def phase(self, node: Node) -> str:
        if node.value not in PHASES:
            remedy = did_you_mean(str(node.value), PHASES)
            self.findings.append(
                node.wrong(f"{node.value!r} is not a phase that notices are sent for", remedy)
            )
        return str(node.value)

    def read_gates(self, evidence: Evidence) -> Iterator[tuple[str, Gate | None]]:
        for name, node in self.table.entries("gates").items():
            own = PlanTable.of(node, self.findings)
            yield name, read_gate(name, own, self.about.folder, evidence) if own else None

    def unused(self) -> None:
        for name in [name for name in self.gates if name not in self.used]:
            node = self.table.node.value["gates"].value[name]
            self.findings.append(
                node.wrong("is not used by any step, so it could never fail", "name it in one")
            )

    def named(self, own: PlanTable, key: str) -> tuple[Gate, ...]:
        """The gates that a step names."""
        found = []
        for node in own.nodes(key):
            if not isinstance(node.value, str) or node.value not in self.gates:
                remedy = did_you_mean(str(node.value), self.gates) if self.gates else "write it below gates:"
                self.findings.append(node.wrong(f"{node.value!r} is not a gate of this plan", remedy))
                continue
            self.used.add(node.value)
            if gate := self.gates[node.value]:
                found.append(gate)
        return tuple(found)

    def step(self, node: Node) -> Step | None:
        own = PlanTable.of(node, self.findings)
        kinds = [kind for kind in KINDS if own and kind in own.node.value]
        if own is None or len(kinds) != 1:
            if own is not None:
                self.findings.append(node.wrong("is not a step", f"one of {', '.join(KINDS)} is needed"))
            return None
        step = self.read_step(kinds[0], own)
        own.finish()
        return step

    def read_step(self, kind: str, own: PlanTable) -> Step | None:
        if kind == "smoke":
            return SmokeStep(self.named(own, "smoke"))
        if kind == "approve":
            return self.approve(own)
        if kind == "retire":
            return self.retire(own)
        gates = self.named(own, "gates")
        least = own.time("for", required=bool(gates))
        most = rules.MIRROR_LIMIT if kind == "shadow" else rules.MOST_PERCENT
        percent = own.integer(kind, 1, most)
        if percent is None:
            return None
        return (ShadowStep if kind == "shadow" else TrafficStep)(percent, least, gates)

    def approve(self, own: PlanTable) -> Step | None:
        inner = own.inner("approve")
        if inner is None:
            return None
        within = inner.time("within", required=True)
        otherwise = inner.pick("otherwise", UNDO, "rollback")
        gates = self.named(inner, "while_waiting")
        inner.finish()
        return ApproveStep(within, otherwise, gates)

    def retire(self, own: PlanTable) -> Step | None:
        inner = own.inner("retire")
        if inner is None:
            return None
        after = inner.time("after", required=True)
        inner.finish()
        return RetireStep(after)


def gates(plan: Plan) -> Mapping[str, Gate]:
    """All gates of a plan by their names, in the order of the steps."""
    return {gate.name: gate for step in plan.steps for gate in gates_of(step)}
