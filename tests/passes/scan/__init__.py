"""Tests of the passes over scans."""
