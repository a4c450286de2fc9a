"""What Python functions that run with a program have been told."""

from collections import Counter

import jax
import numpy as np


class Told:
    """Collects what callbacks say, in the order in which they are called."""

    def __init__(self):
        self.found = []

    def say(self, name, x, ordered=False):
        """From inside of a traced function: tell of an array by `jax.debug.callback`."""

        def hear(x):
            self.found.append((name, tuple(np.round(np.asarray(x, np.float64), 4).ravel().tolist())))

        jax.debug.callback(hear, x, ordered=ordered)

    def sine(self, x, by):
        """The sine, computed in Python: `by` is how JAX is to call it, with shape, dtype and operand."""

        def host(x):
            self.found.append(("sine", tuple(np.asarray(x).ravel().tolist())))
            return np.sin(x)

        return by(host, jax.ShapeDtypeStruct(x.shape, x.dtype), x)

    def during(self, function, *args):
        """The results of a call, and what is told while it runs."""
        self.found.clear()
        results = jax.block_until_ready(function(*args))
        jax.effects_barrier()
        return results, list(self.found)

    def counted(self, function, *args):
        """What is told by a call, in whatever order."""
        return Counter(self.during(function, *args)[1])
