"""A request as a person would write it: without what is not set and without what is so anyway."""

import msgspec

from gateway.wire import ContactRequest, IfClosed, Priority, Relation

_SO_ANYWAY = {
    "priority": Priority.NORMAL.value,
    "relation": Relation.SELF.value,
    "if_closed": IfClosed.DEFER.value,
}


def lean_body(request: ContactRequest) -> bytes:
    """The JSON of `request`; reads back as the same request."""
    return msgspec.json.encode(_lean(msgspec.to_builtins(request)))


def _lean(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: _lean(each)
            for name, each in value.items()
            if each is not None and each != _SO_ANYWAY.get(name)
        }
    if isinstance(value, list | tuple):
        return [_lean(each) for each in value]
    return value
