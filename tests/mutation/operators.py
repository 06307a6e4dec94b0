"""Small faults to put into a module: what the tests ought to notice.

Operators as of the usual mutation testers: comparisons, arithmetic, and/or, numbers one up or down,
signs and negations left out, pairs such as min and max exchanged, ends of slices left out,
statements deleted, a default returned. Left alone is what no test of behaviour is about: texts and
the errors that carry them, annotations, decorators, imports.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
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
COMPUTED: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
}
PAIRS = (
    ("min", "max"),
    ("minimum", "maximum"),
    ("fmin", "fmax"),
    ("argmin", "argmax"),
    ("any", "all"),
    ("floor", "ceil"),
    ("sum", "prod"),
)
EXCHANGED = {a: b for one, other in PAIRS for a, b in ((one, other), (other, one))}
ARRAYS = ("Floats", "Ints", "Bools", "Levels")
"""Annotations of functions whose default is an array of zeros; that of others is None."""

Edit = tuple[str, ast.AST]
"""Operator, and what takes the node's place."""

Site = tuple[ast.AST, ast.stmt, str | None]
"""A node, the statement it is in, and what its function returns."""


@dataclass(frozen=True)
class Mutant:
    """One fault in one module.

    Args:
        module: path in the repository.
        line: where the fault is.
        operator: what was done.
        before: the code that was changed, in one line.
        after: what became of it.
        source: text of the whole module with the fault.
    """

    module: str
    line: int
    operator: str
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        """What it is told from others by, in one line."""
        parts = (self.module, str(self.line), self.operator, self.before, self.after)
        return " | ".join(parts)


class Faults:
    """All faults that can be put into a module, in the order of its text.

    Args:
        module: path in the repository.
        source: its text.
        functions: only those inside functions of these names; everywhere by default.
    """

    def __init__(self, module: str, source: str, functions: tuple[str, ...] = ()) -> None:
        self._module, self._source, self._functions = module, source, functions
        self._places = [
            (place, i)
            for place, (node, _, returns) in enumerate(self._sites(ast.parse(source)))
            for i, _ in enumerate(_edits(node, returns))
        ]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Mutant:
        """The module with one fault."""
        place, i = self._places[index]
        tree = ast.parse(self._source)
        node, statement, returns = self._sites(tree)[place]
        operator, new = list(_edits(node, returns))[i]
        line, before = getattr(node, "lineno", statement.lineno), _one_line(statement)
        _replace(tree, node, new)
        after = _one_line(new if node is statement else statement)
        source = ast.unparse(ast.fix_missing_locations(tree))
        return Mutant(self._module, line, operator, before, after, source)

    def _sites(self, tree: ast.Module) -> list[Site]:
        names = self._functions
        return list(_sites(tree, inside=not names, functions=names, returns=None))


def _sites(
    node: ast.AST,
    *,
    inside: bool,
    functions: tuple[str, ...],
    returns: str | None,
    statement: ast.stmt | None = None,
) -> Iterator[Site]:
    """Nodes that may be changed."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            own = child if isinstance(child, ast.stmt) else statement
            within, gives = inside, returns
            if isinstance(child, ast.FunctionDef):
                within = inside or child.name in functions
                gives = ast.unparse(child.returns) if child.returns else None
            if within and own is not None:
                yield child, own, gives
            if not isinstance(child, ast.Raise):
                yield from _sites(
                    child, inside=within, functions=functions, returns=gives, statement=own
                )


def _edits(node: ast.AST, returns: str | None) -> Iterator[Edit]:
    """Everything that can be done to one node."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for op in COMPARED[type(node.ops[0])]:
            yield "comparison", ast.Compare(node.left, [op()], node.comparators)
    elif isinstance(node, ast.BinOp):
        for kind in COMPUTED.get(type(node.op), ()):
            yield "arithmetic", ast.BinOp(node.left, kind(), node.right)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and/or", ast.BoolOp(other, node.values)
    elif isinstance(node, ast.UnaryOp):
        yield "sign or negation left out", node.operand
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Name) and node.id in EXCHANGED:
        yield "pair exchanged", ast.Name(EXCHANGED[node.id], node.ctx)
    elif isinstance(node, ast.Attribute) and node.attr in EXCHANGED:
        yield "pair exchanged", ast.Attribute(node.value, EXCHANGED[node.attr], node.ctx)
    elif isinstance(node, ast.Slice):
        if node.lower:
            yield "end of slice left out", ast.Slice(None, node.upper, node.step)
        if node.upper:
            yield "end of slice left out", ast.Slice(node.lower, None, node.step)
    elif isinstance(node, ast.stmt):
        yield from _statements(node, returns)


def _constants(node: ast.Constant) -> Iterator[Edit]:
    if isinstance(node.value, bool):
        yield "truth value", ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        for value in (node.value + 1, node.value - 1):
            if value != node.value:  # which it is where a float is too large to count by ones
                yield "number", ast.Constant(value)


def _statements(node: ast.stmt, returns: str | None) -> Iterator[Edit]:
    if isinstance(node, ast.AugAssign):
        for kind in COMPUTED.get(type(node.op), ()):
            yield "arithmetic", ast.AugAssign(node.target, kind(), node.value)
    if isinstance(node, ast.Return) and node.value and "np.zeros" not in ast.unparse(node.value):
        none: ast.expr = ast.Constant(None)
        if returns in ARRAYS:
            none = ast.Call(ast.parse("np.zeros_like", mode="eval").body, [node.value], [])
        yield "default returned", ast.Return(none)
    # Without the first assignment of a name nothing runs at all, so only these are telling.
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    lone = isinstance(node, ast.If) and not node.orelse
    jump = isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Break)
    if stored or called or lone or jump:
        yield "statement deleted", ast.Pass()


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(v is old for v in value):
                value[:] = [new if v is old else v for v in value]


def _one_line(node: ast.AST) -> str:
    """A statement's text; of one that holds others, its first line only."""
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).splitlines()[0]
