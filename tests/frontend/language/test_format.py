"""The canonical layout: what it looks like, that it keeps comments and meaning, and that it is its own."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from stablelift.frontend.language.diagnostics import LiftSyntaxError, Span
from stablelift.frontend.language.format import format_text
from stablelift.frontend.language.parse import parse

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.lift"))


def meaning(node):
    """The syntax without places."""
    if isinstance(node, tuple):
        return tuple(map(meaning, node))
    if is_dataclass(node):
        return type(node), *(meaning(getattr(node, f.name)) for f in fields(node) if f.type != "Span")
    return None if isinstance(node, Span) else node


def comments(text: str) -> list[str]:
    """What the comments say; those that move lose the second `#`."""
    return [comment.strip() for comment in re.findall(r"#+(.*)", text)]


def formatted(text: str) -> str:
    """The text in canonical layout, of which the general promises hold."""
    done = format_text(text, "m.lift")
    assert format_text(done, "m.lift") == done
    assert meaning(parse(done, "m.lift")) == meaning(parse(text, "m.lift"))
    assert sorted(comments(done)) == sorted(comments(text.replace("\r\n", "\n")))
    return done


UGLY = """


##  The file.


import  A,B  from "x.lift"
module   M
     # before the field
     hidden :int=4   # why
     ##  The rate.
     rate: float = - 0.5


     param k: f32[ d,hidden*2 ] = normal( stddev = 0.02 )
     call( x : f32[*batch,d] ,static train:bool=false,mask:bool=none ) -> (f32[d],f32)
         # about y
         y=x [ ... ,none, 1 :-1, ::2 ]@k**-2
         if not train and  (hidden>3)

             # inside
             y = -y  if train else(y)
             # end of the block
         elif hidden==3   # three
             y = f(*a,  - 1)
         else   # other
             for i in range( 3 ):   # not Python
               y = y
         return y,[ i*2 for i in(1,2) ]
         # last
# between

lift E=vmap( M ,variable_axes = {params:0, "batch_stats" : none} )
lift F = jit(M)
fn long(x)
  return concatenate((relu(x), tanh(x), # first
     sigmoid(x), ## second
     gelu(x), softmax(x, axis=-1), log_softmax(x, axis=-1)), axis = -1, ) # done
# the end
"""

TIDY = """\
##  The file.

import A, B from "x.lift"

module M
  # before the field
  hidden: int = 4  # why
  ##  The rate.
  rate: float = -0.5

  param k: f32[d, hidden * 2] = normal(stddev=0.02)

  call(x: f32[*batch, d], static train: bool = false, mask: bool = none) -> (f32[d], f32)
    # about y
    y = x[..., none, 1:-1, ::2] @ k ** -2
    if not train and (hidden > 3)
      # inside
      y = -y if train else (y)
      # end of the block
    elif hidden == 3  # three
      y = f(*a, -1)
    else  # other
      for i in range(3)  # not Python
        y = y
    return y, [i * 2 for i in (1, 2)]
    # last
# between

lift E = vmap(M, variable_axes={params: 0, "batch_stats": none})
lift F = jit(M)

fn long(x)
  # first
  # second
  return concatenate(
      (relu(x), tanh(x), sigmoid(x), gelu(x), softmax(x, axis=-1), log_softmax(x, axis=-1)),
      axis=-1,
  )  # done
# the end
"""


def test_the_layout():
    assert formatted(UGLY.replace("range( 3 ):", "range( 3 )").replace("f(*a,", "f(a,")) == TIDY.replace(
        "f(*a,", "f(a,"
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_in_the_layout(path):
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "# only a comment", "## doc\n\n# note\n", "fn f(x)\r\n  return x # \u00e9 and more\r\n"],
)
def test_small_files(text):
    formatted(text)


def test_a_file_with_errors_is_not_touched():
    with pytest.raises(LiftSyntaxError):
        format_text("fn f(x)\n  return (x\n", "m.lift")


def test_doc_comments_stay_with_their_declarations():
    text = (
        "fn f(x)\n  return x\n    # of the body\n## Doc of g.\nfn g(x)\n  return x\n\n"
        "## No doc.\n\nfn h(x)\n  return x\n"
    )
    docs = [each.doc for each in parse(formatted(text), "m.lift").declarations]
    assert docs == ["", "Doc of g.", ""]


def test_comments_inside_brackets_move_above():
    text = "fn f(x)\n  y = sum(  ## loud\n    x, # why\n    axis=0)\n  return y # end\n"
    assert formatted(text) == "fn f(x)\n  # loud\n  # why\n  y = sum(x, axis=0)\n  return y  # end\n"
