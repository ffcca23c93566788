"""Test secrets: put in where a variable asks for them, never shown, and missed by name."""

from pathlib import Path

import pytest

from azml.emulator.base.secrets import FILE, VARIABLE, NoSecrets, TestSecrets, secrets_file

KEY = "azureml://connections/bank/credentials/API_KEY"
VAULT = "keyvault:https://kv.vault.azure.net/secrets/one/2"


def test_secrets_take_the_place_of_what_asks_for_them(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(f"{KEY}: k\n{VAULT}: v\n")
    asked = {"A": f"${{{{{KEY}}}}}", "B": f"Bearer ${{{{ {VAULT} }}}}", "C": "${HOME} stays"}
    assert TestSecrets(tmp_path / FILE).fill(asked) == {"A": "k", "B": "Bearer v", "C": "${HOME} stays"}


def test_all_that_are_missing_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("other: secret-text\n")
    with pytest.raises(NoSecrets) as missing:
        TestSecrets(tmp_path / FILE).fill({"A": f"${{{{{KEY}}}}}", "B": f"${{{{{VAULT}}}}}", "C": "plain"})
    text = str(missing.value)
    assert f"A asks for {KEY}; B asks for {VAULT}" in text
    assert str(tmp_path / FILE) in text
    assert "secret-text" not in text


@pytest.mark.parametrize(
    "reference",
    [
        "KeyVault:https://kv.vault.azure.net/secrets/one",
        "azureml://subscriptions/1/resourceGroups/r/workspaces/w/connections/c/target",
        "azureml:connections:c",
        "keyvault:",
    ],
)
def test_no_form_of_a_reference_reaches_a_script_as_text(tmp_path: Path, reference: str) -> None:
    with pytest.raises(NoSecrets, match=f"A asks for {reference}"):
        TestSecrets(tmp_path / FILE).fill({"A": f"x${{{{{reference}}}}}"})


@pytest.mark.parametrize("text", ["- a list\n", "a: [\n", "a: 'secret-text\n"])
def test_a_file_that_cannot_be_read_is_not_quoted(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(NoSecrets) as wrong:
        TestSecrets(tmp_path / FILE).fill({"A": f"${{{{{KEY}}}}}"})
    assert "secret-text" not in str(wrong.value)


def test_without_anything_that_asks_the_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("a: [\n")
    assert TestSecrets(tmp_path / FILE).fill({"A": "plain"}) == {"A": "plain"}


def test_the_user_may_name_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert secrets_file(tmp_path) == tmp_path / FILE
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine.yml"))
    assert secrets_file(Path("/elsewhere")) == tmp_path / "mine.yml"
