"""The `.lift` language: grammar, parser, checker, and the way from a file to Modules."""
