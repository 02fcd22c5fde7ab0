"""This engine in PyTorch's place: ``import torch``, and what tutorials import beneath it.

``install()`` puts this package under PyTorch's names into ``sys.modules``. What PyTorch has and we
do not (layers, optimizers, devices) is refused at the import, with what to do instead.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

import gradcalc.autograd as engine
from gradcalc.autograd.nn import OUT_OF_SCOPE

MODULES: dict[str, Any] = {
    "torch": engine,
    "torch.autograd": engine,
    "torch.autograd.forward_ad": engine.forward_ad,
    "torch.autograd.function": engine.function,
    "torch.autograd.functional": engine.functional,
    "torch.autograd.grad_mode": engine.grad_mode,
    "torch.autograd.gradcheck": engine.checking,
    "torch.autograd.graph": engine.graph,
    "torch.autograd.variable": engine,
    "torch.func": engine.func,
    "torch.linalg": engine.linalg,
    "torch.nn": engine.nn,
    "torch.nn.functional": engine.nn.functional,
    "torch.nn.parameter": engine.nn,
    "torch.nn.utils": engine.nn.utils,
}
"""What is imported under these names."""


class _Refuse(MetaPathFinder):
    """Finds every other module beneath ``torch``, to say that it is not here."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name.startswith("torch."):
            raise ModuleNotFoundError(OUT_OF_SCOPE.format(name), name=name)


OUTSIDE = ("optim", "utils", "jit", "distributed", "multiprocessing", "fx", "onnx", "backends")
"""What ``from torch import …`` may ask for, and is not here."""


def _refuse(name: str) -> Any:
    if name in OUTSIDE:
        raise ModuleNotFoundError(OUT_OF_SCOPE.format(f"torch.{name}"), name=f"torch.{name}")
    raise AttributeError(f"module 'torch' has no attribute '{name}'")


def install() -> None:
    """From now on ``import torch`` finds this package. PyTorch must not have been imported."""
    if sys.modules.get("torch", engine) is not engine:
        raise RuntimeError("PyTorch is already imported: start a new process")
    sys.modules.update(MODULES)
    vars(engine)["__getattr__"] = _refuse
    if not any(isinstance(finder, _Refuse) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Refuse())
