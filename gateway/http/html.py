"""HTML that is escaped by construction: text becomes markup only by passing through `element`."""

import html


class Html(str):
    """Markup. Made by `element` and `joined` only; every other string is text and gets escaped."""

    __slots__ = ()


_VOID = frozenset({"meta", "br", "hr"})


def element(tag: str, *children: str, **attributes: str) -> Html:
    """Return an element; a trailing underscore of an attribute name is dropped (`class_`, `id_`)."""
    marks = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(value)}"' for name, value in attributes.items()
    )
    if tag in _VOID:
        return Html(f"<{tag}{marks}>")
    return Html(f"<{tag}{marks}>{joined(*children)}</{tag}>")


def joined(*children: str) -> Html:
    """Return the children one after the other, text escaped."""
    return Html("".join(child if isinstance(child, Html) else html.escape(child) for child in children))
