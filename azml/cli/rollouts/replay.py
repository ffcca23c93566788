"""Recorded requests sent to both deployments, and their answers compared field by field."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import NamedTuple

from azml.cli.rollouts.requests import Reply, Requests
from azml.rollout import answers
from azml.rollout.answers import Match
from azml.rollout.gates import AgreementGate
from azml.rollout.looks import Matches, Replayed
from azml.rollout.ports import Unavailable

SECONDS = 10.0
"""How long one look goes on replaying, so that a driver comes to renew its lease."""
BATCH = 10


class Mismatch(NamedTuple):
    """A request that the deployments answered differently, as JSON texts."""

    path: str
    request: str
    stable: str
    candidate: str


class Replay:
    """One agreement gate in one step: it goes on where the last look ended."""

    def __init__(self, gate: AgreementGate, bodies: list[bytes], requests: Requests) -> None:
        self.gate = gate
        self.mismatches: list[Mismatch] = []
        self._requests = requests
        self._left: Iterator[bytes] = islice(cycle(bodies), gate.sample)
        self._fields: dict[str, Matches] = {field.path: Matches(0, 0) for field in gate.fields}

    def go_on(self, stable: str, candidate: str) -> Replayed:
        """All answers compared so far, after some more. Raises Unavailable where stable does not answer."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and (bodies := list(islice(self._left, BATCH))):
            with ThreadPoolExecutor(2) as threads:
                both = threads.map(lambda slot: self._requests.send(slot, bodies), (stable, candidate))
                old, new = both
            if failed := [reply.status for reply in old if reply.status != 200]:
                # Nothing to compare with: that says nothing about the candidate.
                raise Unavailable(
                    f"the stable deployment answered {len(failed)} of {len(old)} replayed requests with "
                    f"{failed[0] or 'nothing'}"
                )
            for body, one, other in zip(bodies, old, new, strict=True):
                self._compare(body, one, other)
        return Replayed(dict(self._fields))

    def _compare(self, body: bytes, old: Reply, new: Reply) -> None:
        """A candidate that does not answer agrees in nothing."""
        for field in self.gate.fields:
            document = new.document if new.status == 200 else None
            match = answers.compare(field, old.document, document)
            self._fields[field.path] = answers.counted(self._fields[field.path], match)
            if match is Match.DIFFERENT and len(self.mismatches) < self.gate.keep_mismatches:
                texts = (json.dumps(one) for one in (old.document, document))
                self.mismatches.append(Mismatch(field.path, body.decode(), *texts))
