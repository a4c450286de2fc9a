"""Tests of stablelift: the package's tree mirrored, golden files under golden/, and the house's own rules."""
