"""Libraries that a program calls, made ready before it runs.

JAX loads LAPACK's functions when it lowers a use of them; a program that comes from a file has none
lowered, and its first call would go through a null pointer.
"""

from __future__ import annotations

from jaxlib.cpu import _lapack

from stablelift.ir.mlir import ir, walk


def load_libraries(module: ir.Module) -> None:
    """Load the libraries that the module's `custom_call` ops need."""
    for op in walk(module.operation):
        operation = op.operation
        if operation.name == "stablehlo.custom_call":
            if operation.attributes["call_target_name"].value.startswith("lapack_"):
                _lapack.initialize()
                return
