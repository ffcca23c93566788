"""All that a command about a rollout needs: the endpoint of a stack, its connection, its journal."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from azml.cli.clone import find_clone
from azml.cli.endpoints import endpoints
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.endpoints.sample import find_request
from azml.cli.failure import CommandError, InputError, NotThereError
from azml.cli.release import explained, plans
from azml.cli.rollouts.clock import MachineClock
from azml.cli.rollouts.endpoint import ArmEndpoint
from azml.cli.rollouts.notices import Webhooks
from azml.cli.rollouts.slots import Slots
from azml.cli.rollouts.sources import traffic_log
from azml.cli.rollouts.sources.evidence import AzureEvidence
from azml.cli.rollouts.sources.requests import Requests, bodies_in
from azml.cli.rollouts.sources.thresholds import by_percentiles, notes_on
from azml.cli.rollouts.store import BlobJournal, journal_of
from azml.cli.stacks import names, stacks
from azml.cli.stacks.stacks import Connection, Stack
from azml.rollout.driving import starting
from azml.rollout.driving.ports import Ports, Unavailable
from azml.rollout.driving.starting import Kept
from azml.rollout.gates import SmokeGate
from azml.rollout.journals.journal import BrokenJournal
from azml.rollout.plan import Plan
from azml.rollout.planning.reading import gates
from azml.stack.stack_file import StackEndpoint


class Judged(NamedTuple):
    """A plan whose gates Azure can judge; `notes` has a line for each that no traffic log can."""

    plan: Plan
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Session:
    """One endpoint of a stack; `name` is its name in Azure."""

    stack: Stack
    declared: StackEndpoint
    connection: Connection
    name: str
    store: BlobJournal

    def found(self) -> OnlineEndpoint:
        """The endpoint in Azure now. Raises NotThereError."""
        return endpoints.read(self.connection, self.name)

    def judged(self) -> Judged:
        """The stack's plan, judged by what Azure measures. Raises InputError, InvalidInput, AzureError."""
        if not has_plan(self.stack, self.declared):
            raise InputError(
                f"{self.declared.key} has no rollout: in {self.stack.path.name}, which owns its shares",
                "write a plan there, such as rollout: canary, and let pulumi up hand the shares over",
            )
        plan = plans.read(self.stack, self.declared, None)
        lines = tuple(notes_on(plan))
        if not lines or traffic_log.find(self.connection, self.id):
            return Judged(plan)
        return Judged(by_percentiles(plan), lines)

    @property
    def id(self) -> str:
        """The endpoint's ARM id."""
        return f"{self.connection.workspace.id}/onlineEndpoints/{self.name}"

    def latest(self) -> Kept | None:
        """The journal of its latest rollout; None where none has begun. Raises CommandError."""
        try:
            return starting.latest(self.store)
        except BrokenJournal as broken:
            raise CommandError(
                f"the journal of {self.name} cannot be read: {self.store.url}: {broken}",
                "put an earlier version of that blob back, or delete it to start over: no traffic moves",
            ) from broken
        except Unavailable as failed:
            raise CommandError(str(failed), "run it again") from failed

    def required(self) -> Kept:
        """The same. Raises NotThereError where no rollout has begun."""
        kept = self.latest()
        if kept is None:
            raise NotThereError(
                f"no rollout of {self.name} has begun", f"begin one: azml rollout run {self.declared.key}"
            )
        return kept

    def ports(self, slots: Slots, plan: Plan) -> Ports:
        """What carries this plan out between these slots."""
        requests = Requests(self.connection, self.name)
        capacity = explained.capacity(self.declared, slots.stable)
        sample = _sample(self.declared.folder, plan)
        endpoint = ArmEndpoint(self.connection, self.name, slots, requests, capacity, sample)
        evidence = AzureEvidence(self.connection, self.id, slots, requests, self.declared.folder)
        notices = Webhooks(self.stack) if plan.notify else None
        return Ports(MachineClock(self.connection.arm), endpoint, evidence, self.store, notices)


def has_plan(stack: Stack, declared: StackEndpoint) -> bool:
    """Whether the stack file gives the endpoint a plan."""
    return bool(stack.file.config["azml:endpoints"][declared.key].get("rollout"))


def open_session(endpoint: str, stack: str | None) -> Session:
    """The endpoint called `endpoint`, in the stack file or in Azure; `stack` as in `stacks.choose`."""
    chosen = stacks.choose(find_clone(), stack)
    return session_of(chosen, chosen.file.endpoint(endpoint))


def session_of(stack: Stack, declared: StackEndpoint) -> Session:
    """The same, of an endpoint that was found in the stack file."""
    connection = stacks.connect(stack)
    name = names.azure_name(declared)
    return Session(stack, declared, connection, name, journal_of(connection, name))


def _sample(folder: Path, plan: Plan) -> bytes | None:
    """A request that the model answers: the plan's first smoke request, else the endpoint's sample."""
    patterns = [gate.requests for gate in gates(plan).values() if isinstance(gate, SmokeGate)]
    for pattern in patterns:
        if found := bodies_in(folder, pattern):
            return found[0]
    path = find_request(folder)
    return path.read_bytes() if path and path.suffix == ".json" else None
