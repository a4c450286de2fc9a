"""The functional core under Modules: scopes, their variables and lifts, with the names of `flax.core`."""

from stablelift.frontend import meta
from stablelift.frontend.core import apply, bind, init
from stablelift.frontend.filters import DenyList
from stablelift.frontend.frozen_dict import FrozenDict, freeze, unfreeze
from stablelift.frontend.lifts import scopes as lift
from stablelift.frontend.lifts.axes import broadcast
from stablelift.frontend.lifts.scopes import custom_vjp, jvp, remat, remat_scan, scan, vjp, vmap, while_loop
from stablelift.frontend.meta import AxisMetadata, map_axis_meta, unbox
from stablelift.frontend.scope import Scope

__all__ = [
    "AxisMetadata",
    "DenyList",
    "FrozenDict",
    "Scope",
    "apply",
    "bind",
    "broadcast",
    "custom_vjp",
    "freeze",
    "init",
    "jvp",
    "lift",
    "map_axis_meta",
    "meta",
    "remat",
    "remat_scan",
    "scan",
    "unbox",
    "unfreeze",
    "vjp",
    "vmap",
    "while_loop",
]
