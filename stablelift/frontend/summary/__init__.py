"""Summaries of Modules: which are called with what, which variables they have, what that costs."""

from stablelift.frontend.neighbours import neighbours
from stablelift.frontend.summary.render import tabulate
from stablelift.frontend.summary.table import Row, Table, module_table

__all__ = ["Row", "Table", "module_table", "tabulate"]

__getattr__ = neighbours(__name__)
