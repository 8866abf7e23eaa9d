"""Numbers and arrays from a pickle without executing it.

A pickle is a program for a stack machine, and Python's own reader imports and calls whatever that program names. The
one here reads the same instructions with :func:`pickletools.genops`, which only parses, and keeps a stack of plain
values. A name in the file stays a name; four of them (numpy's array, its rebuilder, its dtype, and the encoding of
bytes) are understood as descriptions of an array, and everything else is refused. Nothing is imported, called or built
that the file asks for.
"""

import pickletools
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnet_core.errors import N_, Refusal

REBUILD = {"numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct"}
WHOLE_NUMBERS = re.compile(r"[iu][1248]")

CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
LITERALS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES",
    "BINBYTES8",
}  # fmt: skip
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(frozen=True, slots=True)
class _Name:
    """What the file would import."""

    text: str


class _Mark:
    """Where a list, tuple or dictionary begins on the stack."""


@dataclass(slots=True)
class _Type:
    code: str
    order: str = "|"


@dataclass(slots=True)
class _Array:
    state: tuple[Any, ...] = ()


def read(data: bytes) -> Any:
    """What the pickle ``data`` holds: numbers, text, bytes, lists, tuples, dictionaries and arrays of whole numbers.

    Text of Python 2 comes as ``str``, one character a byte (Latin-1). Arrays are those of :func:`array_of`. A pickle
    that asks for anything else, or is broken, is refused.
    """
    try:
        return _Machine().run(data)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        if isinstance(error, Refusal):
            raise
        raise Refusal(N_("The file is not a whole pickle ({reason})."), field="data", reason=str(error)) from error


class _Machine:
    """The stack machine of a pickle, with inert values."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, data: bytes) -> Any:
        argument: Any
        for operation, argument, _ in pickletools.genops(data):
            name = operation.name
            if name in LITERALS:
                self.stack.append(argument)
            elif name in CONSTANTS:
                self.stack.append(CONSTANTS[name])
            elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
                self.memo[argument] = self.stack[-1]
            elif name in ("GET", "BINGET", "LONG_BINGET"):
                self.stack.append(self.memo[argument])
            elif name == "STOP":
                return _plain(self.stack.pop())
            elif name in TUPLES:
                count = TUPLES[name]
                self.stack[-count:] = [tuple(self.stack[-count:])]
            elif name not in ("PROTO", "FRAME"):
                self._other(name, argument)
        raise ValueError("no end")

    def _other(self, name: str, argument: Any) -> None:  # noqa: PLR0912 - one row an instruction
        stack = self.stack
        match name:
            case "MARK":
                stack.append(_Mark())
            case "MEMOIZE":
                self.memo[len(self.memo)] = stack[-1]
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_DICT":
                stack.append({})
            case "APPEND":
                value = stack.pop()
                _list(stack[-1]).append(value)
            case "APPENDS":
                values = self._since_mark()
                _list(stack[-1]).extend(values)
            case "SETITEM":
                values = [stack.pop(), stack.pop()]
                _dict(stack[-1])[values[1]] = values[0]
            case "SETITEMS":
                values = self._since_mark()
                _dict(stack[-1]).update(zip(values[::2], values[1::2], strict=True))
            case "LIST":
                stack.append(self._since_mark())
            case "TUPLE":
                stack.append(tuple(self._since_mark()))
            case "DICT":
                values = self._since_mark()
                stack.append(dict(zip(values[::2], values[1::2], strict=True)))
            case "GLOBAL":
                stack.append(_Name(argument))
            case "STACK_GLOBAL":
                names = [stack.pop(), stack.pop()]
                stack.append(_Name(f"{names[1]} {names[0]}"))
            case "REDUCE":
                arguments = stack.pop()
                stack.append(_described(stack.pop(), arguments))
            case "BUILD":
                state = stack.pop()
                _complete(stack[-1], state)
            case _:
                raise _refused(name)

    def _since_mark(self) -> list[Any]:
        start = next(i for i in range(len(self.stack) - 1, -2, -1) if i < 0 or isinstance(self.stack[i], _Mark))
        if start < 0:
            raise ValueError("no mark")
        values = self.stack[start + 1 :]
        del self.stack[start:]
        return values


def _refused(name: str) -> Refusal:
    return Refusal(
        N_("The file asks for {name}, which a data set does not need; it was not executed, and the file is not read."),
        field="data", name=name,
    )  # fmt: skip


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("items for what is no list")
    return value


def _dict(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise TypeError("items for what is no dictionary")
    return value


def _described(called: Any, arguments: Any) -> Any:
    """What a call in the file would have made, if it is one of the four."""
    if not isinstance(called, _Name):
        raise TypeError("a call of what is no name")
    if called.text in REBUILD:
        return _Array()
    if called.text == "numpy dtype" and WHOLE_NUMBERS.fullmatch(str(arguments[0])):
        return _Type(str(arguments[0]))
    if called.text == "_codecs encode" and arguments[1:] == ("latin1",):
        return str(arguments[0]).encode("latin-1")
    raise _refused(called.text)


def _complete(value: Any, state: Any) -> None:
    """numpy's ``__setstate__``: a dtype learns its byte order, an array its shape, dtype, order and bytes."""
    if isinstance(value, _Type):
        value.order = state[1] if state[1] in ("<", ">", "|") else "="
    elif isinstance(value, _Array):
        value.state = state
    else:
        raise _refused("BUILD")


def _plain(value: Any) -> Any:
    """The result with its arrays made: the value itself, or the values of one dictionary."""
    if isinstance(value, dict):
        return {key: array_of(item) if isinstance(item, _Array) else item for key, item in value.items()}
    return array_of(value) if isinstance(value, _Array) else value


def array_of(described: _Array) -> NDArray[Any]:
    """The array of whole numbers that a description in the file stands for; it shares no memory with the file."""
    _, shape, kind, columns_first, data = described.state
    raw = data.encode("latin-1") if isinstance(data, str) else data
    flat = np.frombuffer(raw, dtype=np.dtype(kind.order + kind.code))
    return flat.reshape(tuple(int(length) for length in shape), order="F" if columns_first else "C")
