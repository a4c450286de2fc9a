"""Lowering: jaxprs with lift primitives become StableHLO with `lift` ops."""
