"""The host side of lifting: variables and keys of Modules go into a pure function and come back out."""

import stablelift.runtime  # noqa: F401  (registers how JAX meets our primitives)
