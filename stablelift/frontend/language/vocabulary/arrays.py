"""The functions of arrays that a body may call: names of `jax.numpy`, `jax.nn`, `jax.lax`, `jax.random`."""

from __future__ import annotations

from stablelift.frontend.language.vocabulary.words import words

# Words of the language's own, which have no home in a module.
OWN = "language"

FUNCTIONS = words(
    # Known before tracing
    (OWN, "range", "start:int, stop:int=, step:int=", "range"),
    (OWN, "len", "items:tuple", "len"),
    (OWN, "key", "stream:str=", "make_rng"),
    # Elementwise
    ("jax.numpy", "broadcast", "x", """
        abs angle arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil conj cos cosh degrees exp exp2 expm1
        floor imag invert isfinite isinf isnan log log10 log1p log2 logical_not negative radians real
        reciprocal rint sign sin sinc sinh sqrt square tan tanh trunc"""),
    ("jax.numpy", "broadcast", "x, y", """
        add arctan2 bitwise_and bitwise_or bitwise_xor copysign divide equal floor_divide fmod gcd greater
        greater_equal heaviside hypot left_shift less less_equal logaddexp logaddexp2 logical_and logical_or
        logical_xor maximum minimum multiply not_equal power remainder right_shift subtract"""),
    ("jax.numpy", "broadcast", "condition, x, y", "where"),
    ("jax.numpy", "broadcast", "x, min=, max=", "clip"),
    ("jax.numpy", "broadcast", "x, y, *, rtol=, atol=", "isclose"),
    ("jax.numpy", "same", "x, decimals=", "round"),
    ("jax.numpy", "same", "x, dtype:dtype", "astype"),
    ("jax.numpy", "same", "x, *, nan=, posinf=, neginf=", "nan_to_num"),
    ("jax.nn", "same", "x", """
        hard_sigmoid hard_silu hard_swish hard_tanh log_sigmoid mish relu relu6 selu sigmoid silu soft_sign
        softplus sparse_plus sparse_sigmoid squareplus swish"""),
    ("jax.nn", "same", "x, approximate=", "gelu"),
    ("jax.nn", "same", "x, alpha=", "celu elu"),
    ("jax.nn", "same", "x, negative_slope=", "leaky_relu"),
    ("jax.lax", "same", "x", """
        bessel_i0e bessel_i1e digamma erf erfc erf_inv lgamma logistic rsqrt stop_gradient"""),
    ("jax.lax", "broadcast", "x, y", "complex nextafter"),
    # Along an axis
    ("jax.nn", "same", "x, axis=", "log_softmax softmax"),
    ("jax.nn", "same", "x, axis=, *, epsilon=", "standardize"),
    ("jax.nn", "glu", "x, axis=", "glu"),
    ("jax.nn", "reduce", "x, axis=, *, keepdims=", "logsumexp"),
    ("jax.nn", "one_hot", "x, num_classes:int, *, dtype=, axis=", "one_hot"),
    ("jax.numpy", "reduce", "x, axis=, *, dtype=, keepdims=", "mean nanmean nansum prod sum"),
    ("jax.numpy", "reduce", "x, axis=, *, keepdims=", """
        all any argmax argmin count_nonzero max median min nanmax nanmin ptp"""),
    ("jax.numpy", "reduce", "x, axis=, *, ddof=, keepdims=", "std var"),
    ("jax.numpy", "unknown", "x, q, axis=, *, keepdims=", "quantile"),
    ("jax.numpy", "same", "x, axis=", "argsort cumprod cumsum flip sort"),
    ("jax.numpy", "unknown", "x, n=, axis=", "diff"),
    ("jax.numpy", "same", "x, shift, axis=", "roll"),
    ("jax.lax", "same", "x, axis=, *, reverse=", "cumlogsumexp cummax cummin"),
    ("jax.lax", "top_k", "x, k:int", "top_k"),
    # Contractions
    ("jax.numpy", "matmul", "x, y", "matmul"),
    ("jax.numpy", "unknown", "x, y", "dot kron"),
    ("jax.numpy", "outer", "x, y", "outer"),
    ("jax.numpy", "vdot", "x, y", "vdot"),
    ("jax.numpy", "unknown", "x, y, axis=", "cross"),
    ("jax.numpy", "unknown", "x, y, axes=", "tensordot"),
    ("jax.numpy", "einsum", "subscripts:str, *operands", "einsum"),
    # Movement
    ("jax.numpy", "reshape", "x, shape", "reshape"),
    ("jax.numpy", "broadcast_to", "x, shape", "broadcast_to"),
    ("jax.numpy", "transpose", "x, axes=", "transpose"),
    ("jax.numpy", "swapaxes", "x, axis1, axis2", "swapaxes"),
    ("jax.numpy", "moveaxis", "x, source, destination", "moveaxis"),
    ("jax.numpy", "expand_dims", "x, axis", "expand_dims"),
    ("jax.numpy", "squeeze", "x, axis=", "squeeze"),
    ("jax.numpy", "ravel", "x", "ravel"),
    ("jax.numpy", "unknown", "x", "atleast_1d atleast_2d diag diagonal trace"),
    ("jax.numpy", "same", "x, k=", "tril triu"),
    ("jax.numpy", "concatenate", "arrays, axis=", "concatenate"),
    ("jax.numpy", "stack", "arrays, axis=", "stack"),
    ("jax.numpy", "split", "x, sections:count, axis=", "split"),
    ("jax.numpy", "repeat", "x, repeats, axis=", "repeat"),
    ("jax.numpy", "tile", "x, reps", "tile"),
    ("jax.numpy", "pad", "x, pad_width", "pad"),
    ("jax.numpy", "take", "x, indices, axis=", "take"),
    ("jax.numpy", "unknown", "x, indices, axis", "take_along_axis"),
    ("jax.numpy", "unknown", "x, y, *, side=", "searchsorted"),
    ("jax.numpy", "same", "x, xp, fp", "interp"),
    ("jax.lax", "unknown", "x, start, size:int, axis=", "dynamic_slice_in_dim"),
    ("jax.lax", "same", "x, update, start, axis", "dynamic_update_slice_in_dim"),
    # Creation
    ("jax.numpy", "create", "shape, dtype:dtype=", "ones zeros"),
    ("jax.numpy", "create", "shape, fill_value, dtype:dtype=", "full"),
    ("jax.numpy", "same", "x, dtype:dtype=", "ones_like zeros_like"),
    ("jax.numpy", "same", "x, fill_value, dtype:dtype=", "full_like"),
    ("jax.numpy", "arange", "start, stop=, step=, *, dtype:dtype=", "arange"),
    ("jax.numpy", "eye", "n:int, *, k=, dtype:dtype=", "eye"),
    ("jax.numpy", "linspace", "start, stop, num:int=", "linspace"),
    # Along a mapped axis
    ("jax.lax", "same", "x, axis_name:str", "pmax pmean pmin psum"),
    ("jax.lax", "scalar", "axis_name:str", "axis_index"),
    # Random numbers
    ("jax.random", "random", "key, shape=, dtype:dtype=", """
        cauchy exponential gumbel laplace logistic normal rademacher"""),
    ("jax.random", "random", "key, shape=, dtype:dtype=, minval=, maxval=", "uniform"),
    ("jax.random", "random", "key, lower, upper, shape=, dtype:dtype=", "truncated_normal"),
    ("jax.random", "random_like", "key, p=, shape=", "bernoulli"),
    ("jax.random", "random_like", "key, a, shape=, dtype:dtype=", "gamma"),
    ("jax.random", "random_like", "key, lam, shape=, dtype:dtype=", "poisson"),
    ("jax.random", "random_like", "key, a, b, shape=, dtype:dtype=", "beta"),
    ("jax.random", "random", "key, shape, minval, maxval, dtype:dtype=", "randint"),
    ("jax.random", "unknown", "key, logits, axis=, shape=", "categorical"),
    ("jax.random", "unknown", "key, x, axis=", "permutation"),
    ("jax.random", "key", "key, data", "fold_in"),
    # Layers without variables
    ("stablelift", "pool", "inputs, window_shape, strides=, padding=", "avg_pool max_pool min_pool"),
    ("stablelift", "attention", "query, key, value, bias=, mask=", "dot_product_attention"),
    ("stablelift", "unknown", "x", "make_causal_mask"),
    ("stablelift", "unknown", "query_input, key_input", "make_attention_mask"),
    ("stablelift", "unknown", "*masks", "combine_masks"),
)  # fmt: skip
