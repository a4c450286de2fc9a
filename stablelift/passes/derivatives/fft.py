"""Derivatives of Fourier transforms: the matrix of a complex one is symmetric, the real ones drop or mirror
halves.
"""

from __future__ import annotations

import math

from stablelift.ir import attr, hlo
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.tensor import Tensor, emit
from stablelift.ir.types import tensor_type
from stablelift.passes.derivatives.table import transposition


@transposition("stablehlo.fft")
def fft(op, ct):
    kind = stablehlo.FftTypeAttr(op.fft_type).value
    lengths = list(op.fft_length)
    return {"RFFT": _rfft, "IRFFT": _irfft}.get(kind, lambda ct, lengths: _transform(ct, kind, lengths))(
        ct, lengths
    )


def _transform(x: Tensor, kind: str, lengths: list[int], type: ir.Type | None = None) -> Tensor:
    attributes = {"fft_type": stablehlo.FftTypeAttr.get(kind), "fft_length": attr.i64s(lengths)}
    return emit("stablehlo.fft", x, attributes=attributes, type=x.type if type is None else type)


def _rfft(ct: Tensor, lengths: list[int]) -> Tensor:
    """A complex transform of real numbers, of which the first half is kept."""
    missing = [0] * (ct.rank - 1) + [lengths[-1] - ct.shape[-1]]
    return hlo.real(_transform(hlo.pad(ct, [0] * ct.rank, missing, [0] * ct.rank), "FFT", lengths))


def _irfft(ct: Tensor, lengths: list[int]) -> Tensor:
    """Each frequency but the first, and the last of an even length, stands for its mirror image too."""
    kept = lengths[-1] // 2 + 1
    shape = [*ct.shape[:-1], kept]
    spectrum = _transform(ct, "RFFT", lengths, tensor_type(shape, ir.ComplexType.get(ct.element_type)))
    is_odd = lengths[-1] % 2
    twice = hlo.constant(2, tensor_type([kept - 2 + is_odd], ct.element_type))
    times = hlo.pad(twice, [1], [1 - is_odd], [0], 1) * (1 / math.prod(lengths))
    weights = hlo.broadcast_in_dim(times, shape, [ct.rank - 1])
    return hlo.complex(hlo.real(spectrum) * weights, -hlo.imag(spectrum) * weights)
