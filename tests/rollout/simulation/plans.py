"""The plans of histories: short ones, of every kind of step and option."""

from azml.rollout.plan import Plan
from tests.rollout.plans import plan, steps

HEAD = "{interval: 1m, on_inconclusive: {extend: 2m, at_most: 1, then: %s}, deadline: 40m, on_fail: %s}"
TAIL = "resume: {stale_after: 10m, plan_changed: %s}\nnotify: [{on: [paused, rolled_back], webhook: chat}]"


def _plan(*lines: str, then: str = "pause", on_fail: str = "rollback", changed: str = "abort") -> Plan:
    return plan(steps(*lines, defaults=HEAD % (then, on_fail)) + "\n" + TAIL % changed)


PLANS = (
    _plan(
        "smoke: [smoke]",
        "{traffic: 10, for: 2m, gates: [errors]}",
        "{traffic: 100, for: 2m, gates: [errors]}",
    ),
    _plan(
        "smoke: [smoke]",
        "{shadow: 20, for: 2m, gates: [errors]}",
        "{traffic: 5, for: 2m, gates: [errors, latency]}",
        "approve: {within: 15m, while_waiting: [errors]}",
        "{traffic: 100, for: 1m, gates: [errors]}",
        "retire: {after: 5m}",
        changed="carry_on",
    ),
    _plan(
        "{traffic: 50, for: 1m, gates: [agreement, p95]}",
        "{traffic: 100}",
    ),
    _plan(
        "smoke: [smoke]",
        "{traffic: 30, for: 2m, gates: [errors]}",
        "{traffic: 60, for: 1m}",
        "{traffic: 100, for: 1m, gates: [errors]}",
        then="rollback",
    ),
    _plan("smoke: [smoke]", "{traffic: 100, for: 2m, gates: [errors]}", on_fail="pause"),
)
