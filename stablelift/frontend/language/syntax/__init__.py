"""The abstract syntax of `.lift` files: frozen dataclasses, each with its span."""

from stablelift.frontend.language.syntax.declarations import (
    Callable,
    Declaration,
    Field,
    File,
    Import,
    Lift,
    Member,
    Module,
    Parameter,
    Submodule,
)
from stablelift.frontend.language.syntax.expressions import (
    AnyType,
    Attribute,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Dictionary,
    Ellipsis,
    Expression,
    Keyword,
    Kind,
    Literal,
    Name,
    Negation,
    Not,
    Rest,
    Slice,
    Subscript,
    Tuple,
    TupleType,
    Type,
)
from stablelift.frontend.language.syntax.node import (
    Node,
)
from stablelift.frontend.language.syntax.statements import (
    Block,
    For,
    If,
    Let,
    Param,
    Return,
    Sow,
    Statement,
    Update,
    Variable,
)
from stablelift.frontend.language.syntax.walk import (
    below,
    bound_names,
)

__all__ = [
    "AnyType", "Attribute", "Binary", "Block", "Call", "Callable", "Comprehension", "Conditional",
    "Declaration", "Dictionary", "Ellipsis", "Expression", "Field", "File", "For", "If", "Import",
    "Keyword", "Kind", "Let", "Lift", "Literal", "Member", "Module", "Name", "Negation", "Node", "Not",
    "Param", "Parameter", "Rest", "Return", "Slice", "Sow", "Statement", "Submodule", "Subscript", "Tuple",
    "TupleType", "Type", "Update", "Variable", "below", "bound_names",
]  # fmt: skip
