"""Passes over `lift.scan`: tidy, hoist, fuse; one file for each idea, on loops taken apart by `loop.py`."""
