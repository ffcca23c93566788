"""Test secrets: what `${{...}}` in a deployment's environment variables becomes on this machine.

On Azure such a variable is replaced by the secret of a workspace connection or a key vault before the script
starts. Here a file of the user's has values for tests: a mapping from the text between the braces, such as
`azureml://connections/bank/credentials/API_KEY`, to text.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

FILE = "test-secrets.yml"
VARIABLE = "AZML_TEST_SECRETS"
"""Set where the local Azure is started, it names another file."""
_REFERENCE = re.compile(r"\$\{\{\s*((?:azureml|keyvault):.*?)\s*\}\}", re.IGNORECASE)
"""Any form of the two: a misspelt one is reported, and never reaches a script as text."""


class NoSecrets(Exception):
    """Variables ask for secrets that do not exist. The text names them and says how to add them."""


def secrets_file(folder: Path) -> Path:
    """Where the test secrets of the local Azure in `folder` are."""
    named = os.environ.get(VARIABLE)
    return Path(named).absolute() if named else folder / FILE


class TestSecrets:
    """The file, read again at each call: nothing of it is kept."""

    __test__ = False  # for pytest: this class is not a test

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The variables with the secrets filled in. Raises NoSecrets when one is missing."""
        asked = {name: references(value) for name, value in variables.items()}
        if not any(asked.values()):
            return dict(variables)
        known = self._read()
        missing = {name: [one for one in found if one not in known] for name, found in asked.items()}
        if any(missing.values()):
            raise NoSecrets(self._refusal({name: ones for name, ones in missing.items() if ones}))
        return {
            name: _REFERENCE.sub(lambda found: known[found[1]], value) for name, value in variables.items()
        }

    def _read(self) -> Mapping[str, str]:
        try:
            document = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, yaml.YAMLError) as wrong:
            # The error's message may quote the file, which holds secrets.
            raise NoSecrets(f"{self.path} cannot be read: {type(wrong).__name__}") from None
        if not isinstance(document, dict):
            raise NoSecrets(f"{self.path} is not a mapping from references to secrets")
        return {str(name): str(value) for name, value in document.items()}

    def _refusal(self, missing: Mapping[str, Iterable[str]]) -> str:
        wanted = "; ".join(f"{name} asks for {', '.join(ones)}" for name, ones in missing.items())
        return (
            f"Environment variables ask for secrets that Azure would put in, and the local Azure has none of "
            f"them: {wanted}. Write a value for tests to {self.path}, one line for each, as "
            f"`{next(iter(next(iter(missing.values()))))}: a-test-value`"
        )


def references(value: str) -> list[str]:
    """What a variable's value asks for, without the braces."""
    return [found[1] for found in _REFERENCE.finditer(value)]
