"""B37-B60: leaves, writing in place, views, versions and grad modes. Values are PyTorch 2.13's."""

STALE = "one of the variables needed for gradient computation has been modified by an inplace"
UNTRACKED = "element 0 of tensors does not require grad and does not have a grad_fn"


def zeros(torch, n):
    return torch.zeros(n, dtype=torch.float64)


def test_B37_what_is_a_leaf(torch, see):
    x, const = see.leaf(2, 3), see.const(2, 3)
    see("is_leaf", [t.is_leaf for t in (x, const, x * 2, (x * 2).detach(), const * 2)],
        [True, True, False, True, True])  # fmt: skip


def test_B38_grad_of_a_non_leaf(torch, see):
    x = see.leaf(2, 3)
    y = x * 2
    see("grad", see.warns("reading", "that is not a leaf Tensor is being accessed", lambda: y.grad),
        None)  # fmt: skip
    y.retain_grad()
    (y * y).sum().backward()
    see("retained", y.grad, [8, 12])
    see.raises("untracked", "RuntimeError",
               "can't retain_grad on Tensor that has requires_grad=False",
               lambda: see.const(1, 2).retain_grad())  # fmt: skip
    x.retain_grad()
    see("leaf", x.retains_grad, False)


def test_B39_requires_grad_of_a_non_leaf(torch, see):
    y = see.leaf(2, 3) * 2

    def untrack():
        y.requires_grad = False

    see.raises("set", "RuntimeError", "you can only change requires_grad flags of leaf variables",
               untrack)  # fmt: skip


def test_B40_integers_cannot_require_grad(torch, see):
    part = "nly Tensors of floating point and complex dtype can require gradients"
    see.raises("tensor", "RuntimeError", part, lambda: torch.tensor([1, 2], requires_grad=True))
    see.raises("requires_grad_", "RuntimeError", "loating point",
               lambda: torch.tensor([1, 2]).requires_grad_())  # fmt: skip


def test_B41_made_before_requires_grad(torch, see):
    x = see.const(2, 3)
    y = x * 2
    x.requires_grad_()
    see.raises("backward", "RuntimeError", UNTRACKED, lambda: y.backward(see.const(1, 1)))


def test_B42_no_writing_to_a_leaf(torch, see):
    x = see.leaf(2, 3)

    def add():
        y = x
        y += 1

    def assign():
        x[0] = 1

    see.raises("+=", "RuntimeError",
               "a leaf Variable that requires grad is being used in an in-place operation.",
               add)  # fmt: skip
    part = "a view of a leaf Variable that requires grad"
    see.raises("[0] =", "RuntimeError", part, assign)
    see.raises("view", "RuntimeError", part, lambda: x[0:1].add_(1))


def test_B43_writing_to_a_leaf_under_no_grad(torch, see):
    x = see.leaf(2, 3)
    with torch.no_grad():
        x += 1
    see("x", x, [3, 4])
    see("version", x._version, 1)
    see("leaf", [x.is_leaf, x.requires_grad], [True, True])


def test_B44_numpy_of_a_tracked_tensor(torch, see):
    x = see.leaf(2, 3)
    see.raises("numpy", "RuntimeError", "Can't call numpy() on Tensor that requires grad.", x.numpy)


def test_B45_item_assignment_makes_a_tracked_tensor(torch, see):
    x = see.leaf(2, 3)
    y = zeros(torch, 2)
    see("before", [y.requires_grad, y._version, y.is_leaf], [False, 0, True])
    y[0] = x[0]
    y[1] = 5.0
    see("after", [y.requires_grad, y._version, y.is_leaf], [True, 2, False])
    see("grad_fn", type(y.grad_fn).__name__, "CopySlices")
    y.backward(see.const(1, 1))
    see("x.grad", x.grad, [1, 0])


def test_B46_overwritten_slots_get_nothing(torch, see):
    x = see.leaf(2, 3)
    y = 2 * x
    y[0] = 10
    y.sum().backward()
    see("2x", x.grad, [0, 2])
    x = see.leaf(2, 3)
    y = x**2
    y[1] = 0
    y.sum().backward()
    see("x**2", x.grad, [4, 0])


def test_B47_the_last_write_wins(torch, see):
    x = see.leaf(2, 3)
    y = zeros(torch, 2)
    y[0] = x[0] ** 2
    y[0] = x[1] ** 3
    y[1] = x[0]
    y.backward(see.const(1, 1))
    see("x.grad", x.grad, [1, 27])


def test_B48_one_value_into_many_slots(torch, see):
    x = see.leaf(2, 3)
    y = zeros(torch, 4)
    y[:] = 2 * x[0]
    y.backward(see.const(1, 2, 3, 4))
    see("x.grad", x.grad, [20, 0])


def test_B49_negative_strided_list_and_mask_indices(torch, see):
    x = see.leaf(3, 4)
    y = zeros(torch, 5)
    y[-1] = 2 * x[0]
    y[::3] = x**2
    y.backward(torch.ones(5, dtype=torch.float64))
    see("x.grad", x.grad, [8, 8])
    for name, key in {"list": [0, 2], "mask": torch.tensor([True, False, True])}.items():
        x = see.leaf(3, 4)
        y = zeros(torch, 3)
        y[key] = x**2
        see(f"{name} node", y.grad_fn, "IndexPutBackward0")
        y.backward(see.const(1, 2, 3))
        see(name, x.grad, [6, 24])


def test_B50_a_value_that_does_not_fit(torch, see):
    x = see.leaf(2, 3)

    def assign():
        zeros(torch, 4)[0:3] = x

    see.raises("assign", "RuntimeError", "The expanded size of the tensor (3) must match the "
               "existing size (2) at non-singleton dimension 0.", assign)  # fmt: skip


def test_B51_a_saved_value_that_was_overwritten(torch, see):
    x = see.leaf(2, 3)
    y = zeros(torch, 2)
    y[0] = 2 * x[0]
    y[1] = y[0] * x[1]
    see.raises("backward", "RuntimeError", STALE,
               lambda: y.backward(see.const(1, 1), retain_graph=True))  # fmt: skip
    see.raises("versions", "RuntimeError", "is at version 2; expected version 1 instead",
               lambda: y.backward(see.const(1, 1)))  # fmt: skip


def test_B52_where_overwriting_is_fine(torch, see):
    x = see.leaf(2, 3)
    y = zeros(torch, 2)
    y[0] = 2 * x[0]
    y[1] = y[0] + 1
    y.backward(see.const(1, 1))
    see("addition saves nothing", x.grad, [4, 0])
    x = see.leaf(2, 3)
    y = zeros(torch, 2)
    y[0] = 2 * x[0]
    y[0] = y[0].clone() ** 2
    y.backward(see.const(1, 1))
    see("a clone is safe", x.grad, [16, 0])


def test_B53_operands_and_results_that_were_overwritten(torch, see):
    x = see.leaf(2, 3)
    y = 2 * x
    z = y**2
    y[0] = 5
    see.raises("operand", "RuntimeError", STALE, lambda: z.sum().backward())
    y = x.exp()
    y += 1
    see.raises("result", "RuntimeError", STALE, lambda: y.sum().backward())
    z = x**2
    with torch.no_grad():
        x[0] = 7
    see.raises("leaf", "RuntimeError", STALE, lambda: z.sum().backward())
    x = see.leaf(2, 3)
    y = 2 * x
    z = y + 1
    y[0] = 5
    z.sum().backward()
    see("addition", x.grad, [2, 2])


def test_B54_writing_to_data_goes_unnoticed(torch, see):
    x = see.leaf(2, 3)
    y = (x**2).sum()
    x.data[0] = 7
    y.backward()
    see("x.grad", x.grad, [14, 6])


def test_B55_adding_into_a_slot(torch, see):
    x = see.leaf(3, 2)
    y = zeros(torch, 2)
    y[0] += x[0] ** 2
    y[0] += x[1]
    y.sum().backward()
    see("x.grad", x.grad, [6, 1])


def test_B56_views_write_through(torch, see):
    x = see.leaf(2, 3)
    y = x * 1
    v = y[0:1]
    v *= 10
    see("y", y, [20, 3])
    y.sum().backward()
    see("x.grad", x.grad, [10, 1])


def test_B57_detached_aliases_share_the_version(torch, see):
    x = see.leaf(2, 3)
    y = 2 * x
    z = (y * y).sum()
    d = y.detach()
    d[0] = 100
    see("y", y, [100, 6])
    see("versions", [y._version, d._version], [1, 1])
    see.raises("saved", "RuntimeError", STALE, z.backward)


def test_B58_writing_under_no_grad_changes_values_only(torch, see):
    x = see.leaf(2, 3)
    y = 2 * x
    with torch.no_grad():
        y[0] = 9
    see("y", y, [9, 6])
    y.sum().backward()
    see("x.grad", x.grad, [2, 2])


def test_B59_detach_cuts_the_graph(torch, see):
    x = see.leaf(2, 3)
    d = (x**2).detach()
    see("leaf", [d.requires_grad, d.is_leaf], [False, True])
    (d * x).sum().backward()
    see("x.grad", x.grad, [4, 9])


def test_B60_grad_modes(torch, see):
    x = see.leaf(2)
    with torch.no_grad():
        y = x * 2
        see("result", [y.requires_grad, y.is_leaf], [False, True])
        see("created", torch.ones(2, requires_grad=True).requires_grad, True)
        with torch.enable_grad():
            see("enabled", (x * 2).requires_grad, True)
        see("nested", torch.is_grad_enabled(), False)

    @torch.no_grad()
    def double(t):
        return t * 2

    see("decorated", double(x).requires_grad, False)
    try:
        with torch.no_grad():
            raise KeyError
    except KeyError:
        see("restored", torch.is_grad_enabled(), True)
    y = x**2
    with torch.no_grad():
        y.backward()
    see("backward inside", x.grad, 4)
    with torch.set_grad_enabled(False):
        see("set_grad_enabled", (x * 2).requires_grad, False)
    see("after", torch.is_grad_enabled(), True)


def test_what_is_written_into_beside_values_that_no_slope_needs(torch):
    a, b = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0])
    y = torch.ones(2)
    y.addcmul_(a, b)  # the slope by a needs b alone
    y.sum().backward()
    assert a.grad.tolist() == [3, 4]
    z = (a * 1).lerp_(b, torch.tensor([0.5, 0.25]))
    assert torch.grad(z.sum(), a)[0].tolist() == [0.5, 0.75]


def test_a_number_is_assigned_its_own_memory_seen_with_an_axis_more(torch):
    w = torch.tensor(2.0)
    w[...] = w.view(-1)
    one = torch.tensor([3.0])
    one[0] = one
    assert (w.item(), one.tolist()) == (2, [3])
