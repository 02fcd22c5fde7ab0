"""Deep graphs, and memory: no recursion on the way there, on the way back, or when a graph dies."""

import gc
import sys
import tracemalloc
import weakref

import numpy as np
import pytest

from gradcalc import autograd as torch


@pytest.mark.parametrize("grow", [lambda y: y + 1.0, lambda y: y * 1.0, lambda y: y.sin(),
                                  lambda y: y[...]], ids=["add", "mul", "sin", "view"])  # fmt: skip
def test_a_deep_graph_is_walked_and_freed_without_recursion(grow):
    limit = sys.getrecursionlimit()
    x = torch.tensor([0.5], dtype=torch.double, requires_grad=True)
    y = x
    for _ in range(200_000 if grow(x).grad_fn.name() == "AddBackward0" else 50_000):
        y = grow(y)
    y.sum().backward()
    assert x.grad is not None
    del y
    gc.collect()
    assert sys.getrecursionlimit() == limit


def test_a_deep_tracked_graph_can_be_differentiated_again():
    x = torch.tensor(0.5, dtype=torch.double, requires_grad=True)
    y = x
    for _ in range(3000):
        y = y * 1.0001
    (g,) = torch.grad(y * y, x, create_graph=True)
    (h,) = torch.grad(g, x)
    assert h.item() == pytest.approx(2 * 1.0001**6000)


def test_graphs_are_freed_by_counting_references():
    x = torch.tensor([0.5, 1.5], requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        y = (x.exp() * x).tanh().sum()
        node = weakref.ref(y.grad_fn)
        y.backward()
        del y
        assert node() is None
    finally:
        gc.enable()


def test_memory_is_flat_over_a_thousand_rounds():
    x = torch.ones(100, dtype=torch.double, requires_grad=True)

    def round_trip():
        y = torch.zeros(100, dtype=torch.double)
        y[:50] = (x.sin() * x).exp()[:50]
        y[50:] = x[50:] ** 2
        y.sum().backward()

    round_trip()
    gc.collect()
    tracemalloc.start()
    for _ in range(50):
        round_trip()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(1000):
        round_trip()
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 20_000, f"{after - before} bytes more after 1,000 rounds"


def test_a_pass_frees_the_saved_arrays_and_retain_graph_keeps_them():
    x = torch.ones(1000, dtype=torch.double, requires_grad=True)
    y = x.exp()
    saved = weakref.ref(y.grad_fn.saved[0][0])
    z = y.sum()
    del y
    z.backward(retain_graph=True)
    assert saved() is not None
    z.backward()
    assert saved() is None


@pytest.mark.parametrize("name", ["sin", "tanh", "exp", "sqrt", "relu", "log"])
def test_a_long_array_that_was_written_to_is_noticed(name):
    x = torch.full((5000,), 0.5, dtype=torch.float64, requires_grad=True)
    y = x * 1
    out = getattr(y, name)()
    saved = out if name in ("exp", "sqrt") else y
    saved.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


@pytest.mark.parametrize("name", ["sin", "tanh", "atan2", "div"])
def test_long_arrays_have_the_slopes_of_short_ones(name):
    values = np.random.default_rng(0).uniform(0.1, 3, (2, 3000))

    def slopes(arrays):
        leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
        call = getattr(torch, name)
        out = call(*leaves) if name in ("atan2", "div") else call(leaves[0]) * leaves[1]
        out.backward(torch.tensor(values[0, : out.numel()]))
        return np.array([leaf.grad.numpy() for leaf in leaves])

    np.testing.assert_allclose(slopes(values)[:, :100], slopes(values[:, :100]), 4e-15)


@pytest.mark.parametrize("name", ["sigmoid", "exp", "sqrt", "tanh"])
def test_of_one_complex_number_the_slope_is_that_of_several(name):
    def slope(data):
        x = torch.tensor(data, dtype=torch.complex128, requires_grad=True)
        (getattr(x, name)() * (2 - 1j)).abs().sum().backward()
        return x.grad.numpy()

    np.testing.assert_allclose(slope(0.3 + 0.4j), slope([0.3 + 0.4j])[0], 1e-14)


def test_what_somebody_holds_of_a_long_sweep_stays_as_it_was():
    x = torch.full((5000,), 0.5, dtype=torch.double, requires_grad=True)
    y, z = x.sin(), x.cos()
    seen = []
    product = y * z
    for tensor in (y, z, product):
        tensor.register_hook(lambda v: seen.append(v.numpy()))
        tensor.retain_grad()
    given = torch.full((5000,), 2.0, dtype=torch.double)
    (product.tanh() + z + z).backward(given, retain_graph=True)
    slope = 2 / np.cosh(np.sin(0.5) * np.cos(0.5)) ** 2
    expected = [slope, slope * np.sin(0.5) + 4, slope * np.cos(0.5)]
    for array, number in zip(seen, expected, strict=True):
        np.testing.assert_allclose(array, number, rtol=1e-14)
    for tensor, number in zip((product, z, y), expected, strict=True):
        np.testing.assert_allclose(tensor.grad.numpy(), number, rtol=1e-14)
    assert (given.numpy() == 2).all()
    first = x.grad.clone()
    (product.tanh() + z + z).backward(given)
    np.testing.assert_array_equal(x.grad.numpy(), 2 * first.numpy())


def test_gradients_of_two_leaves_are_two_arrays():
    a, b = (torch.ones(5000, dtype=torch.double, requires_grad=True) for _ in range(2))
    (-(a + b)).sum().backward()
    a.grad.zero_()
    assert (b.grad.numpy() == -1).all()
