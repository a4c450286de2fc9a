"""Tests of lift-raise."""
