"""Questions of a program to plugins."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pulumi


@contextmanager
def asking() -> Iterator[None]:
    """Ask a plugin something in the block. One that cannot answer says why: words to act on, no traceback."""
    try:
        yield
    except Exception as failure:  # the SDK raises nothing more telling
        raise pulumi.RunError(str(failure)) from None


def ask(function: str, arguments: Mapping[str, object], options: pulumi.InvokeOptions) -> Mapping[str, Any]:
    """What our own plugin answers; `function` is its name without the package."""
    with asking():
        answer = pulumi.runtime.invoke(f"azml:index:{function}", dict(arguments), options).value
    return answer or {}
