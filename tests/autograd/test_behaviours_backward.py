"""B01-B36 of the field study: what backward and grad do. Values are PyTorch 2.13's."""

COMPLAINT_FREED = "Trying to backward through the graph a second time"


def F(torch, x):
    """[x0² + 3x1, x1² + 2x0], whose Jacobian at (2, 3) is [[4, 3], [2, 6]]."""
    return torch.stack([x[0] ** 2 + 3 * x[1], x[1] ** 2 + 2 * x[0]])


def assigned(torch, x):
    """The same, by item assignment."""
    y = torch.zeros(2, dtype=torch.float64)
    y[0] = x[0] ** 2 + 3 * x[1]
    y[1] = x[1] ** 2 + 2 * x[0]
    return y


def test_B01_a_vector_backward_leaves_the_weighted_sum(torch, see):
    a, b = see.leaf(2, 3), see.leaf(6, 4)
    (3 * a**3 - b**2).backward(see.const(1, 1))
    see("a.grad", a.grad, [36, 81])
    see("b.grad", b.grad, [-12, -8])


def test_B02_outputs_by_item_assignment(torch, see):
    x = see.leaf(2, 3)
    y = assigned(torch, x)
    see("y", y, [13, 13])
    see("grad_fn", type(y.grad_fn).__name__, "CopySlices")
    see("version", y._version, 2)
    y.backward(see.const(1, 1))
    see("x.grad", x.grad, [6, 9])


def test_B03_a_vector_needs_a_gradient(torch, see):
    x = see.leaf(2, 3)
    see.raises("backward", "RuntimeError", "grad can be implicitly created only for scalar outputs",
               lambda: F(torch, x).backward())  # fmt: skip


def test_B04_one_element_of_any_shape_needs_none(torch, see):
    for shape in [(), (1,), (1, 1)]:
        x = see.leaf(2)
        (x * x).reshape(shape).backward()
        see(f"x.grad {shape}", x.grad, 4)


def test_B05_the_gradient_has_the_shape_of_the_output(torch, see):
    x = see.leaf(2, 3)
    for shape in [(3,), (), (1, 2)]:
        part = (f"Mismatch in shape: grad_output[0] has a shape of torch.Size({list(shape)}) and "
                "output[0] has a shape of torch.Size([2]).")  # fmt: skip
        v = torch.ones(shape)
        see.raises(f"{shape}", "RuntimeError", part, lambda v=v: F(torch, x).backward(v))
    see.raises("scalar", "RuntimeError", "Mismatch in shape: grad_output[0] has a shape of "
               "torch.Size([2]) and output[0] has a shape of torch.Size([])",
               lambda: x.sum().backward(torch.ones(2)))  # fmt: skip


def test_B06_the_gradient_is_cast_to_the_type_of_the_output(torch, see):
    for kind in ["float32", "int64", "bool"]:
        x = see.leaf(2, 3)
        F(torch, x).backward(torch.ones(2).to(getattr(torch, kind)))
        see(f"{kind}", x.grad, [6, 9])
        see(f"{kind} dtype", x.grad.dtype == torch.float64, True)


def test_B07_a_gradient_is_a_tensor(torch, see):
    x = see.leaf(2, 3)
    see.raises("list", "TypeError", "gradients can be either Tensors or None, but got float",
               lambda: F(torch, x).backward([1.0, 1.0]))  # fmt: skip
    see.raises("ndarray", "TypeError", "gradients can be either Tensors or None, but got float64",
               lambda: F(torch, x).backward(see.const(1, 1).numpy()))  # fmt: skip


def test_B08_no_complex_gradient_for_a_real_output(torch, see):
    x = see.leaf(2, 3)
    v = torch.ones(2, dtype=torch.complex128)
    see.raises("complex", "RuntimeError", "For complex Tensors, both grad_output and output are "
               "required to have the same dtype", lambda: F(torch, x).backward(v))  # fmt: skip


def test_B09_an_output_that_tracks_nothing(torch, see):
    part = "element 0 of tensors does not require grad and does not have a grad_fn"
    c = see.const(2, 3)
    see.raises("no gradient", "RuntimeError", part, lambda: c.sum().backward())
    see.raises("gradient", "RuntimeError", part, lambda: (c * c).backward(see.const(1, 1)))
    x = see.leaf(2, 3)
    see.raises("comparison", "RuntimeError", part, lambda: (x > 2).backward(see.const(1, 1)))


def test_B10_a_leaf_keeps_a_copy_of_the_gradient(torch, see):
    paths = {"leaf": lambda x: x, "+0": lambda x: x + 0, "clone": lambda x: x.clone()}
    for name, f in paths.items():
        x, v = see.leaf(2, 3), see.const(5, 7)
        f(x).backward(v)
        v[0] = 99
        see(name, x.grad, [5, 7])


def test_B11_a_nan_in_one_slot_does_not_leak(torch, see):
    x = see.leaf(3, 4)
    torch.stack([x[0] ** 2, x[1] ** 2]).backward(see.const(float("nan"), 1))
    see("x.grad", x.grad, [float("nan"), 8])


def test_B12_an_infinite_slope_times_zero_is_nan(torch, see):
    x = see.leaf(0, 4)
    x.sqrt().backward(see.const(0, 1))
    see("x.grad", x.grad, [float("nan"), 0.25])


def test_B13_several_roots_add_up(torch, see):
    x = see.leaf(2)
    torch.autograd.backward([x**2, x**3])
    see("two roots", x.grad, 16)
    x = see.leaf(2)
    y = x**2
    torch.autograd.backward([y, y])
    see("one root twice", x.grad, 8)
    see.raises("lengths", "RuntimeError", "got 2 tensors and 1 gradients",
               lambda: torch.autograd.backward([x**2, x**3], [see.const(1)]))  # fmt: skip


def test_B14_a_chain_of_200_000_operations(torch, see):
    x = see.leaf(2)
    y = x
    for _ in range(200_000):
        y = y + 1
    y.backward()
    see("x.grad", x.grad, 1)


def test_B15_broadcasting_is_summed_back(torch, see):
    a, b = see.leaf(1, 2), see.leaf(3, 4, 5)
    column = a.detach().reshape(2, 1).requires_grad_()
    (column * b).sum().backward()
    see("a.grad", column.grad, [[12], [12]])
    see("b.grad", b.grad, [3, 3, 3])


def test_B16_repeated_indices_and_products_with_zeros(torch, see):
    a = see.leaf(1, 2, 3)
    a[[0, 0, 2]].sum().backward()
    see("repeated", a.grad, [2, 0, 1])
    for factors, slopes in [((1, 0, 3), [0, 3, 0]), ((0, 0, 3), [0, 0, 0])]:
        a = see.leaf(*factors)
        a.prod().backward()
        see(f"prod {factors}", a.grad, slopes)


def test_B17_a_second_backward(torch, see):
    x = see.leaf(2, 3)
    y = (x**2).sum()
    y.backward()
    see.raises("again", "RuntimeError", COMPLAINT_FREED, y.backward)


def test_B18_only_nodes_that_saved_something_complain(torch, see):
    x = see.leaf(2, 3)
    y = (x + 3).sum()
    y.backward()
    y.backward()
    see("x.grad", x.grad, [2, 2])
    z = (3 * x).sum()
    z.backward()
    see.raises("3*x", "RuntimeError", COMPLAINT_FREED, z.backward)


def test_B19_retain_graph(torch, see):
    x = see.leaf(2, 3)
    y = (x**2).sum()
    y.backward(retain_graph=True)
    y.backward()
    see("x.grad", x.grad, [8, 12])


def test_B20_a_shared_part_is_freed_with_the_first_pass(torch, see):
    x = see.leaf(2)
    s = x**2
    (3 * s).backward()
    see.raises("s = x**2", "RuntimeError", COMPLAINT_FREED, lambda: s.sin().backward())
    x = see.leaf(2)
    s = x + 1
    (3 * s).backward()
    s.sin().backward()
    see("s = x + 1", x.grad, 3 - 0.9899924966004454)


def test_B21_a_pass_to_one_input_frees_what_it_ran(torch, see):
    a, b = see.leaf(2), see.leaf(3)
    y = a**2 * b**2
    y.backward(inputs=[a])
    see("a.grad", a.grad, 36)
    see.raises("inputs=[b]", "RuntimeError", COMPLAINT_FREED, lambda: y.backward(inputs=[b]))


def test_B22_create_graph_retains_unless_told_otherwise(torch, see):
    x = see.leaf(2)
    y = x**3
    torch.autograd.grad(y, x, create_graph=True)
    torch.autograd.grad(y, x, create_graph=True, retain_graph=False)
    see.raises("third", "RuntimeError", COMPLAINT_FREED, lambda: torch.autograd.grad(y, x))


def test_B23_saved_values_are_gone_after_a_pass(torch, see):
    x = see.leaf(2)
    y = x**2
    see("before", y.grad_fn._saved_self, 2)
    y.backward()
    see.raises("after", "RuntimeError", COMPLAINT_FREED, lambda: y.grad_fn._saved_self)


def test_B24_grad_starts_as_none_and_accumulates(torch, see):
    x = see.leaf(2)
    see("before", x.grad, None)
    (2 * x).backward()
    (5 * x).backward()
    see("after", x.grad, 7)


def test_B25_accumulation_is_in_place_unless_tracked(torch, see):
    x = see.leaf(2, 3)
    x.sum().backward()
    first = x.grad
    x.sum().backward()
    see("same object", x.grad is first, True)
    see("updated", first, [2, 2])
    x = see.leaf(2, 3)

    def tracked_pass():
        (x**2).sum().backward(create_graph=True)

    see.warns("first pass", "reference cycle", tracked_pass)
    first = x.grad
    see.warns("second pass", "reference cycle", tracked_pass)
    see("new object", x.grad is first, False)
    see("old one", first, [4, 6])
    see("new one", x.grad, [8, 12])


def test_B26_backward_with_create_graph_warns(torch, see):
    x = see.leaf(2)
    see.warns("backward", "create_graph=True will create a reference cycle",
              lambda: (x**2).backward(create_graph=True))  # fmt: skip
    see("tracked", x.grad.requires_grad, True)
    see.silent("grad", lambda: torch.autograd.grad(x**2, x, create_graph=True))


def test_B27_not_in_the_graph_and_times_zero(torch, see):
    x, other = see.leaf(2), see.leaf(3)
    (x * 0).backward()
    see("other", other.grad, None)
    see("times 0", x.grad, 0)


def test_B28_what_may_be_assigned_to_grad(torch, see):
    x = see.leaf(2, 3)

    def assign(value):
        x.grad = value

    see.raises("size", "RuntimeError", "attempting to assign a gradient of size '[3]' to a tensor "
               "of size '[2]'", lambda: assign(see.const(1, 2, 3)))  # fmt: skip
    see.raises("list", "TypeError", "assigned grad expected to be a Tensor or None but got grad of "
               "type", lambda: assign([1.0, 1.0]))  # fmt: skip
    see.raises("dtype", "RuntimeError", "attempting to assign a gradient with dtype",
               lambda: assign(torch.ones(2, dtype=torch.float32)))  # fmt: skip


def test_B29_zeroing_the_gradient(torch, see):
    x = see.leaf(2)
    (2 * x).backward()
    x.grad.zero_()
    (5 * x).backward()
    see("zero_", x.grad, 5)
    x.grad = None
    (3 * x).backward()
    see("None", x.grad, 3)


def test_B30_backward_to_some_inputs_only(torch, see):
    a, b = see.leaf(2), see.leaf(3)
    (a * b).backward(inputs=[a])
    see("a.grad", a.grad, 3)
    see("b.grad", b.grad, None)
    see.raises("empty", "RuntimeError", "`inputs` argument to `backward()` cannot be empty.",
               lambda: (a * b).backward(inputs=[]))  # fmt: skip


def test_B31_a_non_leaf_as_input(torch, see):
    a = see.leaf(2)
    m = 3 * a
    (m * m).backward(inputs=[m])
    m.retain_grad()  # silences the warning about reading .grad of a non-leaf
    see("m.grad", m.grad, 12)
    see("a.grad", a.grad, None)


def test_B32_grad_returns_and_leaves_grad_alone(torch, see):
    x, y = see.leaf(3), see.leaf(4)
    see("y, x, y", torch.autograd.grad(x * y, (y, x, y)), [3, 4, 3])
    see("of itself", torch.autograd.grad(x, x)[0], 1)
    see("x.grad", x.grad, None)


def test_B33_an_unused_input(torch, see):
    x, unused = see.leaf(3), see.leaf(4)
    grad = torch.autograd.grad
    see.raises("refused", "RuntimeError",
               "appears to not have been used in the graph. Set allow_unused=True",
               lambda: grad(x * 2, [x, unused]))  # fmt: skip
    see("allowed", grad(x * 2, [x, unused], allow_unused=True), [2, None])
    see("zeros", grad(x * 2, [x, unused], materialize_grads=True), [2, 0])
    see.raises("contradiction", "ValueError", "Expected allow_unused to be True or not passed",
               lambda: grad(x * 2, [x, unused], allow_unused=False,
                            materialize_grads=True))  # fmt: skip


def test_B34_grad_to_an_untracked_input(torch, see):
    x, c = see.leaf(3), see.const(4)
    see.raises("untracked", "RuntimeError",
               "One of the differentiated Tensors does not require grad",
               lambda: torch.autograd.grad(x * c, c))  # fmt: skip


def test_B35_a_batch_of_gradients_is_the_jacobian(torch, see):
    eye = torch.eye(2, dtype=torch.float64)
    for f in (F, assigned):
        x = see.leaf(2, 3)
        (J,) = torch.autograd.grad(f(torch, x), x, eye, is_grads_batched=True)
        see(f.__name__, J, [[4, 3], [2, 6]])


def test_B36_a_tracked_gradient_vector(torch, see):
    x, v = see.leaf(2, 3), see.leaf(1, 1)
    (g,) = torch.autograd.grad(x**2, x, v, create_graph=True)
    g.sum().backward()
    see("v.grad", v.grad, [4, 6])
    x, v = see.leaf(2, 3), see.leaf(1, 1)
    (g,) = torch.autograd.grad(x**2, x, v)
    see("untracked", g.requires_grad, False)
    see("v.grad without", v.grad, None)
