"""Queries to Log Analytics workspaces, of the resource manager, so that one token is enough.

Source: Microsoft.OperationalInsights 2017-10-01, "Query - Execute".
"""

from collections.abc import Iterator
from typing import Any

from azml.azure.arm import Arm
from azml.azure.errors import AzureError

API_VERSION = "2017-10-01"


def rows(arm: Arm, logs: str, query: str) -> Iterator[dict[str, Any]]:
    """The rows of a query to the workspace with the ARM id `logs`, by the names of columns.

    Raises AzureError, also for a part of an answer: what is missing is not known.
    """
    answer = arm.post(f"{logs}/query", API_VERSION, {"query": query})
    if answer.get("error"):
        raise AzureError(f"Log Analytics gave a part of the answer: {answer['error']}")
    try:
        (table,) = (one for one in answer["tables"] if one["name"] == "PrimaryResult")
        names = [str(column["name"]) for column in table["columns"]]
        for row in table["rows"]:
            yield dict(zip(names, row, strict=True))
    except (KeyError, TypeError, ValueError) as wrong:
        raise AzureError(f"Log Analytics gave an answer in an unexpected form: {wrong!r}") from wrong


def literal(text: str) -> str:
    """Text inside the single quotes of a KQL string."""
    return text.replace("\\", "\\\\").replace("'", "\\'")
