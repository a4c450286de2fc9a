"""A box for the tests of lifts that add and remove axes."""

from __future__ import annotations

import jax

import stablelift as nn


@jax.tree_util.register_pytree_node_class
class NamedBox(nn.meta.AxisMetadata):
    """A box that knows the names of its axes."""

    def __init__(self, value, names):
        self.value, self.names = value, names

    def tree_flatten(self):
        return (self.value,), self.names

    @classmethod
    def tree_unflatten(cls, names, values):
        return cls(values[0], names)

    def unbox(self):
        return self.value

    def replace_boxed(self, val):
        return NamedBox(val, self.names)

    def add_axis(self, index, params):
        return NamedBox(self.value, (*self.names[:index], params["name"], *self.names[index:]))

    def remove_axis(self, index, params):
        assert self.names[index] == params["name"]
        return NamedBox(self.value, self.names[:index] + self.names[index + 1 :])
