"""Boxes around variables, with the names of `flax.core.meta`: axis metadata, and the partitioned box."""

from stablelift.frontend.meta.boxes import (
    AxisMetadata,
    add_axis,
    has_boxes,
    is_axis_metadata,
    map_axis_meta,
    remove_axis,
    replace_boxed,
    unbox,
)
from stablelift.frontend.meta.partitioned import (
    PARTITION_NAME,
    Partitioned,
    get_global_mesh,
    get_partition_spec,
    get_sharding,
    global_mesh_defined,
    with_partitioning,
)
from stablelift.frontend.neighbours import neighbours

__all__ = [
    "PARTITION_NAME",
    "AxisMetadata",
    "Partitioned",
    "add_axis",
    "get_global_mesh",
    "get_partition_spec",
    "get_sharding",
    "global_mesh_defined",
    "has_boxes",
    "is_axis_metadata",
    "map_axis_meta",
    "remove_axis",
    "replace_boxed",
    "unbox",
    "with_partitioning",
]

__getattr__ = neighbours(__name__)
