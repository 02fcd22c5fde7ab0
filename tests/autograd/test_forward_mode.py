"""Forward mode: tangents by the same rules, so vᵀ(J u) is (vᵀJ) u, for every operation."""

import numpy as np
import pytest

from gradcalc import autograd as torch
from gradcalc.autograd import forward_ad

OPERATIONS = {
    "arithmetic": lambda x: (2 - x) * x / (x + 3) - x**3,
    "functions": lambda x: torch.atan2(x.sin(), x.exp() + 1).tanh(),
    "matrices": lambda x: x.view(2, 2) @ x.view(2, 2).t(),
    "reductions": lambda x: torch.stack([x.sum(), x.prod(), x.var(), x.logsumexp(0), x.norm()]),
    "indices": lambda x: x[[0, 2, 2]] * x[1:],
    "sorting": lambda x: x.sort()[0] * torch.arange(4.0, dtype=torch.float64),
    "joining": lambda x: torch.cat([x, x.flip(0)]) * torch.stack([x, x]).view(-1),
    "writing": lambda x: x.clone().mul_(x).index_add(0, torch.tensor([1]), x[:1]),
    "slots": lambda x: _assigned(x),
    "losses": lambda x: torch.nn.functional.huber_loss(x, x.flip(0) * 2),
}


def _assigned(x):
    y = torch.zeros(4, dtype=torch.float64)
    y[0] = x[1] * x[2]
    y[1:] = x[1:] ** 2
    return y


@pytest.mark.parametrize("name", OPERATIONS)
def test_tangents_are_those_of_the_way_back(name):
    f = OPERATIONS[name]
    rng = np.random.default_rng(3)
    x = torch.tensor(rng.uniform(0.5, 1.5, 4), requires_grad=True)
    u = torch.tensor(rng.standard_normal(4))
    y = f(x)
    v = torch.tensor(rng.standard_normal(tuple(y.shape)))
    (slope,) = torch.autograd.grad(y, x, v)
    with forward_ad.dual_level():
        tangent = forward_ad.unpack_dual(f(forward_ad.make_dual(x.detach(), u))).tangent
    np.testing.assert_allclose((v * tangent).sum().item(), (slope * u).sum().item(), rtol=1e-12)


def test_a_tangent_is_differentiable():
    """∂/∂x of x ↦ ∇f(x)·u is H u."""
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    u = torch.tensor([1.0, 0.5])
    with forward_ad.dual_level():
        slope = forward_ad.unpack_dual((forward_ad.make_dual(x, u) ** 3).prod()).tangent
        (product,) = torch.autograd.grad(slope, x)
    hessian = torch.autograd.functional.hessian(lambda x: (x**3).prod(), x.detach())
    np.testing.assert_allclose(product.numpy(), (hessian @ u).numpy(), rtol=1e-6)


def test_tangents_end_with_their_level():
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(torch.ones(2), torch.ones(2))
        assert forward_ad.unpack_dual(dual).tangent is not None
    with forward_ad.dual_level():
        assert forward_ad.unpack_dual(dual).tangent is None
    with pytest.raises(RuntimeError, match="no level exists"):
        forward_ad.make_dual(torch.ones(2), torch.ones(2))


def test_linearize_runs_its_function_once():
    calls = []

    def f(x):
        calls.append(x)
        return x.sin() * x

    x = torch.tensor([1.0, 2.0])
    _, pushforward = torch.func.linearize(f, x)
    rows = [pushforward(u) for u in torch.eye(2)]
    expected = torch.func.jacrev(f)(x)
    assert len(calls) == 2  # once to linearize, once for jacrev
    np.testing.assert_allclose(torch.stack(rows, 1).detach().numpy(), expected.numpy(), rtol=1e-6)


def test_vmap_over_grad():
    x = torch.tensor([1.0, 2.0, 3.0])
    assert torch.func.vmap(torch.func.grad(lambda x: x**3))(x).tolist() == [3.0, 12.0, 27.0]


def test_the_slices_of_vmap_are_one_pass_through_the_graph():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    rows = torch.eye(3)

    def slope(y, **options):
        return lambda v: torch.autograd.grad(y, x, v, **options)[0]

    diagonal = [[2.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 6.0]]
    y = x**2
    assert torch.vmap(slope(y))(rows).tolist() == diagonal
    with pytest.raises(RuntimeError, match="a second time"):  # as after any other pass
        slope(y)(torch.ones(3))
    y = x**2
    assert torch.vmap(torch.vmap(slope(y)))(rows[None]).tolist() == [diagonal]
    y = x**2
    twice = torch.vmap(lambda v: slope(y, retain_graph=True)(v) + slope(y)(v))
    assert twice(rows).tolist() == [[2 * entry for entry in row] for row in diagonal]
    y = x**2
    with pytest.raises(RuntimeError, match="a second time"):
        torch.vmap(lambda v: slope(y)(v) + slope(y)(v))(rows)
    y = x**2
    with pytest.raises(RuntimeError, match="inside a functorch transform"):
        torch.vmap(y.backward)(rows)
    assert slope(y)(torch.ones(3)).tolist() == [2.0, 4.0, 6.0]  # what failed leaves no trace


@pytest.mark.parametrize(("tangent", "words"), [
    (lambda t: (t, t), r"invalid number of forward gradients \(expected 1 but got 2\)"),
    (lambda t: t.sum(), "different size than that of the original"),
    (lambda t: 3, r"expected Variable or None \(got int\) for grad output 0"),
])  # fmt: skip
def test_the_tangents_of_a_custom_function_are_checked(tangent, words):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def jvp(ctx, t):
            return tangent(t)

    with forward_ad.dual_level(), pytest.raises(RuntimeError, match=words):
        Double.apply(forward_ad.make_dual(torch.ones(2), torch.ones(2)))
