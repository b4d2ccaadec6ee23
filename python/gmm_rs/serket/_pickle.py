"""Reading pickles as data: lists, dicts, numbers, text and NumPy arrays of numbers, and nothing else.

A pickle is a program for a small stack machine, and Python's own machine calls whatever the program names. The
machine here knows only the instructions that build data. A name in the pickle becomes a `Name`, never the thing
it names, and the few that NumPy needs are acted out by `_pickled_arrays`. So a hostile file can be refused but not
obeyed, and it takes no more memory than a small multiple of its own size.

Protocols 0 to 5 are read, Python 2's included (its strings hold bytes and are decoded as Latin-1).
"""

import io
import pickle
import pickletools
import struct
from collections.abc import Callable
from typing import Any

from gmm_rs.serket._pickled_arrays import CALLS, NAMES, Name, Unfinished

_MAX_INSTRUCTIONS = 1_000_000  # a model of Serket takes about 100 for each class
_INSTRUCTIONS = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}
_MALFORMED = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError, struct.error)


def read_pickle(data: bytes) -> Any:
    """The object that a pickle describes.

    Parameters
    ----------
    data : bytes
        The whole pickle.

    Returns
    -------
    object
        Made of None, bool, int, float, str, bytes, list, tuple, dict with str keys, and ndarray of bool, integer or
        floating-point numbers. Arrays are read-only views into the pickle's bytes.

    Raises
    ------
    pickle.UnpicklingError
        If the pickle is damaged or asks for anything else.

    Examples
    --------
    >>> read_pickle(pickle.dumps({"means": [1.5, 2.5]}))
    {'means': [1.5, 2.5]}
    >>> read_pickle(pickle.dumps(print))
    Traceback (most recent call last):
    _pickle.UnpicklingError: it asks for 'builtins print', which is not allowed
    """
    machine = _Machine(io.BytesIO(data))
    try:
        return machine.run()
    except pickle.UnpicklingError:
        raise
    except _MALFORMED as error:
        raise pickle.UnpicklingError(f"it is damaged ({type(error).__name__} at byte {machine.position})") from error


class _Machine:
    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream
        self._stack: list[Any] = []
        self._outer_stacks: list[list[Any]] = []  # one for each MARK
        self._memo: dict[int, Any] = {}

    @property
    def position(self) -> int:
        return self._stream.tell()

    def run(self) -> Any:
        for _ in range(_MAX_INSTRUCTIONS):
            instruction = _INSTRUCTIONS[self._stream.read(1)]
            if instruction.name == "STOP":
                return self._result()
            if instruction.name == "STRING":  # the reader of pickletools refuses escaped bytes above 127
                argument: Any = self._read_quoted()
            else:
                argument = instruction.arg.reader(self._stream) if instruction.arg else None
            if instruction.name in _LITERALS:
                self._stack.append(argument)
            elif instruction.name in _ACTIONS:
                _ACTIONS[instruction.name](self, argument)
            else:
                raise pickle.UnpicklingError(f"it uses the instruction {instruction.name}, which is not allowed")
        raise pickle.UnpicklingError(f"it has more than {_MAX_INSTRUCTIONS} instructions")

    def _result(self) -> Any:
        if self._stream.read(1):
            raise pickle.UnpicklingError("bytes follow its end")
        (value,) = self._stack
        if self._outer_stacks or isinstance(value, Unfinished):
            raise pickle.UnpicklingError("it ends too early")
        return value

    def _read_quoted(self) -> str:
        line = self._stream.readline().removesuffix(b"\n").strip()
        if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1]:
            raise pickle.UnpicklingError("a string in it has no quotes")
        return line[1:-1].decode("unicode_escape")

    def _pop_to_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._outer_stacks.pop()
        return items

    def _mark(self, _: None) -> None:
        self._outer_stacks.append(self._stack)
        self._stack = []

    def _push_marked_tuple(self, _: None) -> None:
        items = self._pop_to_mark()
        self._stack.append(tuple(items))

    def _push_marked_list(self, _: None) -> None:
        items = self._pop_to_mark()
        self._stack.append(items)

    def _push_marked_dict(self, _: None) -> None:
        items = self._pop_to_mark()
        self._stack.append({})
        self._set_items(items)

    def _push_short_tuple(self, length: int) -> None:
        items = [self._stack.pop() for _ in range(length)]
        self._stack.append(tuple(reversed(items)))

    def _extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise TypeError
        target.extend(items)

    def _set_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        keys, values = items[::2], items[1::2]
        # Keys are text: hashing a tuple that holds another twice, which holds another twice ... takes for ever.
        if not (isinstance(target, dict) and all(isinstance(key, str) for key in keys)):
            raise TypeError
        target.update(zip(keys, values, strict=True))

    def _put(self, key: int) -> None:
        value = self._stack[-1]
        self._memo[key] = value
        if isinstance(value, Unfinished):
            value.memo_keys.append(key)

    def _get(self, key: int) -> None:
        self._stack.append(self._memo[key])

    def _push_name(self, name: str) -> None:
        if name not in NAMES:
            raise pickle.UnpicklingError(f"it asks for {name[:200]!r}, which is not allowed")
        self._stack.append(NAMES[name])

    def _push_stacked_name(self, _: None) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if not (isinstance(module, str) and isinstance(name, str)):
            raise TypeError
        self._push_name(f"{module} {name}")

    def _reduce(self, _: None) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        if not (isinstance(name, Name) and name in CALLS and isinstance(arguments, tuple)):
            raise TypeError
        self._stack.append(CALLS[name](*arguments))

    def _build(self, _: None) -> None:
        state, unfinished = self._stack.pop(), self._stack.pop()
        if not (isinstance(unfinished, Unfinished) and isinstance(state, tuple)):
            raise TypeError
        value = unfinished.finish(state)
        self._stack.append(value)
        for key in unfinished.memo_keys:
            self._memo[key] = value


_LITERALS = frozenset(
    {
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "LONG4",
        "FLOAT",
        "BINFLOAT",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
        "BYTEARRAY8",
        "NONE",
    }
)

_ACTIONS: dict[str, Callable[[_Machine, Any], object]] = {
    "PROTO": lambda _machine, _version: None,
    "FRAME": lambda _machine, _length: None,
    "MARK": _Machine._mark,
    "NEWTRUE": lambda machine, _: machine._stack.append(True),
    "NEWFALSE": lambda machine, _: machine._stack.append(False),
    "EMPTY_LIST": lambda machine, _: machine._stack.append([]),
    "EMPTY_TUPLE": lambda machine, _: machine._stack.append(()),
    "EMPTY_DICT": lambda machine, _: machine._stack.append({}),
    "LIST": _Machine._push_marked_list,
    "TUPLE": _Machine._push_marked_tuple,
    "DICT": _Machine._push_marked_dict,
    "TUPLE1": lambda machine, _: machine._push_short_tuple(1),
    "TUPLE2": lambda machine, _: machine._push_short_tuple(2),
    "TUPLE3": lambda machine, _: machine._push_short_tuple(3),
    "APPEND": lambda machine, _: machine._extend([machine._stack.pop()]),
    "APPENDS": lambda machine, _: machine._extend(machine._pop_to_mark()),
    "SETITEM": lambda machine, _: machine._set_items([machine._stack.pop(-2), machine._stack.pop()]),
    "SETITEMS": lambda machine, _: machine._set_items(machine._pop_to_mark()),
    "PUT": _Machine._put,
    "BINPUT": _Machine._put,
    "LONG_BINPUT": _Machine._put,
    "MEMOIZE": lambda machine, _: machine._put(len(machine._memo)),
    "GET": _Machine._get,
    "BINGET": _Machine._get,
    "LONG_BINGET": _Machine._get,
    "GLOBAL": _Machine._push_name,
    "STACK_GLOBAL": _Machine._push_stacked_name,
    "REDUCE": _Machine._reduce,
    "BUILD": _Machine._build,
}
