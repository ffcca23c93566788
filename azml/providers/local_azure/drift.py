"""What a refresh makes of a resource that was changed behind the program's back."""

from azml.engine_values import Properties, Value
from azml.providers.differences import same


def patched(inputs: Properties, before: Properties, after: Properties) -> Properties:
    """`inputs` with every change between `before` and `after` made to them too: diff.go, applyDiff.

    The two are what could be inputs of the outputs last known and of those found now. So a default that the
    cloud filled in from the start does not become an input, and one that changed does.
    """
    result = dict(inputs)
    for key in {*before, *after}:
        old, new = before.get(key), after.get(key)
        if same(old, new):
            continue
        if new is None:
            result.pop(key, None)
        else:
            result[key] = _changed(result.get(key), old, new)
    return result


def _changed(value: Value, old: Value, new: Value) -> Value:
    if isinstance(value, dict) and isinstance(old, dict) and isinstance(new, dict):
        return patched(value, old, new)
    return new
