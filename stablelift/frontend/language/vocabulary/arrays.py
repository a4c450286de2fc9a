"""The functions of arrays that a body may call: names of `jax.numpy`, `jax.nn`, `jax.lax`, `jax.random`."""

from __future__ import annotations

from stablelift.frontend.language.vocabulary.words import words

# Words of the language's own, and of the module whose method runs: they have no home in Python's modules.
OWN = "language"
OF_MODULE = "module"

FUNCTIONS = words(
    # Known before tracing
    (OWN, "range", "start:int, stop:int=, step:int=", "range"),
    (OWN, "len", "items:tuple", "len"),
    # Of the module whose method runs
    (OF_MODULE, "key", "stream:str=", "make_rng"),
    (OF_MODULE, "answer", "", "is_initializing"),
    (OF_MODULE, "answer", "collection:str", "is_mutable_collection"),
    (OF_MODULE, "answer", "stream:str", "has_rng"),
    (OF_MODULE, "answer", "collection:str, variable:str", "has_variable"),
    (OF_MODULE, "second", "variable:str, value, collection:str=", "perturb"),
    # Elementwise
    ("jax.numpy", "broadcast", "x", """
        abs angle arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil conj cos cosh degrees exp exp2 expm1
        floor imag invert isfinite isinf isnan log log10 log1p log2 logical_not negative radians real
        reciprocal rint sign sin sinc sinh sqrt square tan tanh trunc"""),
    ("jax.numpy", "broadcast", "x, y", """
        add arctan2 bitwise_and bitwise_or bitwise_xor copysign divide equal floor_divide fmax fmin fmod gcd
        greater greater_equal heaviside hypot lcm left_shift less less_equal logaddexp logaddexp2 logical_and
        logical_or logical_xor maximum minimum multiply not_equal power remainder right_shift subtract"""),
    ("jax.numpy", "broadcast", "condition, x, y", "where"),
    ("jax.numpy", "broadcast", "x, min=, max=", "clip"),
    ("jax.numpy", "broadcast", "x, y, *, rtol=, atol=", "isclose"),
    ("jax.numpy", "same", "x, decimals=", "round"),
    ("jax.numpy", "same", "x, dtype:dtype", "astype"),
    ("jax.numpy", "same", "x, *, nan=, posinf=, neginf=", "nan_to_num"),
    ("jax.nn", "same", "x", """
        hard_sigmoid hard_silu hard_swish hard_tanh identity log1mexp log_sigmoid mish relu relu6 selu sigmoid
        silu soft_sign softplus sparse_plus sparse_sigmoid squareplus swish"""),
    ("jax.nn", "same", "x, approximate=", "gelu"),
    ("jax.nn", "same", "x, alpha=", "celu elu"),
    ("jax.nn", "same", "x, negative_slope=", "leaky_relu"),
    ("jax.lax", "same", "x", """
        bessel_i0e bessel_i1e digamma erf erfc erf_inv lgamma rsqrt stop_gradient"""),
    ("jax.lax", "broadcast", "x, y", "complex nextafter"),
    ("jax.scipy.special", "same", "x", "entr log_ndtr logit ndtr ndtri"),
    ("jax.scipy.special", "broadcast", "x, y", "betaln gammainc gammaincc rel_entr xlog1py xlogy zeta"),
    ("jax.scipy.special", "broadcast", "a, b, x", "betainc"),
    ("jax.ad_checkpoint", "same", "x, name:str", "checkpoint_name"),
    ("stablelift", "same", "x, logical_axis_resources", "with_logical_constraint"),
    # Along an axis
    ("jax.nn", "same", "x, axis=", "log_softmax softmax"),
    ("jax.nn", "same", "x, axis=, *, epsilon=", "standardize"),
    ("jax.nn", "glu", "x, axis=", "glu"),
    ("jax.nn", "reduce", "x, axis=, *, keepdims=", "logmeanexp logsumexp"),
    ("jax.nn", "one_hot", "x, num_classes:int, *, dtype=, axis=", "one_hot"),
    ("jax.numpy", "reduce", "x, axis=, *, dtype=, keepdims=", "mean nanmean nanprod nansum prod sum"),
    ("jax.numpy", "reduce", "x, axis=, *, keepdims=", """
        all any argmax argmin count_nonzero max median min nanargmax nanargmin nanmax nanmedian
        nanmin ptp"""),
    ("jax.numpy", "reduce", "x, axis=, *, ddof=, keepdims=", "nanstd nanvar std var"),
    ("jax.numpy", "reduce", "x, axis=, weights=, *, keepdims=", "average"),
    ("jax.numpy.linalg", "reduce", "x, *, axis=, keepdims=, ord=", "vector_norm"),
    ("jax.numpy", "unknown", "x, q, axis=, *, keepdims=", "percentile quantile"),
    ("jax.numpy", "unknown", "y, x=, dx=, axis=", "trapezoid"),
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
    ("jax.numpy", "unknown", "x, y, mode:str=", "convolve correlate"),
    # Of matrices
    ("jax.numpy.linalg", "same", "x", "cholesky inv"),
    ("jax.numpy.linalg", "same", "x, n:int", "matrix_power"),
    ("jax.numpy.linalg", "unknown", "x", "det pinv"),
    ("jax.numpy.linalg", "unknown", "x, *, keepdims=, ord=", "matrix_norm"),
    ("jax.numpy.linalg", "unknown", "x, y", "solve"),
    ("jax.numpy.linalg", "pair", "x", "eigh qr slogdet"),
    ("jax.numpy.linalg", "unknown", "x, full_matrices:bool=", "svd"),
    # Fourier transforms
    ("jax.numpy.fft", "spectrum", "x, *, axis=, norm:str=", "fft ifft"),
    ("jax.numpy.fft", "spectrum", "x, *, axes=, norm:str=", "fft2 ifft2"),
    ("jax.numpy.fft", "unknown", "x, n:int=, axis=, norm:str=", "irfft rfft"),
    ("jax.numpy.fft", "same", "x, axes=", "fftshift ifftshift"),
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
    ("jax.numpy", "unknown", "arrays", "hstack vstack"),
    ("jax.numpy", "unstack", "x, *, axis=", "unstack"),
    ("jax.numpy", "meshgrid", "*arrays, indexing:str=", "meshgrid"),
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
    ("jax.lax", "slice", "x, starts, sizes", "dynamic_slice"),
    ("jax.lax", "same", "x, update, starts", "dynamic_update_slice"),
    ("jax.lax", "unknown", "x, index, axis=, keepdims:bool=", "dynamic_index_in_dim"),
    ("jax.lax", "same", "x, update, index, axis", "dynamic_update_index_in_dim"),
    ("jax.ops", "segments", "x, segment_ids, num_segments:int", """
        segment_max segment_min segment_prod segment_sum"""),
    # Creation
    ("jax.numpy", "create", "shape, dtype:dtype=", "ones zeros"),
    ("jax.numpy", "create", "shape, fill_value, dtype:dtype=", "full"),
    ("jax.numpy", "same", "x, dtype:dtype=", "ones_like zeros_like"),
    ("jax.numpy", "same", "x, fill_value, dtype:dtype=", "full_like"),
    ("jax.numpy", "array", "items, dtype:dtype=", "array"),
    ("jax.numpy", "arange", "start, stop=, step=, *, dtype:dtype=", "arange"),
    ("jax.numpy", "eye", "n:int, *, k=, dtype:dtype=", "eye"),
    ("jax.numpy", "linspace", "start, stop, num:int=", "geomspace linspace logspace"),
    # Along a mapped axis
    ("jax.lax", "same", "x, axis_name:str", "pmax pmean pmin psum"),
    ("jax.lax", "same", "x, axis_name:str, perm", "ppermute"),
    ("jax.lax", "unknown", "x, axis_name:str, *, axis=, tiled:bool=", "all_gather"),
    ("jax.lax", "unknown", "x, axis_name:str, split_axis:int, concat_axis:int, *, tiled:bool=", "all_to_all"),
    ("jax.lax", "unknown", "x, axis_name:str, *, scatter_dimension:int=, tiled:bool=", "psum_scatter"),
    ("jax.lax", "scalar", "axis_name:str", "axis_index"),
    # Random numbers
    ("jax.random", "key", "seed", "key"),
    ("jax.random", "key", "key:key, data", "fold_in"),
    ("jax.random", "keys", "key:key, num:int=", "split_key=split"),
    ("jax.random", "random", "key:key, shape=, dtype:dtype=", """
        bits cauchy exponential gumbel laplace logistic maxwell normal rademacher"""),
    ("jax.random", "random", "key:key, shape=, dtype:dtype=, minval=, maxval=", "uniform"),
    ("jax.random", "random", "key:key, lower, upper, shape=, dtype:dtype=", "truncated_normal"),
    ("jax.random", "random", "key:key, shape, minval, maxval, dtype:dtype=", "randint"),
    ("jax.random", "random_like", "key:key, p=, shape=", "bernoulli"),
    ("jax.random", "random_like", "key:key, a, shape=, dtype:dtype=", "gamma loggamma"),
    ("jax.random", "random_like", "key:key, lam, shape=, dtype:dtype=", "poisson"),
    ("jax.random", "random_like", "key:key, p, shape=, dtype:dtype=", "geometric"),
    ("jax.random", "random_like", "key:key, n, p, shape=, dtype:dtype=", "binomial"),
    ("jax.random", "random_like", "key:key, a, b, shape=, dtype:dtype=", "beta"),
    ("jax.random", "random_like", "key:key, x, shape=, dtype:dtype=", "chisquare pareto rayleigh wald"),
    ("jax.random", "random_like", "key:key, sigma=, shape=, dtype:dtype=", "lognormal"),
    ("jax.random", "random_like", "key:key, left, mode, right, shape=, dtype:dtype=", "triangular"),
    ("jax.random", "unknown", "key:key, scale, concentration, shape=, dtype:dtype=", "weibull_min"),
    ("jax.random", "unknown", "key:key, alpha, shape=, dtype:dtype=", "dirichlet"),
    ("jax.random", "unknown", "key:key, mean, cov, shape=, dtype:dtype=", "multivariate_normal"),
    ("jax.random", "unknown", "key:key, d:int, p=, shape=, dtype:dtype=", "ball"),
    ("jax.random", "unknown", "key:key, n:int, shape=, dtype:dtype=", "orthogonal"),
    ("jax.random", "unknown", "key:key, logits, axis=, shape=", "categorical"),
    ("jax.random", "unknown", "key:key, x, shape=, replace:bool=, p=", "choice"),
    ("jax.random", "unknown", "key:key, x, axis=", "permutation"),
    # Layers without variables
    ("stablelift", "pool", "inputs, window_shape, strides=, padding=", "avg_pool max_pool min_pool"),
    ("stablelift", "attention", "query, key, value, bias=, mask=, *, dropout_rng=, dropout_rate=, "
     "deterministic:bool=, dtype:dtype=", "dot_product_attention"),
    ("stablelift", "unknown", "query, key, bias=, mask=", "dot_product_attention_weights"),
    ("stablelift", "unknown", "x", "make_causal_mask"),
    ("stablelift", "unknown", "query_input, key_input", "make_attention_mask"),
    ("stablelift", "unknown", "*masks", "combine_masks"),
)  # fmt: skip
