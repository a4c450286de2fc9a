"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stablelift.errors import LayerArgumentError
from stablelift.frontend.calling import compact
from stablelift.frontend.module import Module
from stablelift.frontend.neighbours import neighbours

__all__ = ["Sequential"]


class Sequential(Module):
    """Each layer called with what the one before it returned.

    `layers` are Modules and functions. A tuple that a layer returns becomes the positional arguments of the
    next, a dict its keyword arguments. The parameters of a layer are at `layers_i`, where i is its position.
    """

    layers: Sequence[Callable[..., Any]]

    def __post_init__(self) -> None:
        if not isinstance(self.layers, Sequence):
            raise LayerArgumentError(
                f"`layers` is a sequence of layers, found {type(self.layers).__name__}",
                hint="write `Sequential([first, second])`",
            )
        super().__post_init__()

    @compact
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The arguments are those of the first layer. Raises: LayerArgumentError if there are no layers."""
        if not self.layers:
            raise LayerArgumentError("`layers` is empty", hint="pass at least one layer", module=self)
        result = self.layers[0](*args, **kwargs)
        for layer in self.layers[1:]:
            if isinstance(result, tuple):
                result = layer(*result)
            elif isinstance(result, Mapping):
                result = layer(**result)
            else:
                result = layer(result)
        return result


__getattr__ = neighbours(__name__)
