"""The ground floor: the one door to jaxlib's MLIR, the builder facade, and the `lift` dialect's table."""
