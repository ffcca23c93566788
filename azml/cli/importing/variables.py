"""Environment variables that look like secrets: Azure shows them to every reader, files in git must not."""

import re
from collections.abc import Collection, Mapping

_NAME = re.compile(
    r"(^|[_.-])(key|keys|apikey|secret|secrets|token|tokens|password|passwd|pwd|credential|credentials|sas"
    r"|pat|connectionstring|connstr|dsn)($|[_.-])|(account|access|api|private|shared)key$|(connection_?string)$"
    r"|secret$|token$|password$",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd|InstrumentationKey)\s*="
    r"|[?&]sig=|^Bearer |-----BEGIN |^eyJ[\w-]+\.[\w-]+\.|^(gh[pousr]|xox[abp]|sk|dapi)[-_]?[A-Za-z0-9_-]{20,}|://[^/\s:@]+:[^/\s@]+@",
    re.IGNORECASE,
)
_INJECTED = re.compile(r"\$\{\{.*\}\}", re.DOTALL)
"""What Azure replaces by a secret before the script starts: the text itself is none."""


def secrets_in(variables: Mapping[str, str], known_plain: Collection[str] = ()) -> list[str]:
    """The names of variables whose values are probably secrets, except those that the user knows are none.

    A value that Azure fills in from a connection or a key vault (`${{...}}`) is not one.
    """
    return [
        name
        for name, value in sorted(variables.items())
        if name not in known_plain
        and value
        and not _INJECTED.fullmatch(value.strip())
        and (_NAME.search(name) or _VALUE.search(value))
    ]
