"""What does not fit is refused in PyTorch's words: recorded from PyTorch 2.13."""

import numpy as np
import pytest

from gradcalc import autograd as torch

WORDS = {
    "x.cumsum()": 'cumsum() missing 1 required positional arguments: "dim"',
    "x.cumsum('a')": "cumsum(): argument 'dim' (position 1) must be int, not str",
    "torch.cumsum(x, 'a')": "cumsum(): argument 'dim' (position 2) must be int, not str",
    "torch.tril(2)": "tril(): argument 'input' (position 1) must be Tensor, not int",
    "torch.tril()": 'tril() missing 1 required positional arguments: "input"',
    "x.tril(1, 2, 3)": "tril() takes from 0 to 1 positional arguments but 3 were given",
    "x.tril(diagonal='a')": "tril(): argument 'diagonal' must be int, not str",
    "torch.tril(x, 1, diagonal=1)": "tril() got multiple values for argument 'diagonal'",
    "torch.tril(x, foo=1)": "tril() got an unexpected keyword argument 'foo'",
    "torch.tril(x, 1.5)": "tril(): argument 'diagonal' (position 2) must be int, not float",
    "x.matmul(3)": "matmul(): argument 'other' (position 1) must be Tensor, not int",
    "torch.mm(x, 2)": "mm(): argument 'mat2' (position 2) must be Tensor, not int",
    "x.gather(0, [0])": "gather(): argument 'index' (position 2) must be Tensor, not list",
    "x.cumsum(True)": "cumsum(): argument 'dim' (position 1) must be int, not bool",
    "x.expand(True, 2)": "expand() takes 1 positional argument but 2 were given",
    "x.reshape(1.5)": "reshape(): argument 'shape' (position 1) must be tuple of ints, not float",
    "x.permute('a')": "permute(): argument 'dims' (position 1) must be tuple of ints, not str",
    "x.transpose(0)": 'transpose() missing 1 required positional arguments: "dim1"',
    "torch.cat(x)": "cat(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor",
    "torch.cat([1, 2])": "expected Tensor as element 0 in argument 0, but got int",
    "x.unsqueeze(None)": "unsqueeze(): argument 'dim' (position 1) must be int, not NoneType",
    "torch.zeros(2.5)": "zeros(): argument 'size' (position 1) must be tuple of ints, not float",
    "torch.full((2,), 'a')": "full(): argument 'fill_value' (position 2) must be Number, not str",
    "torch.eye('a')": "eye(): argument 'n' (position 1) must be int, not str",
    "torch.sin(2)": "sin(): argument 'input' (position 1) must be Tensor, not int",
    "torch.sin()": 'sin() missing 1 required positional arguments: "input"',
    "torch.sin(x, x)": "sin() takes 1 positional argument but 2 were given",
    "x.add('a')": "add(): argument 'other' (position 1) must be Tensor, not str",
    "torch.add(x, 'a')": "add(): argument 'other' (position 2) must be Tensor, not str",
    "x.copy_('a')": "copy_(): argument 'other' (position 1) must be Tensor, not str",
    "x.sub(x, alpha='a')": "sub(): argument 'alpha' must be Number, not str",
    "x.t(1)": "TensorBase.t() takes no arguments (1 given)",
    "x.detach(1)": "TensorBase.detach() takes no arguments (1 given)",
    "x.requires_grad_('a')":
        "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not str",
    "x.size('a')": "size(): argument 'dim' (position 1) must be int, not str",
    "torch.nn.functional.gelu('a')":
        "gelu(): argument 'input' (position 1) must be Tensor, not str",
    "torch.linalg.norm('a')":
        "linalg_norm(): argument 'input' (position 1) must be Tensor, not str",
}  # fmt: skip


@pytest.mark.parametrize("call", WORDS)
def test_what_does_not_fit_is_refused_in_pytorchs_words(call):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(TypeError) as caught:
        eval(call, {"torch": torch, "x": x})
    assert str(caught.value) == WORDS[call]


@pytest.mark.parametrize(("call", "same"), [
    ("x.sum(axis=0, keepdims=True)", "x.sum(0, True)"),
    ("torch.sum(input=x, dim=(0, 1))", "x.sum()"),
    ("x.reshape((4,))", "x.reshape(4)"),
    ("torch.zeros((2, 3))", "torch.zeros(2, 3)"),
    ("torch.add(input=x, other=x, alpha=2)", "3 * x"),
    ("x.cumsum(torch.tensor(1))", "x.cumsum(1)"),
])  # fmt: skip
def test_arguments_may_be_named_and_written_as_in_pytorch(call, same):
    names = {"torch": torch, "x": torch.tensor([[1.0, 2.0], [3.0, 4.0]])}
    one, other = eval(call, names), eval(same, names)
    assert one.shape == other.shape
    np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_of_halves_norms_and_running_sums_have_the_slopes_of_doubles():
    x = torch.tensor([30.0, -200.0, 4.0], dtype=torch.float64)
    for call in (lambda t: t.norm(5), lambda t: t.norm(0.5), lambda t: t.logcumsumexp(0).sum()):
        wide, narrow = x.clone().requires_grad_(), x.half().requires_grad_()
        for leaf in (wide, narrow):
            (slope,) = torch.autograd.grad(call(leaf), leaf, create_graph=True)
            slope.sum().backward()
        np.testing.assert_allclose(narrow.grad.numpy(), wide.grad.numpy(), 2e-2, 2e-3)
