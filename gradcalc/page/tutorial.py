"""The experiments of the tutorial that this project began with: expressions, points, vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from gradcalc.engine.point import Question
from gradcalc.engine.program import Program
from gradcalc.language.points import read
from gradcalc.language.problem import pose
from gradcalc.page.document import Act
from gradcalc.page.scene import Scene
from gradcalc.page.words import Words


class Experiment(NamedTuple):
    """``name`` is the key of its words; ``tries`` the vectors that are handed to ``backward``."""

    name: str
    text: str
    at: str
    tries: tuple[tuple[float, ...], ...]
    transposed: bool = False


EXPERIMENTS = (
    Experiment("tutorial_mean", "mean(3*(a+3)**2)", "a=[2,3]", ((1.0,),)),
    Experiment("tutorial_apart", "m1**2, m2**3", "m1=2,m2=3", ((2.0, 3.0), (1.0, 1.0))),
    Experiment(
        "tutorial_coupled",
        "x1**2+3*x2, x2**2+2*x1",
        "x1=2,x2=3",
        ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0)),
        transposed=True,
    ),
)


def acts(yours: Scene, words: Words, judged: Callable[[Question], str]) -> list[Act]:
    """The reader's own scene, then the experiments; one of them that is the reader's own is told of
    there. ``judged`` says what the check says of an answer."""
    found = [Act(yours, words.say("yours"))]
    for place, one in enumerate(EXPERIMENTS, 1):
        problem = pose(one.text, at=read(one.at, "--at"))
        at, v = Program(problem.graph).at(problem.x), one.tries[0]
        name, said = words.say(one.name), f"{one.name}_said"
        scene = Scene(at, v)
        mine = scene.text == yours.text and at.x.tolist() == yours.at.x.tolist()
        if not mine:
            scene = replace(scene, verdict=judged(at.ask("vjp", v)))
        outputs = yours.at.program.outputs if mine else at.program.outputs
        act = Act(scene, name, words.of_outputs(said, outputs), one.tries, one.transposed, place)
        if mine:
            found[0] = act._replace(scene=yours, name=f"{name} · {found[0].name}")
        else:
            found.append(act)
    return found
