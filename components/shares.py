"""What traffic and mirror traffic may say. Rules of Azure Machine Learning online endpoints."""

from collections.abc import Iterator, Mapping

MIRROR_LIMIT = 50
"""Percent of requests that may be mirrored at most."""

Problem = tuple[str, str, str]
"""The key at fault (`traffic` or `mirror_traffic.green`), what is wrong, what would be right."""


def problems(
    traffic: Mapping[str, int], mirror: Mapping[str, int], slots: Mapping[str, object], kind: str
) -> Iterator[Problem]:
    """Every way in which these shares could not be set on an endpoint of `kind` with these deployments."""
    yield from _unknown("traffic", traffic, slots)
    yield from _unknown("mirror_traffic", mirror, slots)
    yield from _sums(traffic)
    yield from _mirror(traffic, {name: share for name, share in mirror.items() if share}, kind)


def _unknown(key: str, shares: Mapping[str, int], slots: Mapping[str, object]) -> Iterator[Problem]:
    declared = ", ".join(sorted(slots)) or "none"
    for name in shares.keys() - slots.keys():
        yield f"{key}.{name}", "names no deployment of this endpoint", f"declared: {declared}"


def _sums(traffic: Mapping[str, int]) -> Iterator[Problem]:
    outside = {name: share for name, share in traffic.items() if not 0 <= share <= 100}
    for name, share in outside.items():
        yield f"traffic.{name}", f"is {share}", "a share is 0 to 100 percent"
    total = sum(traffic.values())
    if not outside and total not in (0, 100):
        yield (
            "traffic",
            f"adds up to {total}",
            "shares add up to 100, or to 0 for an endpoint without traffic",
        )


def _mirror(traffic: Mapping[str, int], mirror: Mapping[str, int], kind: str) -> Iterator[Problem]:
    if mirror and kind == "kubernetes":
        yield "mirror_traffic", "is set on a Kubernetes endpoint", "only managed endpoints can mirror"
    if len(mirror) > 1:
        yield "mirror_traffic", f"names {len(mirror)} deployments", "one deployment can mirror at a time"
    for name, share in mirror.items():
        if not 0 < share <= MIRROR_LIMIT:
            yield f"mirror_traffic.{name}", f"is {share}", f"mirror at most {MIRROR_LIMIT} percent"
        if traffic.get(name):
            remedy = "a deployment mirrors or answers users, not both: remove it from one"
            yield f"mirror_traffic.{name}", f"has {traffic[name]} % of the live traffic", remedy
