"""What work costs inside a loop and outside of it, in seconds of a CPU core: the model behind `lift-hoist`."""

from __future__ import annotations
