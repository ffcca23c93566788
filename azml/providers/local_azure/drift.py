"""How a refresh handles a resource that was changed outside the program."""

from azml.engine_values import Properties, Value
from azml.providers.differences import same


def patched(inputs: Properties, before: Properties, after: Properties) -> Properties:
    """`inputs` with every change between `before` and `after` applied: diff.go, applyDiff.

    The two are the last known and the current outputs, reduced to what could be inputs. So a default that the
    cloud filled in at creation does not become an input, but one that changed does.
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
