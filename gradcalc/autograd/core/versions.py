"""Version counters: one cell that all views and aliases of a memory share, one more a write."""

from __future__ import annotations

from typing import Any

from gradcalc.autograd.core.grad_mode import mode, watching


class Timeless(list[int]):
    """The version counter of what was made in ``inference_mode``: nothing may save its version."""

    def __getitem__(self, place: Any) -> Any:
        if mode.inference or not mode.enabled:
            return super().__getitem__(place)
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
            "inference mode in computation tracked by autograd. To work around this, you can make "
            "a clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` "
            "instead of `torch.inference_mode()`."
        )


def about_to_write(y: Any) -> None:
    """Raise if y was made in inference mode, and this is another; tell who wants to know."""
    if type(y._counter) is Timeless and not mode.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make "
            "a clone to get a normal tensor before doing inplace update.See "
            "https://github.com/pytorch/rfcs/pull/17 for more details."
        )
    if watching and mode.before_writing is not None:
        mode.before_writing(y)
