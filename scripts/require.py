"""``--require 'EXPRESSION'``: checks a command's figures against a condition, e.g. ``event_accuracy >= 0.99``."""

import argparse
import ast
import json
import operator
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from smartcart.scripts.main import CommandError

OPERATORS: Final[dict[type[ast.AST], Callable[[Any, Any], Any]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def add_figures_options(parser: argparse.ArgumentParser) -> None:
    """``--json`` and ``--require``, for every command that measures."""
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object on the last line")
    parser.add_argument(
        "--require",
        metavar="EXPRESSION",
        help="exit with 1 unless this holds, e.g. 'event_accuracy >= 0.99 and fp == 0'; dots access nested figures",
    )


def report(figures: Mapping[str, Any], args: argparse.Namespace, text: str) -> int:
    """Prints the figures and returns the exit status."""
    print(json.dumps(figures) if args.json else text)
    if args.require and not holds(args.require, figures):
        print(f"does not hold: {args.require}", file=sys.stderr)
        return 1
    return 0


def holds(expression: str, figures: Mapping[str, Any]) -> bool:
    """True if a comparison of figures holds; it does not if a figure is null.

    Raises:
        CommandError: the expression is not a comparison of figures and numbers, or names an unknown figure.
    """
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        raise CommandError(f"--require {expression!r} is not an expression: {error.msg}") from None
    try:
        return bool(_value(tree, figures))
    except TypeError:
        return False


def _value(node: ast.expr, figures: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value) if isinstance(value, (int, float, str, bool)):
            return value
        case ast.Name(id=name):
            return _figure(figures, name, figures)
        case ast.Attribute(value=inner, attr=name):
            return _figure(_value(inner, figures), name, figures)
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(v, figures) for v in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_value(v, figures) for v in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, figures)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, figures)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left, figures), _value(right, figures))
        case ast.Compare(left=left, ops=ops, comparators=rights) if all(type(op) in OPERATORS for op in ops):
            values = [_value(v, figures) for v in (left, *rights)]
            return all(OPERATORS[type(op)](a, b) for op, a, b in zip(ops, values, values[1:], strict=False))
        case _:
            raise CommandError(
                f"--require supports figures, numbers, comparisons, and/or/not; not {ast.unparse(node)!r}"
            )


def _figure(of: Any, name: str, figures: Mapping[str, Any]) -> Any:
    if isinstance(of, Mapping) and name in of:
        return of[name]
    raise CommandError(f"--require: no figure {name!r}; there are {', '.join(figures)}")
