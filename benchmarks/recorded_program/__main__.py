"""Declares what `resources.json` lists, and nothing else: the yardstick of stacks of any size.

`benchmarks/recorded.py` writes that file, beside the project file, from the state of another stack.
"""

import importlib
import inspect
import json
import re
from pathlib import Path

import pulumi


def snake(name: str) -> str:
    """The SDK's name of a property."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def declare(recorded: dict[str, object], made: dict[object, pulumi.Resource]) -> pulumi.Resource:
    """One resource, after those that it came after in the other stack."""
    _, module, name = str(recorded["type"]).split(":")
    kind = getattr(importlib.import_module(f"pulumi_azure_native.{module}"), name)
    known = inspect.signature(kind._internal_init).parameters
    inputs = {}
    for key, value in dict(recorded["inputs"]).items():  # type: ignore[call-overload]  # an object of JSON
        own = snake(key)
        # Where a property's name is a parameter's of every resource, the SDK adds a line to it.
        inputs[f"{own}_" if f"{own}_" in known else own] = value
    options = pulumi.ResourceOptions(
        depends_on=[made[one] for one in recorded["after"]],  # type: ignore[attr-defined]  # a list of JSON
        ignore_changes=recorded["ignored"],  # type: ignore[arg-type]  # a list of JSON
    )
    resource: pulumi.Resource = kind(recorded["name"], opts=options, **inputs)
    return resource


made: dict[object, pulumi.Resource] = {}
for resource in json.loads(Path(pulumi.get_root_directory(), "resources.json").read_text()):
    made[resource["urn"]] = declare(resource, made)
