"""Mutants: a source file with one small thing changed, as a slip of the hand would change it."""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

# A comparison: at its boundary, and turned round.
_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
# Names that are easily taken for each other: each becomes the next one of its family.
_FAMILIES = (
    ("min", "max"),
    ("least", "greatest"),
    ("lag", "lead"),
    ("argmin", "argmax"),
    ("any", "all"),
    ("isnull", "notnull"),
    ("semi_join", "anti_join"),
    ("row_number", "dense_rank"),
    ("billed_at", "converted_at", "received_at"),
    ("first_delivery_at", "window_end", "cycle_end"),
    ("day0", "window_end_on", "cycle_end_on"),
    ("written_on", "restated_on"),
    ("conflict_on", "known_on"),
    ("bid_before", "bid_after"),
    ("logged_at", "given_at", "remembered_at"),
    ("since", "until"),
    ("old_bid", "new_bid"),
    ("initial_bid", "bid_at_end", "bid_at_first_delivery"),
    ("tentative_at", "first_delivered_at"),
    ("issued_fen", "waiting_fen", "decided_fen", "merit_fen", "refused_fen"),
    ("in_force_from", "in_force_until"),
    ("asked_from", "asked_until"),
    ("starts_at", "ends_at"),
)
_NEXT = {
    name: family[(at + 1) % len(family)] for family in _FAMILIES for at, name in enumerate(family)
} | {"left_join": "join"}
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")

Change = tuple[ast.AST | None, str]  # what stands in the node's place (None: nothing), and how


@dataclass(frozen=True)
class Mutant:
    """One change. `function`: the outermost function or method that it lies in; None where it
    lies in none, or in its head. `key` names it without line numbers, so that it lasts."""

    path: Path
    function: str | None
    line: int
    key: str
    make: Callable[[], ast.Module]


def mutants(path: Path, root: Path) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of the file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    seen: Counter[str] = Counter()
    where = path.relative_to(root).as_posix()
    places = list(_places(tree, None))
    for function, parent, field, at, node in places:
        for new, how in _changes(node, parent, field):
            make = partial(_replaced, tree, parent, field, at, new)
            key = f"{where} {function or '-'}: {how}"
            seen[key] += 1
            number = f" #{seen[key]}" if seen[key] > 1 else ""
            yield Mutant(path, function, getattr(node, "lineno", 0), key + number, make)


# The outermost function around a node, its parent, and where in the parent it stands.
Place = tuple[str | None, ast.AST, str, int | None, ast.AST]
_NEVER = ("annotation", "returns", "type_params", "ctx", "op", "ops")


def _places(node: ast.AST, function: str | None, owner: str = "") -> Iterator[Place]:
    for field, value in ast.iter_fields(node):
        if field in _NEVER:
            continue
        for at, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(child, ast.AST) or _is_words(child):
                continue
            inside, name = function, owner
            if isinstance(node, ast.FunctionDef) and function is None and field == "body":
                inside = f"{owner}{node.name}"
            if isinstance(child, ast.ClassDef) and function is None:
                name = f"{owner}{child.name}."
            yield inside, node, field, at, child
            yield from _places(child, inside, name)


def _is_words(node: ast.AST) -> bool:
    """Docstrings, imports, and what is there for types or for people only."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    words = ast.Import | ast.ImportFrom | ast.JoinedStr | ast.Assert
    return isinstance(node, words) or (isinstance(node, ast.Raise) and node.exc is not None)


def _replaced(
    tree: ast.Module, parent: ast.AST, field: str, at: int | None, new: ast.AST | None
) -> ast.Module:
    """A copy of the tree with one node changed."""
    memo: dict[int, ast.AST] = {}
    made = copy.deepcopy(tree, memo)  # type: ignore[arg-type]
    there = memo[id(parent)]
    if at is None:
        setattr(there, field, new)
    elif new is None:
        siblings = getattr(there, field)
        del siblings[at]
        if not siblings and field == "body":
            siblings.append(ast.Pass())
    else:
        getattr(there, field)[at] = new
    return ast.fix_missing_locations(made)


def _changes(node: ast.AST, parent: ast.AST, field: str) -> Iterator[Change]:
    before = _short(node)
    for make in _OPERATORS:
        for new in make(node):
            yield new, f"{before} → {_short(new)}"
    if isinstance(node, ast.stmt) and field in ("body", "orelse"):
        yield from _left_out(node)
    if isinstance(parent, ast.comprehension) and field == "ifs":
        yield None, f"without: if {before}"
    if isinstance(node, ast.keyword) and node.arg == "where":
        yield None, f"without: {before}"


def _left_out(node: ast.stmt) -> Iterator[Change]:
    """A statement that something is done by, and nothing is named by, is left out."""
    kinds = ast.Expr | ast.AugAssign | ast.Delete | ast.Continue | ast.Break
    if isinstance(node, kinds) or (isinstance(node, ast.If) and not node.orelse):
        yield None, f"without: {_short(node)}"


def _compared(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for at, op in enumerate(node.ops):
            for other in _COMPARED[type(op)]:
                yield ast.Compare(
                    node.left, [*node.ops[:at], other(), *node.ops[at + 1 :]], node.comparators
                )


def _joined(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other, node.values)
        for at in range(len(node.values)):
            rest = node.values[:at] + node.values[at + 1 :]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    if isinstance(node, ast.BinOp) and type(node.op) in _COMPUTED:
        yield ast.BinOp(node.left, _COMPUTED[type(node.op)](), node.right)
        if isinstance(node.op, ast.BitAnd | ast.BitOr):
            yield node.left
            yield node.right


def _turned(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert | ast.USub):
        yield node.operand
    if isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
    if isinstance(node, ast.If) and not isinstance(node.test, ast.Compare | ast.BoolOp):
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)


def _counted(node: ast.AST) -> Iterator[ast.AST]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, str) and _NUMBER.fullmatch(value):
        yield ast.Constant(value[:-1] + str((int(value[-1]) + 1) % 10))


def _called(node: ast.AST) -> Iterator[ast.AST]:
    """Calls that give back much the same without them: filters, defaults, branches."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    name, of, words = node.func.attr, node.func.value, node.args
    if name in ("filter", "distinct", "fill_null", "semi_join", "anti_join"):
        yield of
    if name == "ifelse":
        yield ast.Call(node.func, [words[0], words[2], words[1]], node.keywords)
    if name in ("cases", "coalesce", "union", "or_"):
        for at in range(len(words)):
            yield ast.Call(node.func, words[:at] + words[at + 1 :], node.keywords)


def _named(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Attribute) and node.attr in _NEXT:
        yield ast.Attribute(node.value, _NEXT[node.attr], node.ctx)
    if isinstance(node, ast.Name) and node.id in _NEXT and isinstance(node.ctx, ast.Load):
        yield ast.Name(_NEXT[node.id], node.ctx)


_OPERATORS: tuple[Callable[[ast.AST], Iterator[ast.AST]], ...] = (
    _compared,
    _joined,
    _turned,
    _counted,
    _called,
    _named,
)


def _short(node: ast.AST | None) -> str:
    text = "nothing" if node is None else " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else f"{text[:60]} … {text[-27:]}"
