"""The host side of lifting: variables and keys of Modules go into a pure function and come back out."""
