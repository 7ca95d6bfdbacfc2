"""YAML as people write settings in it: mappings, lists and values, nothing else.

Anchors and tags are refused: they let a small file become a very large one, or name what is to be
made of it. So are files that are large, or deeper than any of ours.
"""

from __future__ import annotations

from typing import Any

import yaml

MOST_CHARACTERS = 2**18
_DEEPEST = 20  # mappings and lists inside each other


class PlainLoader(yaml.SafeLoader):
    """The usual values: words, numbers, days."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            raise _refused("anchors (&) and aliases (*) are not read; write it out", event)
        if getattr(event, "tag", None) is not None:
            raise _refused("tags (!) are not read", event)
        if self.depth > _DEEPEST:
            raise _refused("nested too deeply", event)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


class TextLoader(PlainLoader):
    """Every value as the text that it was written in."""

    yaml_implicit_resolvers: Any = {}  # noqa: RUF012


def _refused(what: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, what, event.start_mark)


def read(text: str, kind: type[PlainLoader] = PlainLoader) -> tuple[yaml.Node | None, Any]:
    """The one document of a text: as nodes, which know their lines, and as values. YAMLError
    where it is none, or more than settings need."""
    if len(text) > MOST_CHARACTERS:
        raise yaml.YAMLError(f"more than {MOST_CHARACTERS} characters; no settings are so long")
    loader = kind(text)
    try:
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    except ValueError as error:  # of a number that is too long to be one, a day that is none
        raise yaml.YAMLError(f"a value cannot be read: {error!s:.100}") from error
    finally:
        loader.dispose()
