"""Programs of many equal layers: what is called again and again is compiled once.

Tracing leaves one function for each kind of layer and a call of it for each layer. The passes here keep that
structure for XLA: `lift-prune` removes what no call needs, `lift-pack` makes one batched call of independent
ones, `lift-roll` makes a loop of a chain of calls, `lift-outline` leaves the calls as calls.
`lift-return-stacks` returns whole what was batched, and `lift-seal` keeps random draws what they are op by
op.
"""
