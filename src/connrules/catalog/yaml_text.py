"""Reads YAML without its surprises: every scalar is text, so no `on` turns into true and no `1:30` into 90.

Only what is left empty, `null` and `~`, written without quotes, is nothing. A key that stands twice is an error.
"""

from typing import Any

import yaml

_NOTHING = frozenset({"", "null", "~"})


class _Loader(yaml.BaseLoader):
    pass


def _scalar(_: _Loader, node: yaml.ScalarNode) -> str | None:
    value: str = node.value
    return None if node.style is None and value in _NOTHING else value


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key is text", key_node.start_mark)
        if key_node.value in tree:
            what = f"the key `{key_node.value}` stands twice"
            raise yaml.constructor.ConstructorError(None, None, what, key_node.start_mark)
        tree[key_node.value] = loader.construct_object(value_node, deep=True)
    return tree


def _sequence(loader: _Loader, node: yaml.SequenceNode) -> list[Any]:
    return [loader.construct_object(item, deep=True) for item in node.value]


def _anything(loader: _Loader, node: yaml.Node) -> Any:
    """Tags such as `!!int` say nothing here: the catalog knows what it expects."""
    match node:
        case yaml.MappingNode():
            return _mapping(loader, node)
        case yaml.SequenceNode():
            return _sequence(loader, node)
        case yaml.ScalarNode():
            return _scalar(loader, node)
    raise yaml.constructor.ConstructorError(None, None, "this is no YAML value", node.start_mark)


_Loader.add_constructor(None, _anything)


def read_yaml(text: str) -> Any:
    """The text as strings, lists, dicts and None. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506  # it makes nothing else
