"""B61-B83: hooks, functions, higher orders, functional, gradcheck. Values are PyTorch 2.13's."""

import warnings

UNTRACKED = "element 0 of tensors does not require grad and does not have a grad_fn"


def F(torch, x):
    """[x0² + 3x1, x1² + 2x0], whose Jacobian at (2, 3) is [[4, 3], [2, 6]]."""
    return torch.stack([x[0] ** 2 + 3 * x[1], x[1] ** 2 + 2 * x[0]])


def test_B61_a_hook_sees_the_total_once(torch, see):
    x = see.leaf(3)
    y = 2 * x
    calls = []
    y.register_hook(lambda v: calls.append(v.item()))
    (y * y + y).backward()
    see("calls", calls, [13])
    see("x.grad", x.grad, 26)


def test_B62_a_hook_may_replace_the_gradient(torch, see):
    x = see.leaf(3)
    y = 2 * x
    handle = y.register_hook(lambda v: v * 10)
    y.register_hook(lambda v: None)
    (y * 1).backward(retain_graph=True)
    see("replaced", x.grad, 20)
    handle.remove()
    x.grad = None
    (y * 1).backward()
    see("removed", x.grad, 2)


def test_B63_the_order_of_hooks_on_a_leaf(torch, see):
    x = see.leaf(3)
    calls = []
    x.register_hook(lambda v: calls.append(["first", x.grad is None]))
    x.register_hook(lambda v: calls.append(["second", x.grad is None]))
    x.register_post_accumulate_grad_hook(lambda t: calls.append(["after", t.grad.item()]))
    (2 * x).backward()
    see("calls", calls, [["first", True], ["second", True], ["after", 2]])


def test_B64_what_a_hook_may_return(torch, see):
    x = see.leaf(2, 3)
    y = 2 * x
    handle = y.register_hook(lambda v: 3)
    see.raises("number", "TypeError", "expected Variable, but hook returned 'int'",
               lambda: y.sum().backward())  # fmt: skip
    handle.remove()
    y = 2 * x
    y.register_hook(lambda v: v[:1])
    see.raises("size", "RuntimeError", "has changed the size of value", lambda: y.sum().backward())


def test_B65_where_hooks_can_be_registered(torch, see):
    see.raises("untracked", "RuntimeError",
               "cannot register a hook on a tensor that doesn't require gradient",
               lambda: see.const(2).register_hook(print))  # fmt: skip
    see.raises("non-leaf", "RuntimeError",
               "post accumulate grad hooks cannot be registered on non-leaf tensors",
               lambda: (see.leaf(2) * 2).register_post_accumulate_grad_hook(print))  # fmt: skip


def test_B66_a_retained_gradient_is_what_hooks_made_of_it(torch, see):
    for first in ("retain", "hook"):
        x = see.leaf(2)
        y = x * 1
        if first == "retain":
            y.retain_grad()
        y.register_hook(lambda v: v * 100)
        if first == "hook":
            y.retain_grad()
        y.backward()
        see(first, y.grad, 100)


def test_B67_hooks_stay_with_the_old_value(torch, see):
    x = see.leaf(2)
    y = x * 1
    seen = []
    y.register_hook(lambda v: seen.append(["old", v.item()]))
    y.mul_(5)
    y.register_hook(lambda v: seen.append(["new", v.item()]))
    y.backward()
    see("hooks", sorted(seen), [["new", 1], ["old", 5]])
    x = see.leaf(2)
    y = x * 1
    y.retain_grad()
    y.mul_(5)
    y.backward()
    see("retained", y.grad, 1)


def test_B68_hooks_run_for_grad_too(torch, see):
    x = see.leaf(2)
    calls = []
    x.register_hook(lambda v: v * 10)
    x.register_post_accumulate_grad_hook(lambda t: calls.append(1))
    see("grad", torch.autograd.grad(3 * x, x)[0], 30)
    see("post-accumulate", len(calls), 0)


def test_B69_an_exception_in_a_hook(torch, see):
    x = see.leaf(2)

    def fail(v):
        raise KeyError("from the hook")

    x.register_hook(fail)
    see.raises("backward", "KeyError", "from the hook", lambda: (2 * x).backward())


def test_B70_walking_the_graph(torch, see):
    x = see.leaf(2, 3)
    y = (x * 2 + 1) ** 2
    see("pow", y.grad_fn, "PowBackward0")
    (add, k) = y.grad_fn.next_functions[0]
    see("add", [add.name(), k], ["AddBackward0", 0])
    multiply = add.next_functions[0][0]
    see("mul", multiply, "MulBackward0")
    see("inputs of mul", [f and f.name() for f, _ in multiply.next_functions],
        ["torch::autograd::AccumulateGrad", None])  # fmt: skip
    see("variable", multiply.next_functions[0][0].variable is x, True)
    see("others", [t.grad_fn for t in (x.sum(), x[0], torch.stack([x, x]))],
        ["SumBackward0", "SelectBackward0", "StackBackward0"])  # fmt: skip


def _function(torch, backward, forward=lambda ctx, a, b: a * b):
    body = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Mine", (torch.autograd.Function,), body)


def test_B71_what_backward_of_a_function_may_return(torch, see):
    a, b, v = see.leaf(2, 3), see.leaf(4, 5), see.const(1, 1)
    few = _function(torch, lambda ctx, g: g)
    see.raises("too few", "RuntimeError",
               "returned an incorrect number of gradients (expected 2, got 1)",
               lambda: few.apply(a, b).backward(v))  # fmt: skip
    extra = _function(torch, lambda ctx, g: (g, g, None))
    extra.apply(a, b).backward(v)
    see("extra None", a.grad, [1, 1])
    wrong = _function(torch, lambda ctx, g: (see.const(1, 2, 3), g))
    see.raises("shape", "RuntimeError", "returned an invalid gradient at index 0 - got [3] but "
               "expected shape compatible with [2]",
               lambda: wrong.apply(a, b).backward(v))  # fmt: skip
    wide = _function(torch, lambda ctx, g: (torch.ones(3, 2, dtype=torch.float64), g))
    a.grad = None
    wide.apply(a, b).backward(v)
    see("expanded", a.grad, [3, 3])


def test_B72_no_gradient_no_backward_no_tensor(torch, see):
    a, b = see.leaf(2), see.leaf(3)
    _function(torch, lambda ctx, g: (None, g)).apply(a, b).backward()
    see("None", a.grad, None)
    forward_only = type("Mine", (torch.autograd.Function,),
                        {"forward": staticmethod(lambda ctx, x: x * 2)})  # fmt: skip
    see.raises("no backward", "NotImplementedError",
               "You must implement either the backward or vjp",
               lambda: forward_only.apply(a).backward())  # fmt: skip

    def save_a_number(ctx, x, y):
        ctx.save_for_backward(3)
        return x * y

    saving = _function(torch, lambda ctx, g: (g, g), save_a_number)
    see.raises("save", "TypeError", "save_for_backward can only save variables",
               lambda: saving.apply(a, b))  # fmt: skip


def test_B73_what_forward_may_say(torch, see):
    seen = []

    def two(ctx, x, y):
        big = x > y
        second = x * 0
        ctx.mark_non_differentiable(second)
        ctx.save_for_backward(x, y)
        return x * y, second, big

    def back(ctx, g, unused, flags):
        seen.append([unused.tolist(), list(ctx.needs_input_grad)])
        x, y = ctx.saved_tensors
        return g * y, g * x

    a, b = see.leaf(2, 3), see.const(4, 5)
    product, flat, _ = _function(torch, back, two).apply(a, b)
    see("untracked", [product.requires_grad, flat.requires_grad], [True, False])
    product.sum().backward()
    see("a.grad", a.grad, [4, 5])
    see("backward saw", seen, [[[0, 0], [True, False]]])

    def write(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    y = see.leaf(2, 3) * 1
    z = _function(torch, lambda ctx, g: g * 2, write).apply(y)
    see("same object", z is y, True)
    see("value", y, [4, 6])


def test_B74_differentiating_a_function_twice(torch, see):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2

    x = see.leaf(2)
    cube = _function(torch, backward, forward)
    (g,) = torch.autograd.grad(cube.apply(x), x, create_graph=True)
    see("second", torch.autograd.grad(g, x)[0], 12)
    once = torch.autograd.function.once_differentiable(backward)
    cube = _function(torch, once, forward)
    (g,) = torch.autograd.grad(cube.apply(x), x, create_graph=True)
    see("first", g, 12)
    see.raises("once", "RuntimeError", UNTRACKED,
               lambda: torch.autograd.grad(g, x))  # fmt: skip


def test_B75_five_derivatives(torch, see):
    x = see.leaf(2)
    y = x**4
    found = []
    for _ in range(5):
        (y,) = torch.autograd.grad(y, x, create_graph=True)
        found.append(y.item())
    see("derivatives", found, [32, 48, 48, 24, 0])


def test_B76_second_order_through_item_assignment(torch, see):
    x = see.leaf(2, 3)
    y = torch.zeros(2, dtype=torch.float64)
    y[0] = x[0] ** 3 * x[1]
    y[1] = x[1] ** 2
    (g,) = torch.autograd.grad(y, x, see.const(1, 1), create_graph=True)
    see("g", g, [36, 14])
    rows = [torch.autograd.grad(g[k], x, retain_graph=True)[0] for k in range(2)]
    see("H", [row.tolist() for row in rows], [[36, 12], [12, 2]])


def test_B77_a_jvp_is_the_vjp_of_a_vjp(torch, see):
    x, w = see.leaf(2, 3), see.leaf(0, 0)
    (g,) = torch.autograd.grad(F(torch, x), x, w, create_graph=True)
    see("J u", torch.autograd.grad(g, w, see.const(1, 0))[0], [4, 2])


def test_B78_functional_products(torch, see):
    functional = torch.autograd.functional
    x = see.const(2, 3)
    ones = see.const(1, 1)
    see("vjp", functional.vjp(lambda t: F(torch, t), x, ones)[1], [6, 9])
    see("jvp", functional.jvp(lambda t: F(torch, t), x, ones)[1], [7, 8])
    see.raises("hessian", "RuntimeError", "should contain a single element",
               lambda: functional.hessian(lambda t: F(torch, t), x))  # fmt: skip
    see.raises("size", "RuntimeError",
               "v has invalid size: should be torch.Size([2]) but got torch.Size([3]).",
               lambda: functional.vjp(lambda t: F(torch, t), x, see.const(1, 1, 1)))  # fmt: skip
    see("hvp", functional.hvp(lambda t: (t**3).sum(), x, ones)[1], [12, 18])
    see("vhp", functional.vhp(lambda t: (t**3).sum(), x, ones)[1], [12, 18])
    see("hessian of a number", functional.hessian(lambda t: t[0] ** 2 * t[1], x), [[6, 4], [4, 0]])


def test_B79_functional_jacobian(torch, see):
    jacobian = torch.autograd.functional.jacobian
    a, b = see.const(2), see.const(3)
    J = jacobian(lambda s, t: (s * t, s + t), (a, b))
    see("two by two", J, [[3, 2], [1, 1]])
    c = see.const(5)
    see("unrelated", jacobian(lambda s: c * 2, a), 0)
    see.raises("strict", "RuntimeError", "does not require gradients",
               lambda: jacobian(lambda s: c * 2, a, strict=True))  # fmt: skip


def test_B80_function_transforms(torch, see):
    x = see.const(2, 3)
    see.raises("grad", "RuntimeError",
               "Maybe you wanted to use the vjp or jacrev APIs instead?",
               lambda: torch.func.grad(lambda t: F(torch, t))(x))  # fmt: skip
    _, pullback = torch.func.vjp(lambda t: F(torch, t), x)
    see("first", pullback(see.const(1, 0))[0], [4, 3])
    see("second", pullback(see.const(0, 1))[0], [2, 6])


def test_B81_gradcheck(torch, see):
    gradcheck = torch.autograd.gradcheck
    see("right", gradcheck(lambda t: F(torch, t), (see.leaf(2, 3),)), True)
    wrong = _function(torch, lambda ctx, g: g * 3, lambda ctx, x: x * 2)
    see.raises("wrong", "GradcheckError", "Jacobian mismatch for output 0 with respect to input 0",
               lambda: gradcheck(wrong.apply, (see.leaf(2, 3),)))  # fmt: skip
    see("abs at 0", gradcheck(lambda t: t.abs(), (see.leaf(0),)), True)
    see.raises("relu at 0", "GradcheckError", "Jacobian mismatch for output 0",
               lambda: gradcheck(torch.relu, (see.leaf(0),)))  # fmt: skip
    see("second order", torch.autograd.gradgradcheck(lambda t: t**3, (see.leaf(2, 3),)), True)


def test_B82_anomaly_mode_names_the_function(torch, see):
    x = see.leaf(0)

    def run():
        with warnings.catch_warnings():  # it slows things down; where the operation was written
            warnings.simplefilter("ignore")
            with torch.autograd.detect_anomaly():
                (0 * torch.sqrt(x)).backward()

    see.raises("backward", "RuntimeError",
               "Function 'SqrtBackward0' returned nan values in its 0th output.", run)  # fmt: skip


def test_B83_complex_numbers(torch, see):
    z = torch.tensor(1 + 2j, dtype=torch.complex128, requires_grad=True)
    see.raises("no gradient", "RuntimeError",
               "only for real scalar outputs but got torch.complex128",
               lambda: (z**2).backward())  # fmt: skip
    (z**2).backward(torch.tensor(1, dtype=torch.complex128))
    see("conjugate", z.grad.item(), 2 - 4j)
