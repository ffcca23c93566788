"""Function calls from a program to plugins."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pulumi


@contextmanager
def asking() -> Iterator[None]:
    """Call a plugin in the block. A failure becomes an error message without a traceback."""
    try:
        yield
    except Exception as failure:  # the SDK raises nothing more specific
        raise pulumi.RunError(str(failure)) from None


def ask(function: str, arguments: Mapping[str, object], options: pulumi.InvokeOptions) -> Mapping[str, Any]:
    """Call a function of our own plugin; `function` is its name without the package."""
    with asking():
        answer = pulumi.runtime.invoke(f"azml:index:{function}", dict(arguments), options).value
    return answer or {}
