"""The plan of an endpoint's rollout, as the stack file or the command line names it."""

from collections.abc import Mapping

from azml.cli.failure import InputError
from azml.cli.stacks import names
from azml.cli.stacks.stacks import Stack
from azml.findings import Finding, InvalidInput, Place
from azml.rollout.plan import Plan
from azml.rollout.planning.presets import PRESETS
from azml.rollout.planning.reading import About, read_plan
from azml.specs import from_python
from azml.stack.sections.places import Places
from azml.stack.stack_file import StackEndpoint


def read(stack: Stack, declared: StackEndpoint, named: str | None) -> Plan:
    """The plan: `named` (a preset, or a file below the endpoint's folder), else the stack file's own.

    Raises InputError where there is none, InvalidInput with every finding where it cannot be used.
    """
    settings = stack.file.config["azml:endpoints"][declared.key]
    written = named or settings.get("rollout")
    key = "" if named else f"azml:endpoints.{declared.key}.rollout"
    if written is None:
        raise InputError(
            f"{declared.key} has no rollout: in {stack.path.name}",
            f"write a plan there, or try one with --plan: {', '.join(PRESETS)}, or a file",
        )
    places = Places.read(stack.path)

    def place(at: str) -> Place:
        return Place(None, None, at) if named else Place(places.path, places.line(at), at)

    findings: list[Finding] = []
    plan = read_plan(from_python(written, key, place), _about(stack, declared, settings), findings)
    if plan is None:
        raise InvalidInput(findings)
    return plan


def _about(stack: Stack, declared: StackEndpoint, settings: Mapping[str, object]) -> About:
    own = names.own_file(declared)
    protect = settings.get("protect")
    protect = stack.file.config.get("azml:protect") if protect is None else protect
    return About(declared.folder, own.kind if own else "managed", bool(protect))
