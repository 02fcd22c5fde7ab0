"""CONTRIBUTING's recipes, followed: what is added in one place works everywhere.

Each runs in a process of its own, in which the one row is planted before anything is used. (The
recipe for a function is followed by ``tests/test_planted.py``.)
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parent.parent
RECIPES = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def follow(script: str) -> str:
    """What a script prints that plants something and then runs ``gradcalc(*words)``."""
    head = """
        import sys, types
        def gradcalc(*words):
            from gradcalc.cli.app import main
            return main(words)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_command_is_a_function_and_a_line() -> None:
    out = follow("""
        from gradcalc.cli.commands import COMMANDS, Command
        from gradcalc.cli.output import Text
        module = types.ModuleType("gradcalc.cli.greet")
        module.greet = lambda options: Text(f"hello {options.expr[0]}\\n")
        sys.modules["gradcalc.cli.greet"] = module
        example = "gradcalc greet x"
        COMMANDS["greet"] = Command("greet", "Say hello.", "greet", "greet", ("expr",), example)
        assert gradcalc("greet", "x**2") == 0
        assert gradcalc("greet", "--help") == 0
        assert gradcalc("--help") == 0
    """)
    assert "hello x**2" in out
    assert out.count("Say hello.") == 2


def test_a_format_is_a_function_and_a_line() -> None:
    out = follow("""
        from gradcalc.render.formats import FORMATS, FORMATS_OF, Format
        module = types.ModuleType("gradcalc.render.loud")
        module.render_loud = lambda answer, **_: f"{answer.matrix.sum():.0f}!\\n"
        sys.modules["gradcalc.render.loud"] = module
        FORMATS["loud"] = Format("loud", "loud", "with emphasis", (".loud",))
        FORMATS_OF["an answer"] += ("loud",)
        for command in ("jacobian", "grad", "eval"):
            assert gradcalc(command, "x**2", "--at", "3", "--format", "loud") == 0
        assert gradcalc("vjp", "x**2, x", "--at", "3", "--v", "1,1", "-f", "loud") == 0
    """)
    assert out.split() == ["6!", "6!", "9!", "7!"]


def test_a_function_of_tensors_is_one_function() -> None:
    out = follow("""
        from gradcalc.autograd.core.registry import operation
        @operation()
        def twice(x):
            return x * 2
        import gradcalc.autograd as torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        x.twice().sum().backward()
        print(x.grad.tolist())
    """)
    assert out == "[2.0, 2.0]\n"


def test_a_kind_of_derivative_is_a_row() -> None:
    out = follow("""
        from gradcalc.calculus import kinds
        from gradcalc.calculus.kinds import BY_WORD, KINDS, Kind, OUTPUTS, VARIABLES
        doubled = Kind(
            "doubled", "doubled", "Doubled", 1, (OUTPUTS, VARIABLES), OUTPUTS, VARIABLES,
            heading="Twice the Jacobian", symbol="2 J",
            answer=lambda at, vector, mode: 2 * at.jacobian(mode),
        )
        KINDS["doubled"] = BY_WORD["doubled"] = doubled
        from gradcalc.cli.commands import COMMANDS
        takes = COMMANDS["hessian"].takes
        COMMANDS["doubled"] = COMMANDS["hessian"]._replace(name="doubled")
        words = ("doubled", "x**2, y", "--at", "3,4", "--no-check")
        assert gradcalc(*words) == 0
        for format in ("json", "csv", "plain", "latex", "markdown"):
            assert gradcalc(*words, "-f", format) == 0
    """)
    assert "Twice the Jacobian" in out
    assert '"doubled": [' in out
    assert "12 0\n0 2\n" in out


def test_a_language_is_a_column_and_a_line() -> None:
    out = follow("""
        from gradcalc.code.languages import LANGUAGES
        from gradcalc.code.python import Python
        class Loud(Python):
            name, title = "loud", "Loud"
            functions = {**Python.functions, "sin": "(+math.sin({0}))"}
        LANGUAGES["loud"] = Loud
        assert gradcalc("code", "sin(x)*sech(y), x % y", "--to", "loud", "--verify") == 0
        assert gradcalc("code", "x", "--help") == 0
    """)
    assert "(+math.sin(x))" in out
    assert "loud" in out.split("--to")[-1]


def test_a_row_made_of_others_is_code_in_every_language() -> None:
    out = follow("""
        from gradcalc.functions import primitives as table
        table.unary("dampened", lambda x: table.np.exp(-abs(x)) * table.np.sin(x),
                    d="exp(-abs(x))*(cos(x) - sign(x)*sin(x))", kink="x == 0",
                    made="t = exp(-abs(x)); where(x < 0, t*sin(x), t*sin(x))",
                    doc="a wave that dies out")
        from gradcalc.code.gate import judge
        from gradcalc.code.languages import LANGUAGES
        from gradcalc.code.printing import generate
        from gradcalc.language import parse
        for to in LANGUAGES:
            printed = generate(parse("dampened(x)*y + dampened(y)"), to, ("f", "gradient"))
            assert "gc_dampened" in printed.functions
            if to in ("python", "numpy", "javascript"):
                print(to, judge(printed).passed)
    """)
    assert "False" not in out
    assert "python True" in out


def test_every_recipe_names_the_command_that_proves_it() -> None:
    start = RECIPES.index("## Add things")
    recipes = RECIPES[start : RECIPES.index("## Measure", start)]
    commands = [line for line in recipes.splitlines() if line.startswith("    .venv/bin/python")]
    assert len(commands) == recipes.count("\n**A ")
    for command in commands:
        for word in command.split():
            if word.startswith("tests/"):
                assert (ROOT / word).exists(), word
