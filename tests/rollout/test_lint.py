"""What is made up to prove that a gate can decide, and what the gate says of it."""

import pytest

from azml.rollout.gates import AgreementGate, Field, Gate, RateGate, SmokeGate, ThresholdGate
from azml.rollout.planning.lint import proofs


@pytest.mark.parametrize(
    ("gate", "passes", "fails"),
    [
        (RateGate("g", 0.01), "344 requests without errors", "344 requests, all of them errors"),
        (
            RateGate("g", 0.01, evidence="fixed"),
            "299 requests without errors",
            "299 requests, all of them errors",
        ),
        (ThresholdGate("g", "latency_p95", 0.3), "a minute at 0.15 s", "a minute at 0.6 s"),
        (AgreementGate("g", "r", 500, (Field("$", 0.98),)), "500 answers, all equal", "no answer equal"),
        (SmokeGate("g", "r", within=0.1), "an answer with 200 at once", "no answer"),
    ],
)
def test_what_is_made_up_is_said(gate: Gate, passes: str, fails: str) -> None:
    good, bad = proofs(gate)
    assert (good.given, bad.given) == (passes, fails)
    assert good.holds and bad.holds


@pytest.mark.parametrize(
    ("gate", "passes", "fails"),
    [
        (RateGate("g", 0.01), "0 of 344", "344 of 344"),
        (ThresholdGate("g", "latency_p95", 0.3), "of 1 minute is 0.15 s", "of 1 minute is 0.6 s"),
        (AgreementGate("g", "r", 500, (Field("$", 0.98),)), "500 of 500 agree", "0 of 500 agree"),
        (SmokeGate("g", "r", within=0.1), "the only request is answered", "was not answered"),
    ],
)
def test_the_gate_has_looked_at_what_is_said(gate: Gate, passes: str, fails: str) -> None:
    good, bad = proofs(gate)
    assert passes in good.found.why and fails in bad.found.why
