"""The table of layers that are compared with Linen's, by family."""

from .attention import ATTENTION
from .linear import CONVOLUTIONS, EIGHT_BITS, LINEAR, OTHER
from .normalization import NORMALIZATION, REPARAMETERIZED
from .recurrent import CELLS, RECURRENT

CASES = [
    *LINEAR,
    *EIGHT_BITS,
    *CONVOLUTIONS,
    *NORMALIZATION,
    *REPARAMETERIZED,
    *ATTENTION,
    *CELLS,
    *RECURRENT,
    *OTHER,
]
