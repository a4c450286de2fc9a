"""Normalization layers."""

from __future__ import annotations

from stablelift.frontend.layers.normalization.batch_norm import BatchNorm
from stablelift.frontend.layers.normalization.group_norm import GroupNorm, InstanceNorm
from stablelift.frontend.layers.normalization.layer_norm import LayerNorm, RMSNorm
from stablelift.frontend.layers.normalization.reparameterization import SpectralNorm, WeightNorm
from stablelift.frontend.neighbours import neighbours

__all__ = ["BatchNorm", "GroupNorm", "InstanceNorm", "LayerNorm", "RMSNorm", "SpectralNorm", "WeightNorm"]

__getattr__ = neighbours(__name__)
