"""Names of types for the annotations of Linen code, as `flax.typing` and the files of Linen have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import jax

from stablelift.frontend.calling import Interceptor, InterceptorContext
from stablelift.frontend.filters import DenyList, Filter
from stablelift.frontend.frozen_dict import FrozenDict
from stablelift.frontend.lifts.axes import In, Out
from stablelift.frontend.meta import AxisMetadata

Array: TypeAlias = jax.Array | Any
PRNGKey: TypeAlias = jax.Array
RNGSequences: TypeAlias = dict[str, PRNGKey]
Dtype: TypeAlias = jax.typing.DTypeLike | Any
Shape: TypeAlias = Sequence[int]
Initializer: TypeAlias = Callable[..., Any]

PrecisionLike: TypeAlias = (
    None | str | jax.lax.Precision | tuple[str, str] | tuple[jax.lax.Precision, jax.lax.Precision]
)
DotGeneralT: TypeAlias = Callable[..., Array]
ConvGeneralDilatedT: TypeAlias = Callable[..., Array]
EinsumT: TypeAlias = Callable[..., Array]
PaddingLike: TypeAlias = str | int | Sequence[int | tuple[int, int]]
LaxPadding: TypeAlias = str | Sequence[tuple[int, int]]

Carry: TypeAlias = Any
CarryHistory: TypeAlias = Any
Output: TypeAlias = Any

Collection: TypeAlias = Mapping[str, Any]
MutableCollection: TypeAlias = dict[str, Any]
VariableDict: TypeAlias = Mapping[str, Collection]
FrozenVariableDict: TypeAlias = FrozenDict
MutableVariableDict: TypeAlias = dict[str, MutableCollection]
CollectionFilter: TypeAlias = Filter
PRNGSequenceFilter: TypeAlias = Filter
PRNGFoldable: TypeAlias = int | str

TAxisMetadata = TypeVar("TAxisMetadata", bound=AxisMetadata)

Axis: TypeAlias = int | None
InOutAxis: TypeAlias = Axis | In | Out
ScanAxis: TypeAlias = int
InOutScanAxis: TypeAlias = ScanAxis | In | Out
Axes: TypeAlias = int | Sequence[int]

AxisName: TypeAlias = str | tuple[str, ...] | None
LogicalNames: TypeAlias = tuple[str | None, ...]
LogicalRules: TypeAlias = Sequence[tuple[str, AxisName]]
ArrayPytree: TypeAlias = Any
LogicalPartitionSpec: TypeAlias = Any
LogicalPartitionSpecPytree: TypeAlias = Any
PartitionSpecPytree: TypeAlias = Any
Sharding: TypeAlias = tuple[AxisName, ...]

__all__ = [
    "Array", "ArrayPytree", "Axes", "Axis", "AxisName", "Carry", "CarryHistory", "Collection",
    "CollectionFilter", "ConvGeneralDilatedT", "DenyList", "DotGeneralT", "Dtype", "EinsumT",
    "FrozenVariableDict", "In", "InOutAxis", "InOutScanAxis", "Initializer", "Interceptor",
    "InterceptorContext", "LaxPadding", "LogicalNames",
    "LogicalPartitionSpec", "LogicalPartitionSpecPytree", "LogicalRules", "MutableCollection",
    "MutableVariableDict", "Out", "Output", "PRNGFoldable", "PRNGKey", "PRNGSequenceFilter",
    "PaddingLike", "PartitionSpecPytree", "PrecisionLike", "RNGSequences", "ScanAxis", "Shape", "Sharding",
    "TAxisMetadata", "VariableDict",
]  # fmt: skip
