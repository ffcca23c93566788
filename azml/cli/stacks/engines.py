"""The Pulumi engine on a stack, for what only it knows: the stack's history, its secrets."""

from azml.cli.local import local_azure
from azml.cli.local.engine import Engine, environment
from azml.cli.local.lifecycle import find_pulumi
from azml.cli.stacks.stacks import Stack


def engine_of(stack: Stack) -> Engine:
    """The engine for a stack. Raises NotThereError where the local Azure of a local stack does not run."""
    pulumi = find_pulumi()
    azure = local_azure.required(stack.clone).environment() if stack.local else {}
    variables = environment(stack.clone, pulumi, azure)
    return Engine(pulumi, stack.project, stack.name, variables, stack.clone.work)
