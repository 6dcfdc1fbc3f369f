"""The types that the compiler learns: lanes, masks of lanes, and memory that holds lanes."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.extending import lower_cast, lower_getattr_generic, models, register_model
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic as _intrinsic

F = TypeVar("F", bound=Callable[..., Any])

intrinsic: Callable[[Callable[..., Any]], Any] = _intrinsic
"""numba's decorator, with a type."""


# Wrappers for Python callers are never called here, and cost a third of the time to compile.
_OPTIONS = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def inlined(function: F) -> F:
    """Compile `function` into each of its callers, without bounds checks or exceptions."""
    return cast("F", njit(forceinline=True, **_OPTIONS)(function))


def called(function: F) -> F:
    """Compile `function` once for all of its callers, likewise."""
    return cast("F", njit(**_OPTIONS)(function))


@intrinsic
def apart(typingctx: Any) -> Any:
    """``apart()``, within a `called` function: LLVM must not compile it into its callers either."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.function.attributes.discard("alwaysinline")
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), emit


class LanesType(types.Type):  # type: ignore[misc]
    """`width` numbers of one scalar type, held in registers."""

    def __init__(self, element: types.Type, width: int) -> None:
        self.element = element
        self.width = width
        super().__init__(name=f"Lanes({element}, {width})")

    def can_convert_from(self, typingctx: Any, other: types.Type) -> Conversion | None:
        """Accept a Python number or a value of one lane, to be repeated in every lane."""
        alone = isinstance(other, LanesType) and other == LanesType(self.element, 1)
        return Conversion.safe if alone or isinstance(other, types.Number) else None


class MaskType(types.Type):  # type: ignore[misc]
    """`width` truth values, the result of a comparison."""

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(name=f"Mask({width})")

    def can_convert_from(self, typingctx: Any, other: types.Type) -> Conversion | None:
        """Accept one truth value, to be repeated in every lane."""
        return Conversion.safe if other == MaskType(1) else None


class MemoryType(types.Type):  # type: ignore[misc]
    """The address of a row of lanes, indexed like a list."""

    def __init__(self, lanes: LanesType) -> None:
        self.lanes = lanes
        super().__init__(name=f"Memory({lanes})")


class NamedType(types.Type):  # type: ignore[misc]
    """Values of several types, each read by its name.

    Like numba's named tuples; but many functions take one with dozens of values, and these would be
    compared and spelt out one by one each time.
    """

    def __init__(self, title: str, members: Mapping[str, types.Type]) -> None:
        self.members = dict(members)
        digest = hashlib.sha256(str(self.members).encode()).hexdigest()
        super().__init__(name=f"{title}_{digest[:16]}")


@register_model(NamedType)
class _NamedModel(models.StructModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: NamedType) -> None:
        super().__init__(manager, kind, list(kind.members.items()))


@infer_getattr
class _NamedRead(AttributeTemplate):  # type: ignore[misc]
    key = NamedType

    def generic_resolve(self, kind: NamedType, name: str) -> Any:
        return kind.members.get(name)


def _lower_named_read(context: Any, builder: Any, kind: NamedType, value: Any, name: str) -> Any:
    return getattr(cgutils.create_struct_proxy(kind)(context, builder, value=value), name)


lower_getattr_generic(NamedType)(_lower_named_read)


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: LanesType) -> None:
        element = manager.lookup(kind.element).get_value_type()
        super().__init__(manager, kind, ir.VectorType(element, kind.width))


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: MaskType) -> None:
        super().__init__(manager, kind, ir.VectorType(ir.IntType(1), kind.width))


@register_model(MemoryType)
class _MemoryModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: MemoryType) -> None:
        lanes = manager.lookup(kind.lanes).get_value_type()
        super().__init__(manager, kind, lanes.as_pointer())


def splat(context: Any, builder: Any, origin: Any, target: LanesType, value: Any) -> Any:
    """Repeat one number in every lane."""
    scalar = context.cast(builder, value, origin, target.element)
    vector = ir.VectorType(scalar.type, target.width)
    if isinstance(scalar, ir.Constant):
        return ir.Constant(vector, [scalar.constant] * target.width)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, index(0))
    return _repeat(context, builder, None, target, first)


def _repeat(context: Any, builder: Any, origin: Any, target: Any, value: Any) -> Any:
    """Repeat the first lane in every lane."""
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), target.width), [0] * target.width)
    return builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), zeros)


lower_cast(types.Number, LanesType)(splat)
lower_cast(LanesType, LanesType)(_repeat)
lower_cast(MaskType, MaskType)(_repeat)


def index(i: int) -> ir.Constant:
    """Return the position of a lane, as LLVM wants it."""
    return ir.Constant(ir.IntType(32), i)
