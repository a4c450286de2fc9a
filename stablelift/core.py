"""The functional core under Modules: scopes, their variables and lifts, with the names of `flax.core`."""

from stablelift.frontend import frozen_dict as frozen_dict
from stablelift.frontend import meta
from stablelift.frontend import scope as scope
from stablelift.frontend.core import apply, bind, init, lazy_init
from stablelift.frontend.filters import DenyList
from stablelift.frontend.frozen_dict import FrozenDict, copy, freeze, pop, pretty_repr, unfreeze
from stablelift.frontend.lifts import scopes as lift
from stablelift.frontend.lifts.axes import broadcast
from stablelift.frontend.lifts.scopes import (
    custom_vjp,
    jit,
    jvp,
    remat,
    remat_scan,
    scan,
    vjp,
    vmap,
    while_loop,
)
from stablelift.frontend.meta import AxisMetadata, map_axis_meta, unbox
from stablelift.frontend.scope import Scope

__path__: list[str] = []
"""No folder, but `stablelift.core.frozen_dict` and others are imported, see `stablelift.submodules`."""

__all__ = [
    "AxisMetadata",
    "DenyList",
    "FrozenDict",
    "Scope",
    "apply",
    "bind",
    "broadcast",
    "copy",
    "custom_vjp",
    "freeze",
    "init",
    "jit",
    "jvp",
    "lazy_init",
    "lift",
    "map_axis_meta",
    "meta",
    "pop",
    "pretty_repr",
    "remat",
    "remat_scan",
    "scan",
    "unbox",
    "unfreeze",
    "vjp",
    "vmap",
    "while_loop",
]
