"""The syntax tree: one node per production of the grammar, frozen, each docstring showing the concrete syntax.

Spans do not count in equality, nor does the way a duration or an instant was spelled: two trees are equal when they
mean the same. A rule's clauses stand in named fields, so their order in the text does not count either.
"""

from connrules.ast.clauses import *
from connrules.ast.conditions import *
from connrules.ast.declarations import *
from connrules.ast.patterns import *
from connrules.ast.steps import *
from connrules.ast.values import *
