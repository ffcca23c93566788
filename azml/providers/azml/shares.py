"""Checks shares of traffic against Azure's rules before anything is written.

Sources: https://learn.microsoft.com/azure/machine-learning/how-to-safely-rollout-online-endpoints
and https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas.
"""

from collections.abc import Iterator, Mapping, Sequence

from azml import rules
from azml.engine_values import Unknown, Value
from azml.findings import did_you_mean
from azml.providers.calls import Failure

_KEYS = {"traffic": "traffic", "mirror_traffic": "mirrorTraffic"}
"""Our names of the shares, as the inputs have them."""


def findings(traffic: Value, mirror: Value, deployments: Value) -> Iterator[Failure]:
    """Every fault in the shares; values that are not known yet are not checked."""
    declared = _known_names(deployments)
    for key, weights in (("traffic", traffic), ("mirrorTraffic", mirror)):
        if weights is not None and not isinstance(weights, dict | Unknown):
            yield Failure(key, f"{key} must map deployment names to percent")
    live, copied = (weights if isinstance(weights, dict) else {} for weights in (traffic, mirror))
    yield from _weights("traffic", live, declared)
    yield from _weights("mirrorTraffic", copied, declared)
    yield from _refused(live, copied)


def _known_names(deployments: Value) -> Sequence[str] | None:
    """The declared deployments; None when not all are known yet."""
    if not isinstance(deployments, list) or any(isinstance(name, Unknown) for name in deployments):
        return None
    return [str(name) for name in deployments]


def _weights(key: str, weights: Mapping[str, Value], declared: Sequence[str] | None) -> Iterator[Failure]:
    for name, share in weights.items():
        path = f"{key}.{name}"
        if not rules.ANY_DEPLOYMENT.accepts(name):
            yield Failure(path, f"{name!r} is not a deployment name: {rules.ANY_DEPLOYMENT.words}")
        elif declared is not None and name not in declared:
            yield Failure(path, f"there is no deployment {name!r}: {did_you_mean(name, declared)}")
        if isinstance(share, Unknown):
            continue
        if isinstance(share, bool) or not isinstance(share, int):
            yield Failure(path, f"the share of {name} must be a whole number of percent, not {share!r}")
    lower = [name.lower() for name in weights]
    for name in sorted({name for name in lower if lower.count(name) > 1}):
        yield Failure(key, f"{name!r} appears twice: Azure does not distinguish upper and lower case")


def _refused(live: Mapping[str, Value], copied: Mapping[str, Value]) -> Iterator[Failure]:
    """What Azure refuses of the shares that are known."""
    traffic, mirror = _numbers(live), _numbers(copied)
    for problem in rules.share_problems(traffic, mirror, all_known=len(traffic) == len(live)):
        key = _KEYS[problem.kind]
        whole = " + ".join(f"{name} {share}" for name, share in traffic.items())
        what = problem.name or (whole if problem.kind == "traffic" else key)
        path = key if problem.name is None else f"{key}.{problem.name}"
        yield Failure(path, f"{what} {problem.message}: {problem.remedy}")


def _numbers(weights: Mapping[str, Value]) -> dict[str, int]:
    return {
        name: share
        for name, share in weights.items()
        if isinstance(share, int) and not isinstance(share, bool)
    }


def without_zeros(weights: Value) -> Value:
    """The shares without zeros, which Azure drops: a share of zero and no share are the same."""
    if not isinstance(weights, dict):
        return weights
    return {name: share for name, share in weights.items() if isinstance(share, bool) or share != 0}
