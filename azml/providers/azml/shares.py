"""Checks shares of traffic against Azure's rules before anything is written.

Sources: https://learn.microsoft.com/azure/machine-learning/how-to-safely-rollout-online-endpoints
and https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas.
"""

from collections.abc import Iterator, Mapping, Sequence

from azml import rules
from azml.engine_values import Unknown, Value
from azml.findings import did_you_mean
from azml.providers.calls import Failure


def findings(traffic: Value, mirror: Value, deployments: Value) -> Iterator[Failure]:
    """Every fault in the shares; values that are not known yet are not checked."""
    declared = _known_names(deployments)
    for key, weights in (("traffic", traffic), ("mirrorTraffic", mirror)):
        if weights is not None and not isinstance(weights, dict | Unknown):
            yield Failure(key, f"{key} must map deployment names to percent")
    live, copied = (weights if isinstance(weights, dict) else {} for weights in (traffic, mirror))
    yield from _weights("traffic", live, declared)
    yield from _weights("mirrorTraffic", copied, declared)
    yield from _sum(live)
    yield from _mirror(live, copied)


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
        elif not 0 <= share <= rules.MOST_PERCENT:
            yield Failure(path, f"the share of {name} must be between 0 and 100 percent, not {share}")
    lower = [name.lower() for name in weights]
    for name in sorted({name for name in lower if lower.count(name) > 1}):
        yield Failure(key, f"{name!r} appears twice: Azure does not distinguish upper and lower case")


def _sum(live: Mapping[str, Value]) -> Iterator[Failure]:
    numbers = [share for share in live.values() if isinstance(share, int) and not isinstance(share, bool)]
    if len(numbers) == len(live) and sum(numbers) not in rules.SUMS:
        parts = " + ".join(f"{name} {share}" for name, share in live.items())
        yield Failure("traffic", f"the shares must add up to 100 (or 0 for none): {parts} is {sum(numbers)}")


def _mirror(live: Mapping[str, Value], copied: Mapping[str, Value]) -> Iterator[Failure]:
    targets = {name: share for name, share in copied.items() if share != 0}
    if len(targets) > 1:
        yield Failure("mirrorTraffic", f"only one deployment can be mirrored to, not {' and '.join(targets)}")
    for name, share in targets.items():
        if isinstance(share, int) and share > rules.MIRROR_LIMIT:
            yield Failure(
                f"mirrorTraffic.{name}", f"at most {rules.MIRROR_LIMIT} percent can be mirrored, not {share}"
            )
        if live.get(name, 0) != 0:
            yield Failure(
                f"mirrorTraffic.{name}",
                f"{name} answers live traffic: a deployment with a share cannot be mirrored to",
            )


def without_zeros(weights: Value) -> Value:
    """The shares without zeros, which Azure drops: a share of zero and no share are the same."""
    if not isinstance(weights, dict):
        return weights
    return {name: share for name, share in weights.items() if isinstance(share, bool) or share != 0}
