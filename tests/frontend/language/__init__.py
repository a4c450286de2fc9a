"""Tests of the `.lift` language."""
