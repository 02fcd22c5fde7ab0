"""``torch.autograd.graph``, and what watches a graph while it is recorded."""

import pytest

from gradcalc import autograd as torch

graph = torch.autograd.graph


@pytest.mark.parametrize("f", [torch.exp, lambda x: x * x, lambda x: x**3, lambda x: x.prod(),
                               lambda x: x[[0, 0]], lambda x: x.softmax(0)])  # fmt: skip
def test_packed_tensors_give_the_same_gradients_to_every_order(f):
    x = torch.tensor([1.5, 0.5], dtype=torch.float64, requires_grad=True)

    def twice():
        (g,) = torch.autograd.grad((f(x) ** 2).sum(), x, create_graph=True)
        return g, torch.autograd.grad(g.sum(), x)[0]

    plain = twice()
    packed = []

    def pack(t):
        packed.append(t)
        return t.tolist(), t.dtype

    with graph.saved_tensors_hooks(pack, lambda p: torch.tensor(p[0], dtype=p[1])):
        through = twice()
    assert packed
    assert [t.tolist() for t in through] == [t.tolist() for t in plain]


def test_a_hook_must_not_write_and_must_give_a_tensor():
    x = torch.ones(2, requires_grad=True)
    with (
        graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t),
        pytest.raises(RuntimeError, match="pack hook is modifying its input"),
    ):
        x.clone().exp()
    with graph.saved_tensors_hooks(lambda t: t, lambda t: 3):
        y = x.exp()
    with pytest.raises(TypeError, match="expected to be a Tensor"):
        y.sum().backward()
    with (
        graph.disable_saved_tensors_hooks("not here"),
        pytest.raises(RuntimeError, match="not here"),
        graph.saved_tensors_hooks(lambda t: t, lambda t: t),
    ):
        pass


def test_hooks_on_several_gradients():
    a, b, c = (torch.tensor(float(k), requires_grad=True) for k in (1, 2, 3))
    seen = []
    handle = graph.register_multi_grad_hook((a, b, c), seen.append)
    (a * b).backward()
    assert [[None if g is None else g.item() for g in gs] for gs in seen] == [[2.0, 1.0, None]]
    first = []
    with graph.register_multi_grad_hook((a, b), first.append, mode="any"):
        (a * b).backward()
    assert len(first) == 1
    handle.remove()
    (a * b * c).backward()
    assert len(seen) == 2


HOOKS = {
    "a tensor's": (lambda y, hook: y.register_hook(hook), "expected Variable"),
    "before a node": (lambda y, hook: y.grad_fn.register_prehook(
        lambda gs: hook(gs[0])), "expected tuple"),
    "after a node": (lambda y, hook: y.grad_fn.register_hook(
        lambda after, before: hook(after[0])), "expected tuple"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOOKS)
@pytest.mark.parametrize(("returned", "words"), [
    (lambda g: [g], None), (lambda g: 3, None),
    (lambda g: g.float(), "changed the type of value"), (lambda g: g[:1], "changed the size"),
])  # fmt: skip
def test_a_hook_of_any_kind_gives_what_was_there(kind, returned, words):
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    y = x.exp()
    register, wanted = HOOKS[kind]
    single = wanted == "expected Variable"
    register(y, returned if words is None or single else lambda g: (returned(g),))
    with pytest.raises((TypeError, RuntimeError), match=words or wanted):
        y.sum().backward()


def test_retained_gradients_add_up_into_new_tensors():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    y.retain_grad()
    (y * y).sum().backward(retain_graph=True)
    first, before = y.grad, y.grad.tolist()
    (y * y).sum().backward()
    assert first.tolist() == before
    assert y.grad.tolist() == [2 * g for g in before]


def test_edges_stand_for_tensors():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.sin().sum()
    z = y.exp()
    place = graph.get_gradient_edge(y)
    (to_y,) = torch.autograd.grad(z, (place,), retain_graph=True)
    (through,) = torch.autograd.grad(place, (x,), to_y, retain_graph=True)
    (whole,) = torch.autograd.grad(z, x)
    assert through.tolist() == whole.tolist()


def test_inference_tensors_are_never_saved():
    x = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        made = torch.ones(2) * 2
    assert made.is_inference()
    assert (x + made).requires_grad  # nothing of it is saved
    with pytest.raises(RuntimeError, match="cannot be saved for backward"):
        x * made
    with pytest.raises(RuntimeError, match="outside InferenceMode"):
        made.add_(1)


def test_a_callback_runs_when_the_sweep_is_done():
    order = []
    x = torch.tensor(1.0, requires_grad=True)
    y = x * 2

    def hook(g):
        torch.autograd.queue_callback(lambda: order.append("callback"))
        order.append("hook")

    y.register_hook(hook)
    x.register_hook(lambda g: order.append("leaf"))
    y.backward()
    assert order == ["hook", "leaf", "callback"]
    with pytest.raises(RuntimeError, match="during backward"):
        torch.autograd.queue_callback(order.clear)


@pytest.mark.parametrize(
    ("f", "point", "second"),
    [(torch.atan, 0.0, 0.0), (lambda x: x**3.0, 0.0, 0.0), (torch.relu, 2.0, 0.0),
     (torch.abs, 2.0, 0.0), (lambda x: x.prod(), 2.0, 0.0),
     (lambda x: x.square().square(), 1.0, 12.0),
     (lambda x: x.norm(1), 2.0, 0.0), (torch.nn.functional.leaky_relu, -1.0, 0.0)],
)  # fmt: skip
def test_second_derivatives_where_the_first_is_flat_or_has_branches(f, point, second):
    x = torch.tensor([point], dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    assert h.tolist() == [second]


def test_the_third_derivative_of_a_square_is_0():
    x = torch.tensor([2.0], requires_grad=True)
    (g,) = torch.autograd.grad(x.square().sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    (third,) = torch.autograd.grad(h.sum(), x)
    assert third.tolist() == [0.0]
