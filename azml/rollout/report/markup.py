"""Elements of HTML and SVG, with all text escaped."""

from html import escape

EMPTY = frozenset({"meta", "line", "path", "polygon", "polyline", "rect", "circle", "br"})
"""Elements without content."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, /, *content: str, **attributes: str | float) -> Markup:
    """An element. What is not Markup is escaped; `class_` is `class`, and `_` in names is `-`."""
    written = "".join(f' {_attribute(key)}="{escape(_value(value))}"' for key, value in attributes.items())
    if name in EMPTY:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{joined(*content)}</{name}>")


def joined(*content: str) -> Markup:
    """Elements and text, one after the other."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in content))


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
