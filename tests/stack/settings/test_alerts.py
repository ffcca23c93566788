"""`alerts:` of an endpoint and `azml:notify`: the rules they mean, and each mistake with its key."""

from typing import Any

import pytest

from azml.stack.config.notify import Receivers
from azml.stack.endpoint.alerts import KNOWN, AlertRule
from azml.stack.endpoint.metrics import METRICS
from tests.stack.settings.conftest import Findings, Read, endpoint, only

ALERTS = "azml:endpoints.echo.alerts"


def alerts(read: Read, wanted: object) -> tuple[AlertRule, ...]:
    return read(endpoints=endpoint(alerts=wanted)).endpoints[0].alerts


@pytest.mark.parametrize("wanted", [None, False, {}, {"errors": False}])
def test_no_alert_unless_one_is_wanted(read: Read, wanted: object) -> None:
    assert alerts(read, wanted) == ()


def test_true_means_every_known_alert(read: Read) -> None:
    assert alerts(read, True) == tuple(KNOWN.values())


def test_a_number_is_the_limit_of_a_known_alert(read: Read) -> None:
    (errors, latency) = alerts(read, {"errors": 20, "latency": True})
    assert (errors.limit, errors.dimensions) == (20, KNOWN["errors"].dimensions)
    assert latency == KNOWN["latency"]


def test_a_mapping_says_the_rest(read: Read) -> None:
    wanted = {
        "latency": {"metric": "RequestLatency_P99", "above": 2500, "minutes": 15, "every": 5, "severity": 3},
        "few": {"metric": "DeploymentCapacity", "below": 2, "aggregation": "Minimum"},
        "busy": {"metric": "RequestsPerMinute", "above": 9, "dimensions": {"statusCode": ["429", "503"]}},
    }
    assert alerts(read, wanted) == (
        AlertRule(
            "latency", METRICS["RequestLatency_P99"], "GreaterThan", 2500, minutes=15, every=5, severity=3
        ),
        AlertRule("few", METRICS["DeploymentCapacity"], "LessThan", 2, "Minimum"),
        AlertRule(
            "busy", METRICS["RequestsPerMinute"], "GreaterThan", 9, dimensions={"statusCode": ("429", "503")}
        ),
    )


def test_a_description_reads_as_a_sentence() -> None:
    assert KNOWN["saturation"].description == "CpuUtilizationPercentage is above 80 percent over 15 min"


OWN = {"metric": "RequestLatency", "above": 1}


@pytest.mark.parametrize(
    ("wanted", "key", "says"),
    [
        ({"errrors": 5}, ".errrors", "is not a known alert; did you mean 'errors'?"),
        ({"errors": "5"}, ".errors", "is a text ('5'); write a limit in requests a minute"),
        ({"errors": -1}, ".errors", "-1.0 is out of range; at least 0 requests a minute"),
        ({"saturation": 101}, ".saturation", "101.0 is out of range; from 0 to 100 percent"),
        (
            {"mine": {"metric": "RequestLatency_P98", "above": 1}},
            ".mine.metric",
            "'RequestLatency_P98' does not exist on online endpoints; did you mean 'RequestLatency_P9",
        ),
        ({"mine": {"above": 1}}, ".mine.metric", "is missing; name one of RequestLatency,"),
        ({"mine": {"metric": "RequestLatency"}}, ".mine.above", "is missing; give a limit in ms"),
        ({"mine": {**OWN, "below": 0}}, ".mine.below", "stands beside above:; keep one"),
        (
            {"mine": {**OWN, "aggregation": "Maximum"}},
            ".mine.aggregation",
            "does not exist for RequestLatency",
        ),
        ({"mine": {**OWN, "dimensions": {"zone": ["1"]}}}, ".mine.dimensions.zone", "is not a dimension of"),
        ({"mine": {**OWN, "minutes": 7}}, ".mine.minutes", "is a number (7); Azure has 1, 5, 15"),
        ({"mine": {**OWN, "severity": 5}}, ".mine.severity", "is a number (5); Azure has 0, 1, 2, 3, 4"),
        ({"mine": {**OWN, "minutes": 1, "every": 5}}, ".mine.every", "5 is more than minutes, 1"),
        ({"mine": {**OWN, "abov": 5}}, ".mine.abov", "is not a setting; did you mean 'above'?"),
        (5, "", "is a number (5); write a mapping, as"),
    ],
)
def test_what_azure_would_refuse_is_refused(findings: Findings, wanted: object, key: str, says: str) -> None:
    finding = only(findings(endpoints=endpoint(alerts=wanted)))
    assert finding.key == f"{ALERTS}{key}"
    assert says in f"{finding.message}; {finding.remedy}"


def test_several_mistakes_are_reported_together(findings: Findings) -> None:
    wanted = {"errors": -1, "mine": {"metric": "Nothing"}, "latency": {"minutes": 2}}
    assert [one.key for one in findings(endpoints=endpoint(alerts=wanted))] == [
        f"{ALERTS}.errors",
        f"{ALERTS}.mine.metric",
        f"{ALERTS}.latency.minutes",
    ]


GROUP = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Insights/actionGroups/ops"


def test_receivers(read: Read) -> None:
    body: dict[str, Any] = {
        "emails": ["ops@example.com"],
        "webhooks": ["https://hooks.example.com/x?token=1"],
        "actionGroups": [GROUP],
    }
    assert read(notify=body).notify == Receivers(
        ("ops@example.com",), ("https://hooks.example.com/x?token=1",), (GROUP,)
    )
    assert not read().notify


@pytest.mark.parametrize(
    ("body", "key", "says"),
    [
        ({"emails": ["ops.example.com"]}, "emails[0]", "'ops.example.com' is not a mail address"),
        ({"emails": ["a@b.de", "c@d"]}, "emails[1]", "'c@d' is not a mail address"),
        (
            {"webhooks": ["http://example.com/x"]},
            "webhooks[0]",
            "is not an https address (it begins with http)",
        ),
        ({"webhooks": ["example.com/x"]}, "webhooks[0]", "is not an address"),
        ({"webhooks": ["https://127.0.0.1:8080/x"]}, "webhooks[0]", "which Azure cannot reach"),
        ({"webhooks": ["https://localhost/x"]}, "webhooks[0]", "which Azure cannot reach"),
        ({"webhooks": ["https://[::1"]}, "webhooks[0]", "is not an address"),
        ({"actionGroups": ["ops"]}, "actionGroups[0]", "'ops' is not the id of an action group"),
        ({"mails": []}, "mails", "did you mean 'emails'?"),
    ],
)
def test_a_receiver_that_cannot_be_told_is_refused(
    findings: Findings, body: dict[str, Any], key: str, says: str
) -> None:
    finding = only(findings(notify=body))
    assert finding.key == f"azml:notify.{key}"
    assert says in f"{finding.message}; {finding.remedy}"


def test_a_webhook_is_never_repeated_in_a_finding(findings: Findings) -> None:
    """Its address is the secret that allows posting."""
    assert "token" not in str(only(findings(notify={"webhooks": ["http://example.com/token"]})))
