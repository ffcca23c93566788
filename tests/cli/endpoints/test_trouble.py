"""What does not serve has a line each, and fails the command where users or the stack file want it."""

import pytest

from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.endpoints.trouble import Trouble, of_states, require_served
from azml.cli.failure import CommandError
from azml.cli.stacks.stacks import WorkspaceName


def endpoint(traffic: dict[str, int], **states: str) -> OnlineEndpoint:
    slots = tuple(OnlineDeployment(name, state, "", 1) for name, state in states.items())
    return OnlineEndpoint(
        WorkspaceName("s", "rg", "ws"), "price", "Succeeded", "Key", "", traffic, {}, slots, {}
    )


def test_each_deployment_that_is_not_up_has_its_line_with_the_command_that_tells_more() -> None:
    found = of_states(
        endpoint({"blue": 100}, blue="Failed", green="Succeeded", old="Failed"), ["blue", "red"]
    )
    assert [(trouble.line("azml"), trouble.serious) for trouble in found] == [
        ("price blue: is Failed; see: azml logs price blue", True),
        ("price old: is Failed; see: azml logs price old", False),
        ("price red: was not created", True),
    ]


def test_only_what_is_serious_fails_the_command() -> None:
    idle = Trouble("price", "green", "answered 400: no", serious=False)
    require_served([idle])
    with pytest.raises(CommandError, match=r"^not everything serves: price blue, quote$"):
        require_served(
            [
                idle,
                Trouble("price", "blue", "is Failed", serious=True),
                Trouble("quote", None, "was not created", serious=True),
            ]
        )
