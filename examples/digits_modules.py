"""The Modules of digits.lift in Python: the same names, parameter trees and values."""

import jax

import stablelift as nn


class MLP(nn.Module):
    """A perceptron with one hidden layer."""

    hidden: int = 64
    classes: int = 10

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Logits of a batch of pictures, one a row. Shapes: x f32[*batch, pixels] -> f32[*batch, classes]."""
        h = nn.relu(nn.Dense(self.hidden)(x))
        return nn.Dense(self.classes)(h)


# Eight of them, each with parameters of its own, on the same pictures.
Ensemble = nn.vmap(MLP, variable_axes={"params": 0}, split_rngs={"params": True}, in_axes=None, axis_size=8)
