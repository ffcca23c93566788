"""Plans by name: they are read as if they were written out."""

from typing import Any

_ERRORS: dict[str, Any] = {"metric": "error_rate", "max": 0.01, "against_stable": {"max_ratio": 1.5}}
_LATENCY: dict[str, Any] = {"slower_than": "250ms", "max": 0.05, "against_stable": {"max_ratio": 1.5}}
_SMOKE: dict[str, Any] = {"requests": "requests/*.json", "expect": {"status": 200, "within": "1s"}}
_AGREEMENT: dict[str, Any] = {
    "compare": "replay",
    "requests": "requests.jsonl",
    "sample": 500,
    "fields": [{"path": "$[*]", "equal": "exact", "at_least": 0.98}],
    "keep_mismatches": 20,
}
_BOTH = ["errors", "latency"]

PRESETS: dict[str, dict[str, Any]] = {
    "dev": {"gates": {"smoke": _SMOKE}, "steps": [{"smoke": ["smoke"]}, {"traffic": 100}]},
    "canary": {
        "gates": {"errors": _ERRORS, "latency": _LATENCY, "smoke": _SMOKE},
        "steps": [
            {"smoke": ["smoke"]},
            {"traffic": 10, "for": "15m", "gates": _BOTH},
            {"traffic": 50, "for": "15m", "gates": _BOTH},
            {"traffic": 100, "for": "30m", "gates": _BOTH},
        ],
    },
    "prod": {
        "gates": {"errors": _ERRORS, "latency": _LATENCY, "agreement": _AGREEMENT, "smoke": _SMOKE},
        "steps": [
            {"smoke": ["smoke"]},
            {"shadow": 20, "for": "15m", "gates": [*_BOTH, "agreement"]},
            {"traffic": 5, "for": "10m", "gates": _BOTH},
            {"traffic": 25, "for": "15m", "gates": [*_BOTH, "agreement"]},
            {"approve": {"within": "24h", "otherwise": "rollback", "while_waiting": ["errors"]}},
            {"traffic": 50, "for": "15m", "gates": _BOTH},
            {"traffic": 100, "for": "30m", "gates": _BOTH},
            {"retire": {"after": "24h"}},
        ],
    },
}
