"""SpectralNorm and WeightNorm: a layer that sees its parameters normalized, by the lifted map_variables.

Both keep what they need of their own under the path of each parameter, as in `Dense_0/kernel/scale`. As in
Linen, what `init` stores for the layer are parameters that are normalized already.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from stablelift.errors import LayerArgumentError
from stablelift.frontend import meta
from stablelift.frontend.calling import compact, nowrap
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.axes import axis_set
from stablelift.frontend.layers.dtypes import canonicalize_dtype
from stablelift.frontend.lifts.map_variables import map_variables
from stablelift.frontend.module import Module


class SpectralNorm(Module):
    """The layer with every matrix among its parameters divided by its largest singular value.

    That value is estimated by `n_steps` of power iteration at each call, from where the call before it
    stopped. A parameter with more than two axes counts as a matrix of its last axis, unless
    `error_on_non_matrix`; one with fewer is left alone. `epsilon` is added to squared norms. `dtype` is that
    of the normalized parameters (None: promoted), `param_dtype` that of the variables.

    Variables in `collection_name`, for each matrix: u [1, columns], a vector that starts at random, and
    sigma, the singular value. Source: Miyato et al. 2018, arXiv:1802.05957.
    """

    layer_instance: Module
    n_steps: int = 1
    epsilon: float = 1e-12
    dtype: Any = None
    param_dtype: Any = jnp.float32
    error_on_non_matrix: bool = False
    collection_name: str = "batch_stats"

    @compact
    def __call__(self, *args: Any, update_stats: bool, **kwargs: Any) -> Any:
        """The layer's result for `args` and `kwargs`. With `update_stats` the iteration goes on from here.

        Raises: LayerArgumentError for a parameter that is no matrix, with `error_on_non_matrix`;
        ModifyScopeVariableError for `update_stats` while the collection is immutable.
        """

        def normalize(path: str, x: Any) -> Any:
            return self._divided_by_norm(path, x, update_stats)

        return _with_parameters(self, normalize, args, kwargs)

    @nowrap
    def _divided_by_norm(self, path: str, x: Any, update_stats: bool) -> Any:
        x = jnp.asarray(x)
        if x.ndim <= 1 or self.n_steps < 1:
            return x
        if x.ndim > 2 and self.error_on_non_matrix:
            raise LayerArgumentError(
                f"parameter `{path}` has {x.ndim} axes, and `error_on_non_matrix` is set",
                f"shape: {x.shape}",
                hint="without it, such a parameter counts as a matrix of its last axis",
                module=self,
            )
        matrix = jnp.reshape(x, (-1, x.shape[-1]))

        def random_vector() -> Any:
            draw = initializers.normal(stddev=1.0)
            return draw(self.make_rng("params"), (1, matrix.shape[-1]), self.param_dtype)

        kept_u = self.variable(self.collection_name, f"{path}/u", random_vector)
        kept_sigma = self.variable(self.collection_name, f"{path}/sigma", jnp.ones, (), self.param_dtype)
        u = v = kept_u.value
        for _ in range(self.n_steps):
            v = _unit(jnp.matmul(u, matrix.T), None, self.epsilon)
            u = _unit(jnp.matmul(v, matrix), None, self.epsilon)
        u, v = lax.stop_gradient(u), lax.stop_gradient(v)
        sigma = jnp.matmul(jnp.matmul(v, matrix), u.T)[0, 0]
        divided = x / jnp.where(sigma != 0, sigma, 1)
        if update_stats:
            kept_u.value, kept_sigma.value = u, sigma
        return jnp.asarray(divided, canonicalize_dtype(x, u, v, sigma, dtype=self.dtype))


class WeightNorm(Module):
    """The layer with each of its parameters as a direction of length one times a learned scale.

    It applies to the parameters whose path, as in `Dense_0/kernel`, contains one of the words
    `variable_filter`; None: to all. Lengths are taken over all axes but `feature_axes` (None: over all), with
    `epsilon` added to their squares. `dtype` is that of the normalized parameters (None: promoted),
    `param_dtype` that of the scales.

    Parameters: for each of the layer's that it applies to a scale, shaped as the feature axes, unless
    `use_scale` is False. Source: Salimans & Kingma 2016, arXiv:1602.07868.
    """

    layer_instance: Module
    epsilon: float = 1e-12
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_scale: bool = True
    scale_init: Callable[..., Any] = initializers.ones
    feature_axes: int | Sequence[int] | None = -1
    variable_filter: Iterable[str] | None = dataclasses.field(default_factory=lambda: {"kernel"})

    @compact
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's result for `args` and `kwargs`.

        Raises: LayerArgumentError for a feature axis that a parameter does not have.
        """
        return _with_parameters(self, self._scaled_direction, args, kwargs)

    @nowrap
    def _scaled_direction(self, path: str, x: Any) -> Any:
        names = self.variable_filter
        if names and not any(name in path for name in names):
            return x
        x = jnp.asarray(x)
        features = () if self.feature_axes is None else self.feature_axes
        features = axis_set(self, "feature_axes", features, x.shape)
        direction = _unit(x, tuple(set(range(x.ndim)) - set(features)), self.epsilon)
        given = [x]
        if self.use_scale:
            sizes = [x.shape[axis] for axis in features]
            scale = self.param(f"{path}/scale", self.scale_init, sizes, self.param_dtype)
            given.append(scale)
            aligned = [size if axis in features else 1 for axis, size in enumerate(x.shape)]
            direction = direction * jnp.reshape(scale, aligned)
        return jnp.asarray(direction, canonicalize_dtype(*given, dtype=self.dtype))


def _with_parameters(norm: Any, normalize: Callable[[str, Any], Any], args: Any, kwargs: Any) -> Any:
    """The layer called with `normalize(path, parameter)` in place of each of its parameters."""
    initializing = norm.is_initializing()

    def normalized(collections: Any) -> Any:
        return {col: _mapped(normalize, norm.layer_instance.name, xs) for col, xs in collections.items()}

    call = map_variables(
        lambda layer, *args, **kwargs: layer(*args, **kwargs),
        "params",
        trans_in_fn=normalized,
        init=initializing,
        mutable=initializing,
    )
    return call(norm.layer_instance, *args, **kwargs)


def _mapped(fn: Callable[[str, Any], Any], path: str, tree: Any) -> Any:
    if isinstance(tree, Mapping):
        # In JAX's order, as Linen does: what is drawn for one parameter depends on how many were before it.
        return {name: _mapped(fn, f"{path}/{name}", tree[name]) for name in sorted(tree)}
    if meta.is_axis_metadata(tree):  # Linen's boxes hold the array as `value`, which it sees in the path
        return tree.replace_boxed(_mapped(fn, f"{path}/value", tree.unbox()))
    return fn(path, tree)


def _unit(x: Any, axes: Any, epsilon: float) -> Any:
    """The vectors along `axes` (None: the array as one) divided by their lengths."""
    return x * lax.rsqrt(jnp.sum(x * x, axis=axes, keepdims=True) + epsilon)
