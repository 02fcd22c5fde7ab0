"""Statements: what separates them, and the names that they give to values."""

from __future__ import annotations

from gradcalc.errors import ExpressionError, Span
from gradcalc.functions.primitives import FUNCTIONS
from gradcalc.language import complaints
from gradcalc.language.arrays import Value
from gradcalc.language.brackets import CLOSERS, Brackets
from gradcalc.language.foreign import CONTINUES, PIECEWISE
from gradcalc.language.reader import Pending, Statement
from gradcalc.language.structural import STRUCTURAL
from gradcalc.language.tokens import is_name


class Statements(Brackets):
    """The statements of a text, one after the other."""

    def separate(self, token: str) -> bool:
        """A separator after a value. Says whether a value is expected after it."""
        if token == "\n" and (self.depth or self.goes_on_below()):
            return False
        if token == ":" and self.goes_on_with(":", "?"):
            return True
        self.reduce(1)
        entry = self.pending[-1] if self.pending else None
        if entry is None:
            if token == ":":
                raise self.complain(*complaints.unexpected(token, self.tokens.whole(), self.index))
            self.finish_statement(expecting=False)
            return True
        if token == ":" and entry.kind == "index":
            start = self.starts.pop()
            entry.items = [*(entry.items or []), self.whole_number(self.values.pop(), start)]
            return True
        if token == ";" and entry.kind == "[":
            self.next_entry(entry, new_row=True)
            return True
        if token == ";" and entry.kind == "call":
            token = self.spreadsheets_comma(entry)
        if token == "," and (entry.kind not in ("(", "|") or self.is_pair()):
            self.end_item(entry)
            return True
        raise self.complain(*complaints.separator_inside(token, entry.kind))

    def spreadsheets_comma(self, entry: Pending) -> str:
        """``POWER(x; 2)``, where no comma may be one of a decimal number."""
        text = self.source.text
        if "," in text[entry.at : max(text.find(")", self.start), self.start)]:
            return ";"
        self.habits.read_as[f"{entry.items}(…; …)"] = f"{entry.items}(…, …)"
        return ","

    def goes_on_below(self) -> bool:
        """Whether the next line begins with an operator, and so continues this one."""
        found = CONTINUES.match(self.source.text, self.token_end)
        if found is not None:
            self.habits.continued.append(found.end())
        return found is not None

    def missing_operand(self, token: str) -> bool:
        """A separator or a closing bracket where a value should be."""
        entry = self.pending[-1] if self.pending else None
        if token == "\n" and (entry is not None or not self.values):
            return True  # an open bracket or an operator goes on in the next line
        if entry is not None and entry.kind == "index" and token in (":", ",", "]"):
            return self.open_slice(entry, token)
        before = self.previous_token()
        if entry is not None and entry.prec == 0 and token in (")", "]"):
            if entry.kind in ("[", "call") and before == "," and entry.terms:
                return self.close_after_comma(entry, token)
            if entry.kind == "call" and before == "(" and entry.terms:
                return self.close_method(entry, token)
            if entry.kind == "[" and before == ";" and token == "]":
                return self.close_after_row(entry)
            if entry.kind == "call":
                raise self.without_arguments(entry)
        if entry is None and token in (";", ",") and self.statements and token == ";":
            return True
        raise self.complain(*complaints.missing_operand(token, self.tokens.whole(), self.index))

    def without_arguments(self, entry: Pending) -> ExpressionError:
        """``sin()``"""
        span, name = Span(entry.at, self.token_end), entry.items
        if name in FUNCTIONS or name in STRUCTURAL:
            return self.meaning.wrong_count(name, 0, span)
        if name == PIECEWISE:
            return self.complain(*complaints.piecewise(), span)
        definition = self.functions.get(name)
        parameters = ", ".join(definition.parameters) if definition is not None else ""
        return self.complain(*complaints.no_arguments(name, parameters), span)

    def finish_statement(self, expecting: bool, at_end: bool = False) -> None:
        """The end of a statement: at a separator, or at the end of the text."""
        nothing = expecting and not self.pending and self.assign is None
        if nothing and (self.statements or not at_end):
            return
        value = self.value_of_statement(expecting)
        span = Span(self.start_of_value, self.end)
        if self.assign is None:
            value = self.meaning.fitting((value,), span)[0]
            self.statements.append(Statement("", value, span))
        else:
            self.finish_assignment(value, span)
        self.target = self.assign = None

    def value_of_statement(self, expecting: bool) -> Value:
        """What the statement comes to. Raises ExpressionError where it is not complete."""
        entry = self.innermost()
        if entry is not None:
            span = Span(entry.at, entry.at + 1)
            if entry.kind == "call":
                span = Span(entry.at, self.source.text.index(entry.opener, entry.at) + 1)
            hint = f"add '{CLOSERS[entry.opener]}'"
            end = len(self.source.text)
            fixes = [(end, end, CLOSERS[entry.opener])]
            raise self.complain(f"'{entry.opener}' is never closed", hint, span, fixes)
        if expecting:
            nothing = not (self.pending or self.assign or self.statements)
            tokens = [] if nothing else self.tokens.whole()
            raise self.complain(*complaints.missing_operand("", tokens, len(tokens)))
        self.reduce(1)
        self.start_of_value = self.starts.pop()
        return self.values.pop()

    def refuse_arrow(self) -> None:
        """``y <- x`` gives y a value in R, and is ``y < -x`` here."""
        if len(self.pending) != 1 or len(self.pending[0].terms) != 1 or self.assign is not None:
            return
        _, _, start, end = self.pending[0].terms[0]
        name = self.source.text[start:end]
        if name.isidentifier():
            span = Span(self.start - 1, self.start + 1)
            fixes = [(*span, "="), (*span, "< -")]
            raise self.complain(*complaints.arrow(name), span, fixes)

    def assignment(self) -> None:
        if self.pending or self.assign is not None or self.target is None:
            name = self.source.text[self.starts[-1] : self.end]
            again = not self.pending and self.assign is None and is_name(name)
            again = again and (name in self.leaves or name in self.meaning.variables)
            raise self.complain(*complaints.assignment(name if again else ""))
        self.values.clear()
        self.starts.clear()
        name, index = self.target
        self.assign = (name, index, Span(0, self.start))
        self.target = None
        if index is None and name in self.meaning.variables:
            raise self.complain(*complaints.assignment(name))
        if index is None and self.meaning.is_bound(name):
            raise self.complain(*complaints.bound_and_assigned(name))
        self.leaves.pop(name, None)

    def finish_assignment(self, value: Value, span: Span) -> None:
        assert self.assign is not None
        name, index, _ = self.assign
        if index is not None:  # the array lives on under the new statement
            value = self.meaning.fitting((value,), span)[0]
            before = self.named[name]
            array = self.statements[before].value
            value = self.meaning.with_item(array, index, value, span)
            # Nobody can see the old one any more; a thousand of them would fill the memory.
            self.statements[before] = self.statements[before]._replace(value=value)
        self.named[name] = len(self.statements)
        self.statements.append(Statement(name, value, span))
