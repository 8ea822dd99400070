"""The sandbox: Jinja as chat templates of the field use it, every step of it counted.

The tree of a template is rewritten before it is compiled: loops run over counted values, literals,
slices, comparisons and `~` pay for what they make, fixed text is paid for like any other. Calls and
operators go through the sandbox's own hooks. What is allowed is listed; the rest is refused. It
does not know messages or models. The set of extensions, filters and globals is that of transformers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, cast

from jinja2 import Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.utils import Cycler, Joiner, Namespace
from jinja2.visitor import NodeTransformer

from . import checks, filters
from .budget import BudgetExceeded, current

SCOPES: Final = ("_loop_vars", "_block_vars")
MAX_DATE_FORMAT: Final = 200  # characters


class Raised(TemplateError):
    """The template itself refuses the conversation, by `raise_exception`."""


class _Accounting(NodeTransformer):
    """Puts a hidden filter around every part of a template that makes or repeats something."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _filtered(node.iter, filters.HIDDEN_EACH)
        return node

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Node:
        return nodes.Const(node.data, lineno=node.lineno)  # which goes through `finalize`

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), filters.HIDDEN_JOINED)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        return self._paid(node) if isinstance(node.arg, nodes.Slice) else node

    def visit_ScopedEvalContextModifier(self, node: nodes.Node) -> nodes.Node:
        raise SecurityError("autoescape is not for chat templates.")

    def _paid(self, node: nodes.Expr) -> nodes.Node:
        loaded = getattr(node, "ctx", "load") == "load"
        return _filtered(node, filters.HIDDEN_MADE) if loaded else node

    def _literal(self, node: nodes.Expr) -> nodes.Node:
        self.generic_visit(node)
        return self._paid(node)

    visit_List = visit_Tuple = visit_Dict = visit_Compare = _literal


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(cast(nodes.Expr, node), name, [], [], None, None, lineno=node.lineno)


class _Generation(Extension):
    """{% generation %}: marks what the model writes; here it only stands for its body."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller: Macro) -> Any:
        return caller()


class _Namespace(Namespace):
    """Jinja's, without private names, and with a weight."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        self, args = args[0], args[1:]  # as Jinja's: a template may pass `self` as a name
        Namespace.__init__(self, *args, **kwargs)
        for name in _Namespace.held(self):
            _check_name(name)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        Namespace.__setitem__(self, name, value)

    def held(self) -> dict[str, Any]:
        found: dict[str, Any] = object.__getattribute__(self, "_Namespace__attrs")
        return found


def _check_name(name: Any) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"the name {name!r} is private.")


class _Dict:
    """`dict(...)` without the class, whose attributes reach too far."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)


def _raise_exception(message: Any) -> None:
    raise Raised(str(message)[:500])


def _strftime_now(format: str) -> str:
    if len(format) > MAX_DATE_FORMAT:
        raise BudgetExceeded("it asks for a date that is too long.")
    return datetime.now().strftime(format)


class _Formatter(SandboxedFormatter):
    """str.format with every field paid for."""

    def format_field(self, value: Any, format_spec: str) -> str:
        for number in re.findall(r"\d+", format_spec):
            checks.width(int(number[:9]))
        current().made(value)
        return current().text(super().format_field(value, format_spec))


@pass_context  # so that nothing is computed when the template is compiled
def _finalize(_: Context, value: Any) -> str:
    return current().text(value)


def _concat(parts: Iterable[str]) -> str:
    found = list(parts)
    current().letters(sum(map(len, found)))
    return "".join(found)


def _without_scopes(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Without what Jinja's compiler adds to a call."""
    return {name: value for name, value in kwargs.items() if name not in SCOPES}


class ChatEnvironment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    concat = staticmethod(_concat)

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,
            finalize=_finalize,
            extensions=[_Generation, loopcontrols],
        )
        self.filters: dict[str, Any] = filters.filters()
        self.tests: dict[str, Any] = filters.tests(self.tests)
        self.globals = {
            "range": self.globals["range"],
            "cycler": Cycler,
            "joiner": Joiner,
            "dict": _Dict(),
            "namespace": _Namespace,
            "raise_exception": _raise_exception,
            "strftime_now": _strftime_now,
        }

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Accounting().visit(super()._parse(source, name, filename))
        tree.set_environment(self)
        return tree

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Of plain values only the listed methods; private names of nothing."""
        if not super().is_safe_attribute(obj, attr, value):
            return False
        for kind, names in (
            (str, checks.TEXT_METHODS),
            (dict, checks.DICT_METHODS),
            (list | tuple, checks.LIST_METHODS),
        ):
            if isinstance(obj, kind):
                return attr in names
        return isinstance(obj, Namespace | Macro | LoopContext | Cycler | Joiner | Undefined)

    def wrap_str_format(self, value: Any) -> Any:
        method = getattr(value, "__name__", "")
        text = getattr(value, "__self__", None)
        if not isinstance(text, str) or method not in ("format", "format_map"):
            return None
        if method == "format_map" or type(text) is not str:
            raise SecurityError("only str.format is allowed.")
        formatter = _Formatter(self)
        return lambda *args, **kwargs: formatter.vformat(text, args, kwargs)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        budget = current()
        budget.step()
        if isinstance(__obj, LoopContext) and args:  # {{ loop(children) }}
            args = (budget.each(args[0]), *args[1:])
        text = getattr(__obj, "__self__", None)
        if isinstance(text, str) and __obj.__name__ in checks.METHODS:
            checks.METHODS[__obj.__name__](text, *args, **_without_scopes(kwargs))
        return budget.made(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        budget = current()
        budget.step()
        check = checks.OPERATORS.get(operator)
        if check is not None:
            check(left, right)
        return budget.made(super().call_binop(context, operator, left, right))
