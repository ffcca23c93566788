"""Decides which instance takes which request, and when: the state that the rules work on."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from random import Random
from typing import Protocol

from azml.emulator.contract.routing_table import RoutedDeployment, RoutedEndpoint, RoutingTable
from azml.emulator.router.rules import NOT_READY, TOO_MANY, Refusal, least_busy, queue_limit

_SUSPECT_SECONDS = 1.0


class Job(Protocol):
    """A request on its way to an instance."""

    def start(self, instance: str, address: str) -> None:
        """Send it to this instance now."""

    def refuse(self, refusal: Refusal) -> None:
        """Answer it with a refusal."""


class RequestQueue:
    """One deployment's queue. It is kept when the table changes, so that no waiting request is lost."""

    def __init__(self, deployment: RoutedDeployment, random: Random) -> None:
        self.deployment = deployment
        self.loads: Counter[str] = Counter()
        self._random = random
        self._waiting: deque[Job] = deque()
        self._held = 0
        self._suspects: set[str] = set()

    def submit(self, job: Job) -> Refusal | None:
        """Queue a request, or return why it is refused."""
        instances = len(self.deployment.instances)
        if not instances:
            return NOT_READY
        if self._held >= queue_limit(self.deployment.concurrency, instances):
            return TOO_MANY
        self._held += 1
        self._waiting.append(job)
        self.pump()
        return None

    def change(self, deployment: RoutedDeployment) -> None:
        """Change instances or limits. Requests in progress stay where they are."""
        self.deployment = deployment
        self._suspects.clear()
        self.pump()

    def pump(self) -> None:
        """Start waiting requests while instances are free."""
        while self._waiting:
            instances = {one.name: one.address for one in self.deployment.instances}
            usable = {name: self.loads[name] for name in instances if name not in self._suspects}
            if not usable:
                return self._refuse_all()
            name = least_busy(usable, self.deployment.concurrency, self._random)
            if name is None:
                return None
            job = self._waiting.popleft()
            self.loads[name] += 1
            job.start(name, instances[name])
        return None

    def done(self, instance: str) -> None:
        """An instance has finished a request."""
        self._held -= 1
        self._left(instance)
        self.pump()

    def cancel(self, job: Job) -> None:
        """Remove a waiting request."""
        self._waiting.remove(job)
        self._held -= 1

    def unreachable(self, instance: str, job: Job) -> None:
        """An instance refused the connection: the request, of which nothing was sent, goes to another."""
        self._left(instance)
        self._suspects.add(instance)
        asyncio.get_running_loop().call_later(_SUSPECT_SECONDS, self._suspects.discard, instance)
        self._waiting.appendleft(job)
        self.pump()

    def busy_with(self, instance: str) -> int:
        """How many requests an instance has, or may still get from this queue."""
        known = any(one.name == instance for one in self.deployment.instances)
        return self.loads[instance] + (len(self._waiting) if known else 0)

    @property
    def idle(self) -> bool:
        """Whether no request is waiting or in progress."""
        return self._held == 0

    def _left(self, instance: str) -> None:
        self.loads[instance] -= 1
        if not self.loads[instance]:
            del self.loads[instance]

    def _refuse_all(self) -> None:
        while self._waiting:
            job = self._waiting.popleft()
            self._held -= 1
            job.refuse(NOT_READY)


class Dispatcher:
    """The routing table with the state it needs. Until it is `complete`, more may exist than it names."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.endpoints: dict[str, RoutedEndpoint] = {}
        self.complete = False
        self._queues: dict[str, RequestQueue] = {}
        self._retired: list[RequestQueue] = []

    def apply(self, table: RoutingTable) -> None:
        """Route by this table from now on. A deployment that was removed finishes its requests."""
        wanted = {one.key: one for endpoint in table.endpoints for one in endpoint.deployments}
        for key in self._queues.keys() - wanted.keys():
            self._retired.append(self._queues.pop(key))
        self._retired = [queue for queue in self._retired if not queue.idle]
        self.complete = table.complete
        self.endpoints = {endpoint.path.strip("/").lower(): endpoint for endpoint in table.endpoints}
        for key, deployment in wanted.items():
            if key in self._queues:
                self._queues[key].change(deployment)
            else:
                self._queues[key] = RequestQueue(deployment, self.random)

    def queue_of(self, deployment: RoutedDeployment) -> RequestQueue:
        """The queue of a deployment in the table."""
        return self._queues[deployment.key]

    def busy(self, instances: Iterable[str]) -> int:
        """How many requests these instances have, or may still get."""
        queues = [*self._queues.values(), *self._retired]
        return sum(queue.busy_with(instance) for instance in instances for queue in queues)
