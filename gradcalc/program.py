"""What ``compile`` and ``trace`` return: a program of the engine, and what can be asked beyond it.

The engine knows numbers; formulas, uncertainties, facts about matrices and linear models stand
above it, and are loaded when they are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradcalc.calculus.kinds import KINDS
from gradcalc.engine import program as engine
from gradcalc.engine.point import Point, Question
from gradcalc.errors import BindingError, UsageError
from gradcalc.linear.kinds import FACTS, chosen

if TYPE_CHECKING:
    from gradcalc.check.matrices import Facts
    from gradcalc.page.notebook import Page
    from gradcalc.render.formulas import Sheet
    from gradcalc.render.model import Report


class Program(engine.Program):
    __doc__ = engine.Program.__doc__

    def formulas(
        self,
        kind: str = "jacobian",
        vector: Sequence[float | str] | None = None,
        *,
        show: str = "",
        simplify: bool = False,
        seconds: float = 4.0,
    ) -> Sheet:
        """A derivative as formulas: a table, LaTeX and MathML for notebooks, ``texts``.

        ``kind`` is one of 'eval', 'gradient', 'jacobian', 'vjp', 'jvp', 'hessian', 'hvp';
        ``vector`` the v or u of a product, numbers or names. ``show`` asks for facts about the
        matrix ('det', 'rank', 'inv'); with ``simplify`` sympy may shorten what it can in so many
        ``seconds``.

        >>> from gradcalc import compile
        >>> compile("x1**2+3*x2, x2**2+2*x1").formulas().texts
        [['2*x1', '3'], ['2', '2*x2']]
        >>> compile("r*cos(t), r*sin(t)").formulas(show="det", simplify=True)["det"]
        'r'
        """
        from gradcalc.formulas.derivative import derive
        from gradcalc.linear.symbolic import fact_formulas
        from gradcalc.render.formulas import Sheet

        if kind not in KINDS:
            raise UsageError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        found = derive(self.graph, KINDS[kind], vector)
        if simplify:
            from gradcalc.check.simpler import simplified  # deferred: it brings sympy

            found = simplified(found, seconds)
        facts = fact_formulas(found, chosen(show)) if show else []
        if simplify and facts:
            from gradcalc.check.simpler import simplified_facts

            facts = simplified_facts(found, facts, seconds)
        return Sheet(KINDS[kind].word, found, notes=self.notes, facts=tuple(facts))

    def facts(
        self,
        x: Point,
        show: str = ",".join(FACTS),
        *,
        kind: str = "jacobian",
        check: bool = True,
        seconds: float = 5.0,
    ) -> Facts:
        """Facts about the Jacobian, or the Hessian, at one point, proven where they can be.

        ``show`` is one or more of 'det', 'rank', 'cond', 'svd', 'eig', 'inv'. Raises BindingError
        for what only a square matrix has.

        >>> from gradcalc import compile
        >>> facts = compile("x1**2+3*x2, x2**2+2*x1").facts([2, 3], "det,svd")
        >>> facts["det"]
        18.0
        >>> facts.judged.line
        '✓ proven: determinant, singular values (Arb, 128 bits)'
        """
        from gradcalc.check.matrices import examine

        unknown = [word for word in show.split(",") if word.strip() not in FACTS]
        if unknown:
            raise UsageError(f"no fact is called {unknown[0]!r}: {', '.join(FACTS)}")
        matrices = [name for name, row in KINDS.items() if len(row.axes) == 2]
        if kind not in matrices:
            raise UsageError(f"kind {kind!r} is none of {', '.join(matrices)}")
        question = Question(KINDS[kind], self.at(x))
        entries = question.entries
        assert entries is not None
        how = "auto" if check else "none"
        return examine(question, entries, chosen(show), method=how, budget=seconds)

    def propagate(
        self,
        x: Point | None = None,
        /,
        cov: Any = None,
        *,
        u: Point | None = None,
        threads: int | None = None,
        **named: Any,
    ) -> Any:
        """The values and their covariance J C Jᵀ, shapes (m,) and (m, m); of N points (N, m) and
        (N, m, m).

        ``cov`` is the covariance C of the variables, shape (n, n) or (N, n, n); ``u`` instead the
        standard uncertainties of independent ones, in any form that a point has. Where the values
        of ``x`` are numbers of the package ``uncertainties``, so are the results, a list of m,
        correlated with them as they should be.

        >>> from gradcalc import compile
        >>> compile("x*y").propagate([2, 3], u=[0.1, 0.2])
        (array([6.]), array([[0.25]]))
        """
        from gradcalc.uncertainty import arrays

        if cov is None and u is None:
            return arrays.through(self, named or x)
        if cov is not None and u is not None:
            raise BindingError("a covariance and uncertainties: which one?")
        at = self.at(x, threads=threads, **named)
        if u is not None:
            return at.value, arrays.of_independent(at.jacobian(), self.point(u))
        return at.value, arrays.covariance(at.jacobian(), cov)

    def linearize(
        self,
        x: Point,
        states: Sequence[str],
        inputs: Sequence[str] = (),
        *,
        equations: int | None = None,
        trim: bool = False,
        check: bool = True,
        seconds: float = 5.0,
    ) -> Report:
        """The linear model at one point: A, B, C, D, eigenvalues, and what they say.

        Outputs are the equations, known by their names or in the order of ``states``; others that
        have a name are measured, and so are those after the first ``equations``. Variables that are
        neither states nor inputs stay as they are.
        With ``trim`` an equilibrium is looked for from the point on: UndefinedError where none is
        found. Raises BindingError where names and equations do not fit.

        >>> from gradcalc import compile
        >>> p = compile("dx/dt = v; dv/dt = u - sin(x)")
        >>> model = p.linearize({"x": 0, "v": 0, "u": 0}, ["x", "v"], ["u"])
        >>> model.A
        array([[ 0.,  1.],
               [-1.,  0.]])
        >>> model.eigenvalues
        [1j, -1j]
        """
        from gradcalc.check.models import judge_model
        from gradcalc.linear.model import linearize
        from gradcalc.linear.system import Names, remarks, require_apart, roles
        from gradcalc.linear.trim import trimmed
        from gradcalc.render.model import Report

        columns = Names("states", ",".join(states), tuple(states))
        driving = Names("inputs", ",".join(inputs), tuple(inputs))
        require_apart(columns, driving)
        own = len(self.outputs) if equations is None else equations
        found = roles(self.graph, own, columns, driving)
        here = self.at(x)
        search = trimmed(here, found) if trim else None
        model = linearize(here if search is None else self.at(search.x), found, search)
        how = "auto" if check else "none"
        verdict, known = judge_model(model, method=how, budget=seconds)
        return Report(model, known, verdict, tuple(remarks(self.graph, found.states)))

    def code(
        self,
        to: str,
        what: Sequence[str] = ("f", "jacobian"),
        *,
        name: str = "f",
        single: bool = False,
        sparse: bool = False,
        check: bool = True,
    ) -> str:
        """The function and its derivatives as a file in another language.

        ``what`` are one or more of 'f', 'jacobian', 'gradient', 'hessian', 'vjp', 'jvp', 'hvp'.
        With ``check`` the code is run where that can be done, and its head says what came of it.
        Raises WrongCodeError where its numbers are not the engine's, UsageError for a language or a
        name that cannot be, MissingError for a function that the language has not.

        >>> from gradcalc import compile
        >>> print(compile("x**2*y").code("python", ["gradient"], check=False).split("def ")[1])
        f_gradient(xs):
            \"\"\"g: df by dxs.\"\"\"
            g = [0.0] * 2
            x = xs[0]
            y = xs[1]
            g[0] = y * (2.0 * x)
            g[1] = x * x
            return g
        <BLANKLINE>
        """
        from gradcalc.code.printing import generate

        printed = generate(self.graph, to, what, name=name, single=single, sparse=sparse)
        if not check:
            return printed.text(["Not run."])
        from gradcalc.code.gate import judged

        verdict = judged(printed)
        return printed.text(verdict.lines, verdict.vectors)

    def page(
        self, x: Point, v: Sequence[float] = (), *, lang: str = "en", check: bool = True
    ) -> Page:
        """``backward(v)`` at one point as an HTML file: ``text``, and in a notebook the page.

        ``v`` has a number for each output; without one it is (1, 1, …). ``lang`` is 'en' or 'zh'.
        Raises BindingError for what is too large for a page.

        >>> from gradcalc import compile
        >>> "vᵀ·J" in compile("x1**2+3*x2, x2**2+2*x1").page([2, 3]).text
        True
        """
        from gradcalc.check.verify import verify
        from gradcalc.explain.kinks import kinks
        from gradcalc.page import tutorial
        from gradcalc.page.document import document
        from gradcalc.page.notebook import Page
        from gradcalc.page.scene import Scene, require_readable, told
        from gradcalc.page.words import LANGUAGES, Words
        from gradcalc.render.remarks import lost, notes, undefined

        if lang not in LANGUAGES:
            raise UsageError(f"language {lang!r} is none of {', '.join(LANGUAGES)}")
        at = self.at(x)
        require_readable(at)
        weights = tuple(map(float, v)) or (1.0,) * len(self.outputs)

        def judged(question: Question) -> str:
            return verify(question).line if check else ""

        question, words = at.ask("vjp", weights), Words(lang)
        verdict = verify(question) if check else None
        scene = Scene(
            at,
            weights,
            verdict="" if verdict is None else verdict.line,
            notes=(*self.notes, *notes(question, question.entries, kinks(at))),
            lost=told(lost(at, verdict), "note"),
            undefined=told(undefined(question, verdict=verdict)),
        )
        acts = tutorial.acts(scene, words, judged)
        return Page(document(acts, words, "gradcalc"))

    def _repr_latex_(self) -> str | None:
        from gradcalc.render.notebook import as_latex

        return as_latex(self.graph)

    def _repr_html_(self) -> str | None:
        from gradcalc.page.notebook import small

        return small(self.graph)
