"""Recorded requests sent to both deployments, and their answers compared."""

import json
import time
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from azml.cli.rollouts.sources.functions import function_of
from azml.cli.rollouts.sources.requests import OK, Reply, Requests
from azml.rollout.driving.ports import Unavailable
from azml.rollout.gates import AgreementGate
from azml.rollout.judging.agreement import Exchange, with_exchange
from azml.rollout.judging.looks import Matches, Replayed

SECONDS = 10.0
"""How long one look goes on replaying, so that a driver comes to renew its lease."""
BATCH = 10


class Replay:
    """One agreement gate in one step: it goes on where the last look ended."""

    def __init__(self, gate: AgreementGate, bodies: list[bytes], requests: Requests, folder: Path) -> None:
        self._gate = gate
        self._requests = requests
        self._left: Iterator[tuple[int, bytes]] = islice(enumerate(bodies, 1), gate.sample)
        self._function = function_of(gate.function, folder) if gate.function else None
        self._found = Replayed({field.path: Matches(0, 0) for field in gate.fields})

    def go_on(self, stable: str, candidate: str) -> Replayed:
        """All answers compared so far, after some more. Raises Unavailable where stable does not answer."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and (asked := list(islice(self._left, BATCH))):
            try:
                old, new = self._requests.send_both(stable, candidate, [body for _, body in asked])
                self._compare(asked, old, new)
            except Unavailable:
                self._left = chain(asked, self._left)  # the next look asks again: the sample is to be whole
                raise
        return self._found

    def _compare(self, asked: list[tuple[int, bytes]], old: list[Reply], new: list[Reply]) -> None:
        """A candidate that does not answer agrees in nothing."""
        if failed := [reply.status for reply in old if reply.status != OK]:
            # Nothing to compare with: that says nothing about the candidate.
            raise Unavailable(
                f"the stable deployment answered {len(failed)} of {len(old)} replayed requests with "
                f"{failed[0] or 'nothing'}"
            )
        found = self._found
        for (number, body), one, other in zip(asked, old, new, strict=True):
            answer = other.document if other.status == OK else None
            exchange = Exchange(number, json.loads(body), one.document, answer)
            try:
                found = with_exchange(found, self._gate, exchange, self._function)
            except Exception as error:  # the endpoint's own function may raise anything
                raise Unavailable(f"{self._gate.function} failed on request {number}: {error!r}") from error
        self._found = found
