"""Layers: the Modules that Linen offers, with its names, fields, initial values and parameter trees."""
