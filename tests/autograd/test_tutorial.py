"""A tutorial on backward, line by line: three experiments and what they print.

Known versions of it end with the matrix [[4, 2], [3, 6]] for the last one. The loop it prints puts
vᵀJ into row i for the unit vectors v, which makes the rows of the Jacobian: [[4, 3], [2, 6]]. The
printed matrix is its transpose.
"""

import gradcalc.autograd as torch


def test_a_number_needs_no_gradient():
    a = torch.tensor([2, 3], dtype=torch.float, requires_grad=True)
    b = a + 3
    c = b * b * 3
    out = c.mean()
    out.backward()
    assert repr(a.data) == "tensor([2., 3.])"
    assert repr(out.data) == "tensor(91.5000)"
    assert repr(a.grad) == "tensor([15., 18.])"  # 3(a + 3): the mean of two squares, times 3


def test_the_gradient_weighs_the_outputs():
    m = torch.tensor([[2, 3]], dtype=torch.float, requires_grad=True)
    n = torch.zeros(1, 2)
    assert repr(m) == "tensor([[2., 3.]], requires_grad=True)"
    assert repr(n) == "tensor([[0., 0.]])"
    n[0, 0] = m[0, 0] ** 2
    n[0, 1] = m[0, 1] ** 3
    assert repr(n) == "tensor([[ 4., 27.]], grad_fn=<CopySlices>)"
    assert m.grad_fn is None
    assert repr(n.grad_fn).startswith("<CopySlices object at 0x")
    assert n.requires_grad
    n.backward(m.data)  # weights 2 and 3, not 1 and 1
    assert repr(m.grad) == "tensor([[ 8., 81.]])"


def test_weights_of_one_give_the_derivatives_of_outputs_that_share_nothing():
    m = torch.tensor([[2, 3]], dtype=torch.float, requires_grad=True)
    n = torch.zeros(1, 2)
    n[0, 0] = m[0, 0] ** 2
    n[0, 1] = m[0, 1] ** 3
    k = torch.tensor([[1, 1]])
    assert repr(k) == "tensor([[1, 1]])"
    n.backward(torch.tensor([[1, 1]], dtype=torch.float))
    assert repr(m.grad) == "tensor([[ 4., 27.]])"


def coupled(m):
    """[[m0² + 3m1, m1² + 2m0]], with the old name for tensors."""
    k = torch.autograd.Variable(torch.zeros(1, 2))
    k[0, 0] = m[0, 0] ** 2 + 3 * m[0, 1]
    k[0, 1] = m[0, 1] ** 2 + 2 * m[0, 0]
    return k


def test_where_outputs_share_inputs_ones_give_the_sum_of_the_rows():
    m = torch.autograd.Variable(torch.tensor([[2, 3]], dtype=torch.float), requires_grad=True)
    k = coupled(m)
    assert repr(k) == "tensor([[13., 13.]], grad_fn=<CopySlices>)"
    k.backward(torch.tensor([[1, 1]], dtype=torch.float))
    assert repr(m.grad) == "tensor([[6., 9.]])"


def test_one_pass_per_output_gives_the_jacobian():
    m = torch.tensor([[2, 3]], dtype=torch.float, requires_grad=True)
    j = torch.zeros(2, 2)
    k = coupled(m)
    k.backward(torch.tensor([[1, 0]], dtype=torch.float), retain_graph=True)
    j[0] = m.grad
    m.grad = torch.zeros_like(m.grad)
    k.backward(torch.tensor([[0, 1]], dtype=torch.float))
    j[1] = m.grad
    assert repr(j) == "tensor([[4., 3.],\n        [2., 6.]])"
    assert repr(j.T) == "tensor([[4., 2.],\n        [3., 6.]])"  # what is printed elsewhere


def test_the_jacobian_of_item_assigned_outputs_in_five_lines():
    """pytorch#69070: f1, f2, f3 assigned into a tensor, and the whole matrix is wanted."""

    def f(x):
        y = torch.zeros(3)
        y[0], y[1], y[2] = x[0] ** 2 + x[1], x[0] * x[1], x[1] ** 3
        return y

    J = torch.autograd.functional.jacobian(f, torch.tensor([2.0, 3.0]))
    assert J.tolist() == [[4, 1], [3, 2], [0, 27]]
