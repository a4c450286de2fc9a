"""The lifts of Modules under one name, as `flax.linen.transforms` has them."""

from stablelift.frontend.lifts.branches import cond, switch
from stablelift.frontend.lifts.custom_vjp import custom_vjp
from stablelift.frontend.lifts.derivatives import jvp, vjp
from stablelift.frontend.lifts.gradients import grad, value_and_grad
from stablelift.frontend.lifts.jit import fold_rngs, jit
from stablelift.frontend.lifts.map_variables import add_metadata_axis, map_variables
from stablelift.frontend.lifts.named_call import named_call
from stablelift.frontend.lifts.remat import checkpoint, remat
from stablelift.frontend.lifts.remat_scan import remat_scan
from stablelift.frontend.lifts.scan import scan
from stablelift.frontend.lifts.vmap import vmap
from stablelift.frontend.lifts.while_loop import while_loop
from stablelift.frontend.neighbours import neighbours

__all__ = [
    "add_metadata_axis",
    "checkpoint",
    "cond",
    "custom_vjp",
    "fold_rngs",
    "grad",
    "jit",
    "jvp",
    "map_variables",
    "named_call",
    "remat",
    "remat_scan",
    "scan",
    "switch",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]

__getattr__ = neighbours(__name__)
