"""Points where a derivative is a convention, functions to compare, tensors to print."""

inf, nan = float("inf"), float("nan")


def gradients_at(torch, f, point):
    """The gradient of f at a point: what backward leaves in each operand."""
    xs = [torch.tensor(float(x), dtype=torch.float64, requires_grad=True) for x in point]
    y = f(torch, *xs)
    y.backward()
    return [x.grad for x in xs]


def _second(torch, f, x):
    (g,) = torch.autograd.grad(f(x), x, create_graph=True)
    return g


SPECIAL_POINTS = [
    ("abs at 0", lambda t, x: t.abs(x), [0]),
    ("sign at 0", lambda t, x: t.sign(x), [0]),
    ("relu at 0", lambda t, x: t.relu(x), [0]),
    ("floor at 1.5", lambda t, x: t.floor(x), [1.5]),
    ("ceil at 1.5", lambda t, x: t.ceil(x), [1.5]),
    ("round at 1.2", lambda t, x: t.round(x), [1.2]),
    ("max tie", lambda t, x, y: t.maximum(x, y), [2, 2]),
    ("min tie", lambda t, x, y: t.minimum(x, y), [2, 2]),
    ("clamp lower edge", lambda t, x: x.clamp(0, 1), [0]),
    ("clamp upper edge", lambda t, x: x.clamp(0, 1), [1]),
    ("clamp below", lambda t, x: x.clamp(0, 1), [-1]),
    ("sqrt at 0", lambda t, x: t.sqrt(x), [0]),
    ("x**0.5 at 0", lambda t, x: x**0.5, [0]),
    ("x**(1/3) at 0", lambda t, x: x ** (1 / 3), [0]),
    ("sqrt at -1", lambda t, x: t.sqrt(x), [-1]),
    ("x**(1/3) at -8", lambda t, x: x ** (1 / 3), [-8]),
    ("x**0 at 0", lambda t, x: x**0, [0]),
    ("second of x**2 at 0", lambda t, x: _second(t, lambda z: z**2, x), [0]),
    ("pow at (0, 0)", lambda t, x, y: x**y, [0, 0]),
    ("pow at (0, 2)", lambda t, x, y: x**y, [0, 2]),
    ("pow at (0, 1)", lambda t, x, y: x**y, [0, 1]),
    ("pow at (0, -1)", lambda t, x, y: x**y, [0, -1]),
    ("pow at (-2, 3)", lambda t, x, y: x**y, [-2, 3]),
    ("log at -1", lambda t, x: t.log(x), [-1]),
    ("norm at (0, 0)", lambda t, x, y: t.stack([x, y]).norm(), [0, 0]),
    ("hypot at (0, 0)", lambda t, x, y: t.hypot(x, y), [0, 0]),
    ("atan2 at (0, 0)", lambda t, x, y: t.atan2(x, y), [0, 0]),
    ("where at 0", lambda t, x: t.where(x > 0, t.sqrt(x), t.zeros_like(x)), [0]),
    ("where at -1", lambda t, x: t.where(x > 0, t.sqrt(x), t.zeros_like(x)), [-1]),
    ("mod at (7, 3)", lambda t, x, y: x % y, [7, 3]),
    ("mod at (-7, 3)", lambda t, x, y: x % y, [-7, 3]),
    ("1/x at 0", lambda t, x: 1 / x, [0]),
    ("x/x at 0", lambda t, x: x / x, [0]),
    ("x*log(x) at 0", lambda t, x: x * t.log(x), [0]),
]

DIVERGENCES = {"hypot at (0, 0)": [0.0, 0.0]}
"""Ours answers 0 there, the subgradient of least norm, which is what PyTorch answers for norm."""


def _unary(name):
    return lambda torch, x: getattr(torch, name)(x)


FUNCTIONS = [
    *((name, _unary(name), [[-1.7], [0.3], [2.5]]) for name in (
        "exp", "expm1", "exp2", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "asinh",
        "abs", "sign", "floor", "ceil", "relu", "erf", "erfc", "sigmoid", "lgamma", "digamma",
        "square", "neg",
    )),
    *((name, _unary(name), [[0.2], [0.9], [3.5]]) for name in (
        "sqrt", "log", "log1p", "log2", "log10",
    )),
    *((name, _unary(name), [[-0.9], [0.2]]) for name in ("asin", "acos", "atanh")),
    ("acosh", _unary("acosh"), [[1.2], [4.5]]),
    ("sum of products", lambda t, x, y: x * y + x / y - y, [[2, 3], [-1, 0.5]]),
    ("atan2", lambda t, x, y: t.atan2(x, y), [[1, 2], [-1, -2]]),
    ("hypot", lambda t, x, y: t.hypot(x, y), [[3, 4], [-1, 2]]),
    ("pow", lambda t, x, y: x**y, [[2, 3], [0.5, -1.5]]),
    ("maximum", lambda t, x, y: t.maximum(x, y), [[2, 3], [3, 2]]),
    ("polygamma", lambda t, x: t.polygamma(2, x), [[1.5], [4.0]]),
]  # fmt: skip


def _tracked(torch):
    return torch.tensor([[2.0, 3.0]], requires_grad=True)


REPRESENTATIONS = {
    "number": lambda t: repr(t.tensor(91.5)),
    "integers": lambda t: repr(t.tensor([[1, 1]])),
    "flags": lambda t: repr(t.tensor([True, False])),
    "leaf": lambda t: repr(_tracked(t)),
    "sum": lambda t: repr(_tracked(t).sum()),
    "double": lambda t: repr(t.tensor([2.0, 3.0], dtype=t.float64)),
    "double leaf": lambda t: repr(t.tensor([2.5, -3.25], dtype=t.float64, requires_grad=True)),
    "mixed": lambda t: repr(t.tensor([[1.5, 2.0], [3.0, 4.0e5]])),
    "small": lambda t: repr(t.tensor([1e-5, 1.0])),
    "huge": lambda t: repr(t.tensor([1e10, 1.0])),
    "nonfinite": lambda t: repr(t.tensor([nan, inf, -inf, 1.5])),
    "whole and nan": lambda t: repr(t.tensor([nan, 1.0, -12.0])),
    "cube": lambda t: repr(t.arange(12.0).reshape(2, 2, 3)),
    "empty": lambda t: repr(t.zeros(0)),
    "empty matrix": lambda t: repr(t.zeros(0, 3)),
    "long row": lambda t: repr(t.arange(40.0)),
    "long tracked row": lambda t: repr(t.arange(11.0).requires_grad_() * 1.37),
    "summarized": lambda t: repr(t.arange(2000.0)),
    "summarized matrix": lambda t: repr(t.arange(4000).reshape(40, 100)),
    "negative": lambda t: repr(t.tensor([-1.0, 2.0, -33.0])),
    "zeros": lambda t: repr(t.zeros(2, 2)),
    "size": lambda t: repr(t.zeros(2, 3).shape),
    "dtype": lambda t: repr(t.zeros(2, 3).dtype),
    "transposed": lambda t: repr(_tracked(t).T),
    "index": lambda t: repr(_tracked(t)[0, 1]),
    "mean": lambda t: repr((_tracked(t) * 2 / 3).mean()),
}
