"""The experiments of the tutorial that this project began with: expressions, points, vectors."""

from __future__ import annotations

from typing import NamedTuple

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


def acts(yours: Scene, words: Words) -> list[Act]:
    """The reader's own scene, then the experiments; one of them that is the reader's own is told of
    there."""
    found = [Act(yours, words.say("yours"))]
    for one in EXPERIMENTS:
        problem = pose(one.text, at=read(one.at, "--at"))
        scene = Scene(Program(problem.graph).at(problem.x), one.tries[0])
        name = words.say(one.name)
        act = Act(scene, name, words.say(f"{one.name}_said"), one.tries, one.transposed)
        if scene.text == yours.text and scene.at.x.tolist() == yours.at.x.tolist():
            found[0] = act._replace(scene=yours, name=f"{found[0].name} · {name}")
        else:
            found.append(act)
    return found
