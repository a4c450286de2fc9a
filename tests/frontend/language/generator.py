"""Random `.lift` texts by the grammar: their syntax is right, and their meaning now and then."""

from hypothesis import strategies as st

NAMES = ["x", "y", "h", "d", "n", "f", "g", "Net", "Layer", "width", "mean", "relu", "Dense", "carry"]
DTYPES = ["f32", "bool", "i32", "float", "int", "key"]
KINDS = ["int", "float", "bool", "str", "dtype", "function", "module", "(int, ...)", "(int, float)"]
CALLEES = """
relu sum softmax split_key unstack meshgrid array perturb is_initializing Embed(3,4).attend vector_norm
reshape einsum mean zeros make_rng range len concatenate f g split stack transpose where
Dense(4) Net() Layer(width=3) LSTMCell(4) Conv(3,(3,3)) grad(f) vmap(g) cond(f,g) jvp(f) scan(f) switch(f,g)
map(f) fori_loop(f) linearize(f) associative_scan(f) map_variables(f,params) vjp(f,has_aux=true)
grad(f,has_aux=true) custom_vjp(f,g,f) custom_jvp(f,g) scan(f,checkpoint="sqrt")
vmap(f,variable_axes={params:0})
""".split()
KEYWORDS = ["axis", "dtype", "name", "shape", "width", "train"]

name = st.sampled_from(NAMES)
literal = st.sampled_from(
    ["0", "1", "-1", "3", "0.5", "1e-3", "true", "false", "none", '"ij,jk->ik"', '"a"', "f32"]
)


def listed(items, **sizes):
    return st.lists(items, **sizes).map(", ".join)


@st.composite
def keyword(draw, values):
    return f"{draw(st.sampled_from(KEYWORDS))}={draw(values)}"


def larger(inner):
    """Expressions made of smaller ones."""
    operator = st.sampled_from(["+", "-", "*", "/", "//", "%", "@", "**", "==", "<", "and", "or"])
    rest = st.sampled_from(["*batch", "*x", "*y"])
    arguments = st.tuples(listed(inner, max_size=2), st.lists(keyword(inner), max_size=1))
    index = st.one_of(inner, st.just("..."), st.just("none"), st.just(":"), inner.map("{}:".format))
    return st.one_of(
        st.tuples(inner, operator, inner).map(lambda parts: "({} {} {})".format(*parts)),
        inner.map("-{}".format),
        inner.map("(not {})".format),
        st.tuples(st.sampled_from(CALLEES), arguments).map(
            lambda p: f"{p[0]}({', '.join([*filter(None, [p[1][0]]), *p[1][1]])})"
        ),
        st.tuples(name, name, listed(inner, max_size=2)).map(lambda p: f"{p[0]}.{p[1]}({p[2]})"),
        st.tuples(name, listed(index, min_size=1, max_size=3)).map(lambda p: f"{p[0]}[{p[1]}]"),
        listed(st.one_of(inner, rest), min_size=2, max_size=3).map("({})".format),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(inner, name, inner).map(lambda p: f"[{p[0]} for {p[1]} in {p[2]}]"),
        inner.map("{{params: {}}}".format),
    )


expression = st.recursive(st.one_of(name, literal), larger, max_leaves=6)
dimension = st.one_of(name, st.sampled_from(["*batch", "3", "2 * d", "n + 1", "d // 2"]))
array = st.tuples(st.sampled_from(DTYPES), listed(dimension, max_size=3)).map(
    lambda parts: f"{parts[0]}[{parts[1]}]" if parts[1] else parts[0]
)
type_ = st.one_of(array, listed(array, min_size=2, max_size=2).map("({})".format), array.map("({},)".format))
comment = st.sampled_from(["", "", "", "  # why", "  ## loud"])
above = st.sampled_from(["", "", "", "# note\n", "## doc\n", "\n", "\n\n# apart\n\n"])


def indented(text: str) -> str:
    return "".join(f"  {line}\n" if line.strip() else "\n" for line in text.splitlines())


@st.composite
def statement(draw, depth=0):
    value, target = draw(expression), draw(name)
    choices = ["let", "let", "let", "typed", "several", "update", "param", "return", "variable", "sow"]
    kind = draw(st.sampled_from(choices + ["if", "for"] * (depth < 2)))
    text = {
        "let": f"{target} = {value}",
        "typed": f"{target}: {draw(type_)} = {value}",
        "several": f"{target}, {draw(name)} = {value}",
        "update": f"update {target} = {value}",
        "param": f"param {target}: {draw(array)} = normal(stddev={draw(literal)})",
        "variable": f"variable stats.{target}: {draw(array)} = zeros()",
        "sow": f"sow stats.{target} = {value}",
        "return": f"return {value}, {draw(expression)}",
    }.get(kind)
    if text is not None:
        return draw(above) + text + draw(comment) + "\n"
    body = indented(draw(block(depth + 1)))
    if kind == "for":
        return f"for {target} in {value}{draw(comment)}\n{body}"
    other = indented(draw(block(depth + 1)))
    ending = draw(st.sampled_from(["", f"else{draw(comment)}\n{other}", f"elif {target}\n{other}"]))
    return f"if {value}\n{body}{ending}"


@st.composite
def block(draw, depth=0):
    body = "".join(draw(st.lists(statement(depth), max_size=3)))
    return body + f"return {draw(expression)}{draw(comment)}\n"


@st.composite
def parameter(draw):
    return draw(
        st.sampled_from(
            [
                f"{draw(name)}: {draw(type_)}",
                f"{draw(name)}",
                f"{draw(name)}: {draw(array)} = none",
                f"static {draw(name)}: {draw(st.sampled_from(KINDS))} = {draw(literal)}",
            ]
        )
    )


@st.composite
def callable_(draw, named):
    parameters = draw(listed(parameter(), max_size=3))
    result = draw(st.sampled_from(["", f" -> {draw(type_)}"]))
    return f"{named}({parameters}){result}{draw(comment)}\n{indented(draw(block()))}"


@st.composite
def field(draw):
    default = draw(st.one_of(st.just(""), expression.map(" = {}".format)))
    return f"{draw(above)}{draw(name)}: {draw(st.sampled_from(KINDS))}{default}\n"


@st.composite
def module(draw):
    members = draw(
        st.lists(
            st.one_of(
                field(),
                st.tuples(name, expression).map(lambda parts: "{} = {}\n".format(*parts)),
                callable_(draw(st.sampled_from(["encode", "x"]))),
            ),
            max_size=3,
        )
    )
    return f"module {draw(name)}\n" + indented("".join(members) + draw(callable_("call")))


@st.composite
def lift(draw):
    word = draw(
        st.sampled_from(["vmap", "scan", "remat", "grad", "jit", "map_variables", "custom_vjp", "cond"])
    )
    options = draw(
        st.lists(
            st.sampled_from(
                [
                    "variable_axes={params: 0}",
                    "in_axes=(0, none)",
                    "length=3",
                    "policy=dots_saveable",
                    'policy=save_from_both_policies(min_cut, save_only_these_names("a", b))',
                    "policy=budget(0.5)",
                    'metadata_params={x: "y"}',
                    "f",
                    "g",
                ]
            ),
            max_size=2,
        )
    )
    options.sort(key=lambda option: "=" in option)
    target = draw(st.sampled_from([*NAMES, "Net.encode", "vmap(Layer)", "jit(f)"]))
    return f"lift {draw(name)} = {word}({', '.join([target, *options])})\n"


declaration = st.one_of(
    module(), lift(), callable_("f").map("fn {}".format), callable_("g").map("fn {}".format)
)
files = st.lists(st.tuples(above, declaration).map("".join), max_size=4).map("\n".join)
