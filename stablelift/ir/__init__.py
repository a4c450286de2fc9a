"""The ground floor: the one door to jaxlib's MLIR, the builder facade, and the `lift` dialect's table."""

from stablelift.ir import dialect as dialect  # fills the table of `stablelift.ir.lift`
