"""Every function of the primitive table, differentiated one, two and three times, against sympy."""

import itertools

import mpmath
import numpy as np
import pytest
import sympy

from gradcalc import autograd as torch
from gradcalc.autograd.operations.elementwise import apply
from gradcalc.functions.primitives import TABLE

x, y, z = sympy.symbols("x y z", positive=True)
POINTS = {
    **dict.fromkeys(("acosh", "asec", "acsc", "acoth"), (1.7,)),
    "coth": (0.8,),
    "csch": (0.8,),
    "where": (1.0, 0.4, -0.3),
    "betapdf": (1.4, 2.7, 0.6),
    "betainc": (2.0, 3.0, 0.4),
    "psigap": (1.0, 0.7, 1.3),
    "zetan": (1.0, 1.7),
}
"""Where the usual point is outside the domain."""
NOT_IN_SYMPY = {"zeta": 0, "zetan": 1}
"""Whose derivatives sympy leaves as they are, and which one of zeta it is here."""
USUAL = (0.43, 0.71, 1.3)
ORDER_GIVEN = {"polygamma": 0}
"""Operands that are not differentiated: the order of polygamma, a whole number."""

PRIMITIVES = [p for p in TABLE if p.arity and p.differentiable and p.name != "flow"]


def wanted(primitive):
    return [k for k, partial in enumerate(primitive.partials) if partial is not None]


@pytest.mark.parametrize(
    "primitive", [p for p in PRIMITIVES if p.name not in NOT_IN_SYMPY], ids=lambda p: p.name
)
def test_three_orders_are_sympys(primitive):
    point = list(POINTS.get(primitive.name, USUAL)[: primitive.arity])
    if primitive.orders == 1:
        point[0] = 1.0
    symbols = [x, y, z][: primitive.arity]
    free = wanted(primitive)
    known = {symbols[k]: point[k] for k in range(primitive.arity) if k not in free}
    arguments = [_flag(known[s]) if s in known else s for s in symbols]
    for k in range(primitive.orders):
        arguments[k] = int(point[k])
    expression = primitive.sympy(*arguments)
    leaves = [torch.tensor(v, dtype=torch.double, requires_grad=k in free)
              for k, v in enumerate(point)]  # fmt: skip
    value = apply(primitive, *leaves)
    for path in itertools.chain.from_iterable(
        itertools.combinations_with_replacement(free, n) for n in (1, 2, 3)
    ):
        ours, truth = value, expression
        for k in path:
            ours = _slope(ours, leaves[k])
            truth = _flat_steps(sympy.diff(truth, symbols[k]))
        place = {symbols[k]: sympy.Float(point[k], 30) for k in free}
        expected = float(sympy.re(truth.subs(place).doit().evalf(20)))
        assert ours.item() == pytest.approx(expected, rel=2e-12, abs=2e-13), (primitive, path)


@pytest.mark.parametrize("name", NOT_IN_SYMPY)
def test_three_orders_are_mpmaths(name):
    primitive = next(p for p in PRIMITIVES if p.name == name)
    leaf = torch.tensor(1.7, dtype=torch.double, requires_grad=True)
    ours = apply(primitive, *[torch.tensor(1.0)] * primitive.orders, leaf)
    for n in range(4):
        expected = mpmath.zeta(1.7, 1, n + NOT_IN_SYMPY[name])
        assert ours.item() == pytest.approx(float(expected), rel=1e-13)
        ours = _slope(ours, leaf)


def _flat_steps(expression):
    """sympy leaves the derivative of floor as it stands; it is 0 wherever it exists."""
    return expression.replace(sympy.Derivative, lambda *_: 0).replace(sympy.Subs, lambda *_: 0)


def _flag(value):
    """A condition, as sympy's Piecewise takes it."""
    return sympy.true if value else sympy.false


def _slope(f, leaf):
    """∂f/∂leaf, tracked; 0 where f no longer depends on it."""
    if not f.requires_grad:
        return torch.zeros((), dtype=torch.double)
    (g,) = torch.grad(f, leaf, create_graph=True, materialize_grads=True)
    return g


@pytest.mark.parametrize("primitive", [p for p in PRIMITIVES if p.name != "where"],
                         ids=lambda p: p.name)  # fmt: skip
def test_float32_stays_float32(primitive):
    point = POINTS.get(primitive.name, USUAL)[: primitive.arity]
    if primitive.ordered and primitive.name not in POINTS:
        point = (1.0, 0.7)
    free = wanted(primitive)
    leaves = [torch.tensor([v], requires_grad=k in free) for k, v in enumerate(point)]
    out = apply(primitive, *leaves)
    out.sum().backward()
    assert out.dtype is torch.float32
    assert all(leaves[k].grad.dtype is torch.float32 for k in free if leaves[k].grad is not None)


def test_operations_on_arrays_agree_with_gradcheck():
    rng = np.random.default_rng(0)

    def leaf(*shape):
        return torch.tensor(rng.uniform(0.5, 1.5, shape), requires_grad=True)

    operations = {
        "matmul": (lambda a, b: a @ b, leaf(2, 3), leaf(3, 2)),
        "matrix times vector": (lambda a, b: a @ b, leaf(2, 3), leaf(3)),
        "vector times matrix": (lambda a, b: a @ b, leaf(3), leaf(3, 2)),
        "batch of products": (lambda a, b: a @ b, leaf(2, 2, 3), leaf(3, 2)),
        "dot": (lambda a, b: a.dot(b), leaf(3), leaf(3)),
        "outer": (lambda a, b: a.outer(b), leaf(2), leaf(3)),
        "sum over rows": (lambda a: (a * a).sum(0), leaf(2, 3)),
        "mean": (lambda a: (a * a).mean(1, keepdim=True), leaf(2, 3)),
        "prod": (lambda a: a.prod(), leaf(4)),
        "prod over rows": (lambda a: a.prod(1), leaf(2, 3)),
        "cumsum": (lambda a: (a * a).cumsum(1), leaf(2, 3)),
        "norm": (lambda a: a.norm(), leaf(3)),
        "norm of rows": (lambda a: a.norm(dim=1), leaf(2, 3)),
        "var": (lambda a: a.var(), leaf(4)),
        "logsumexp": (lambda a: a.logsumexp(1), leaf(2, 3)),
        "softmax": (lambda a: a.softmax(1), leaf(2, 3)),
        "max": (lambda a: (a * a).max(), leaf(4)),
        "max of rows": (lambda a: (a * a).max(1).values, leaf(2, 3)),
        "amin": (lambda a: (a * a).amin(0), leaf(2, 3)),
        "transposed, reshaped": (lambda a: (a.T.reshape(2, 3) ** 2)[:, 1:], leaf(2, 3)),
        "permuted": (lambda a: a.permute(2, 0, 1) * 2.0, leaf(2, 3, 2)),
        "expanded": (lambda a: a.expand(4, 3) ** 2, leaf(1, 3)),
        "repeated": (lambda a: a.repeat(2, 2) ** 2, leaf(1, 3)),
        "squeezed": (lambda a: a.squeeze().unsqueeze(1) ** 2, leaf(1, 3)),
        "flipped": (lambda a: a.flip(0) * a, leaf(3)),
        "indexed by a list": (lambda a: a[[0, 0, 2]] ** 2, leaf(3)),
        "indexed by a mask": (lambda a: a[a.detach() > 0] ** 2, leaf(3)),
        "joined": (lambda a, b: torch.cat([a, b * a.sum()]) ** 2, leaf(2), leaf(3)),
        "stacked": (lambda a, b: torch.stack([a, b], 1) ** 2, leaf(2), leaf(2)),
        "parted": (lambda a: a.split(2)[0] * a.unbind()[2], leaf(4)),
        "where": (lambda a, b: torch.where(a > b, a * b, b), leaf(3), leaf(3)),
        "trace": (lambda a: (a @ a).trace(), leaf(2, 2)),
        "diag": (lambda a: torch.diag(a) @ torch.diag(a), leaf(2)),
        "item assignment": (_assigned, leaf(3)),
        "views written in place": (_written, leaf(2, 3)),
    }
    for name, (f, *leaves) in operations.items():
        assert torch.gradcheck(f, tuple(leaves)), name
        assert torch.gradgradcheck(f, tuple(leaves)), name


ONE_NODE_EACH = {
    "softmax": lambda a: a.softmax(1), "log_softmax": lambda a: a.log_softmax(0),
    "logsumexp": lambda a: a.logsumexp((0, 1), True), "variance": lambda a: a.var(0, True),
    "deviation": lambda a: a.std(1, unbiased=False), "1-norm": lambda a: a.norm(1),
    "3-norm": lambda a: a.norm(3, 0), "largest": lambda a: a.norm(float("inf"), 1),
    "sorted": lambda a: a.sort(1).values ** 2, "topk": lambda a: a.topk(2, 0).values ** 2,
    "median": lambda a: a.median(1).values ** 2, "take": lambda a: a.take(torch.arange(3)) ** 2,
    "gather": lambda a: a.gather(1, torch.tensor([[0, 1], [1, 1]])) ** 2,
    "index_select": lambda a: a.index_select(1, torch.tensor([0, 0, 2])) ** 2,
    "masked": lambda a: a.masked_select(a > 0).sum() * a.masked_fill(a > 0, 0.0),
    "rolled": lambda a: a.roll(1, 0) * a.roll(2), "tiled": lambda a: a.tile(2) ** 2,
    "triangle": lambda a: a.tril() @ a.triu().T, "diagonal": lambda a: a.diagonal() ** 2,
    "reciprocals": lambda a: 1 / (a * a + 1) + (a * a + 1).rsqrt(), "3 - x": lambda a: (3 - a) ** 3,
    "losses": lambda a: torch.nn.functional.mse_loss(a, a * a)
    + torch.nn.functional.binary_cross_entropy_with_logits(a, a.sigmoid()),
    "classes": lambda a: torch.nn.functional.cross_entropy(a, torch.tensor([0, 2])),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_NODE_EACH)
def test_two_orders_of_operations_that_are_one_node_each(name):
    a = torch.tensor([[0.3, -1.2, 0.7], [1.9, 0.1, -0.4]], dtype=torch.double, requires_grad=True)
    assert torch.gradcheck(ONE_NODE_EACH[name], a)
    assert torch.gradgradcheck(ONE_NODE_EACH[name], a)


def _assigned(a):
    y = torch.zeros(4, dtype=torch.double)
    y[1:3] = a[:2] ** 2
    y[[0, 3]] = a[2] * a[:2]
    y[0] *= a[1]
    return y


def _written(a):
    y = (a * a).T
    y[0].mul_(a[:, 1])
    y[1:, 0] += 3 * y[0, 0]
    return y.reshape(-1) * a.sum()


@pytest.mark.parametrize("f", [lambda t, x: 0.3**x, lambda t, x: t.xlogy(x * x, 3.0),
                               lambda t, x: t.nn.functional.leaky_relu(x, 0.01)])  # fmt: skip
def test_a_number_beside_doubles_is_a_double_in_the_slope_of_the_slope_too(f):
    x = torch.tensor([-0.75, 0.5], dtype=torch.float64, requires_grad=True)
    (once,) = torch.autograd.grad(f(torch, x).sum(), x)
    (tracked,) = torch.autograd.grad(f(torch, x).sum(), x, create_graph=True)
    assert tracked.dtype == torch.float64
    assert np.allclose(tracked.detach().numpy(), once.numpy(), rtol=1e-15, atol=0)
