"""``python -m gradcalc.autograd FILE`` runs a PyTorch file on this engine."""

import subprocess
import sys

import pytest

TUTORIAL = """
import math
import torch
import torch.nn.functional as F
from torch.autograd import Variable, Function
from torch.autograd.functional import jacobian
from torch import nn

torch.manual_seed(0)
x = Variable(torch.linspace(-1, 1, 20).reshape(-1, 1))
y = 2 * x + 1
w = nn.Parameter(torch.zeros(1, 1))
b = nn.Parameter(torch.zeros(1))
for _ in range(200):
    loss = F.mse_loss(x @ w + b, y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([w, b], 10.0)
    with torch.no_grad():
        for p in (w, b):
            p -= 0.5 * p.grad
            p.grad.zero_()
print(f"{w.item():.3f} {b.item():.3f} {isinstance(w, nn.Parameter)}")
print(jacobian(torch.sin, torch.zeros(1)).item(), __name__)
torch.save({"w": w.detach()}, "saved.pt")
print(torch.load("saved.pt")["w"].shape)
"""


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "gradcalc.autograd", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_tutorial_runs_on_this_engine(tmp_path):
    (tmp_path / "tutorial.py").write_text(TUTORIAL)
    done = run(tmp_path, "tutorial.py")
    assert done.stdout == "2.000 1.000 True\n1.0 __main__\ntorch.Size([1, 1])\n", done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(
    "line",
    ["import torch.optim", "from torch.utils.data import DataLoader", "from torch import optim",
     "import torch\ntorch.nn.Linear(1, 1)", "from torch import nn\nnn.Module"],
)  # fmt: skip
def test_what_is_no_part_of_it_is_refused_with_what_to_do(tmp_path, line):
    (tmp_path / "tutorial.py").write_text(line)
    done = run(tmp_path, "tutorial.py")
    assert done.returncode == 1
    assert "w -= rate * w.grad" in done.stderr


def test_a_file_that_is_not_there(tmp_path):
    done = run(tmp_path, "none.py")
    assert (done.returncode, done.stderr) == (1, "none.py: no such file\n")
    assert run(tmp_path).returncode == 2
