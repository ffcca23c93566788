"""Policy tokens, which a write needs where an Azure Policy has an external endpoint evaluate it.

Azure refuses such a write until it is repeated with a token that `acquirePolicyToken` issued for exactly that
operation and body (Microsoft.Authorization 2025-03-01, preview; as Azure/terraform-provider-azapi#1145 does).
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from azml.azure.errors import AzureError
from azml.azure.http import Response

HEADER = "x-ms-policy-external-evaluations"
API_VERSION = "2025-03-01"
CHANGE_REFERENCE = "AZML_CHANGE_REFERENCE"
"""The environment variable with the change reference of a write, for policies that require one."""
_SUBSCRIPTION = re.compile(r"/subscriptions/[^/?]+", re.IGNORECASE)


class PolicyTokenError(AzureError):
    """A write needs a policy token, and none could be obtained. Nothing was written."""


def wants_token(answer: Response) -> bool:
    """Whether a write was refused only for lack of a token. Raises PolicyTokenError where none would help."""
    if answer.status != 403:
        return False
    for details in _missing(answer.json()):
        if details.get("isChangeReferenceRequired") and not os.environ.get(CHANGE_REFERENCE):
            raise PolicyTokenError(
                "an Azure policy asks for a change reference with this write: set "
                f"{CHANGE_REFERENCE} to its reference and run the command again",
                status=403,
                code="RequestDisallowedByPolicy",
            )
        return True
    return False


def place(url: str) -> str | None:
    """The path of the action that issues tokens for a write to `url`; None outside a subscription."""
    found = _SUBSCRIPTION.search(url)
    return f"{found[0]}/providers/Microsoft.Authorization/acquirePolicyToken" if found else None


def question(method: str, url: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    """The action's request body: the operation as it will be repeated."""
    asked: dict[str, Any] = {"operation": {"uri": url, "httpMethod": method, "content": body}}
    if reference := os.environ.get(CHANGE_REFERENCE):
        asked["changeReference"] = reference
    return asked


def token(answer: Response) -> str:
    """The token in the action's answer. Raises PolicyTokenError with the reason when there is none."""
    document = answer.json()
    document = document if isinstance(document, dict) else {}
    given = document.get("token")
    if answer.status < 300 and str(document.get("result")).lower() == "succeeded" and isinstance(given, str):
        return given
    why = "; ".join(_reasons(document)) or f"the policy token service answered {answer.status}"
    raise PolicyTokenError(
        f"this write needs a policy token, and Azure Policy issued none: {why}",
        status=answer.status,
        code="RequestDisallowedByPolicy",
    )


def _missing(document: Any) -> Iterator[Mapping[str, Any]]:
    """What the refusal says about missing tokens; Azure has used two levels of nesting for it."""
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict) or str(error.get("code")).lower() != "requestdisallowedbypolicy":
        return
    for item in error.get("additionalInfo") or []:
        info = item.get("info") if isinstance(item, dict) else None
        info = info if isinstance(info, dict) else {}
        for around in (info.get("evaluationDetails"), info):
            details = around.get("missingPolicyTokenDetails") if isinstance(around, dict) else None
            if isinstance(details, dict) and details.get("shouldDeny"):
                yield details


def _reasons(document: Mapping[str, Any]) -> list[str]:
    error = document.get("error")
    parts = [document, *(error if isinstance(error, list) else [error]), *(document.get("results") or [])]
    messages = [str(part["message"]) for part in parts if isinstance(part, dict) and part.get("message")]
    return list(dict.fromkeys(messages))
