"""Passes: every `lift` op is compiled away, module to module."""
