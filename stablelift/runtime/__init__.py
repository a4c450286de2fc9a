"""Runtime: finished StableHLO is compiled, cached, called, sharded and saved."""
