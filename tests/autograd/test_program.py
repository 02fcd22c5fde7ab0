"""A program is a function of the eager engine: both engines are one."""

from __future__ import annotations

import numpy as np
import pytest

import gradcalc
import gradcalc.autograd as torch

TEXT = "x1**2*x2 + sin(x1), exp(x2)/x1"
POINT = [1.5, 0.5]


@pytest.fixture
def program() -> gradcalc.Program:
    return gradcalc.compile(TEXT)


def point(rows: int = 0) -> torch.Tensor:
    numbers = np.tile(POINT, (rows, 1)) if rows else np.array(POINT)
    return torch.tensor(numbers, requires_grad=True)


def test_a_program_of_a_tensor_is_a_tensor_with_a_history(program: gradcalc.Program) -> None:
    x = point()
    y = program(x)
    assert y.requires_grad
    assert y.grad_fn.name() == "CompiledBackward"
    assert y.grad_fn.next_functions[0][0].name() == "torch::autograd::AccumulateGrad"
    np.testing.assert_array_equal(y.detach().numpy(), program(POINT))


def test_backward_runs_the_compiled_sweep(program: gradcalc.Program) -> None:
    x = point()
    program(x).backward(torch.tensor([1.0, 2.0], dtype=torch.float64))
    np.testing.assert_array_equal(x.grad.numpy(), program.vjp(POINT, [1.0, 2.0]))


def test_the_jacobian_row_by_row_with_retain_graph(program: gradcalc.Program) -> None:
    x = point()
    y = program(x)
    rows = []
    for v in torch.eye(2, dtype=torch.float64):
        x.grad = None
        y.backward(v, retain_graph=True)
        rows.append(x.grad.numpy().copy())
    np.testing.assert_allclose(rows, program.jacobian(POINT))


def test_a_second_backward_without_retain_graph_is_refused(program: gradcalc.Program) -> None:
    y = program(point())
    y.backward(torch.ones(2, dtype=torch.float64))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward(torch.ones(2, dtype=torch.float64))


def test_programs_and_tensor_operations_mix(program: gradcalc.Program) -> None:
    x = point()
    (program(x * 2) * torch.tensor([3.0, 0.0], dtype=torch.float64)).sum().backward()
    expected = 2 * 3 * program.jacobian([3.0, 1.0])[0]
    np.testing.assert_allclose(x.grad.numpy(), expected)


def test_create_graph_goes_through_a_program_to_any_order() -> None:
    p = gradcalc.compile("x**5")
    x = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    derivative = p(x)
    for expected in (80.0, 160.0, 240.0, 240.0, 120.0, 0.0):
        (derivative,) = torch.grad(derivative.sum(), x, create_graph=True)
        assert derivative.item() == pytest.approx(expected)


def test_the_hessian_by_double_backward_is_the_compiled_one() -> None:
    p = gradcalc.compile("x**2*y + sin(x*y)")
    x = torch.tensor([0.7, 1.1], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.grad(p(x).sum(), x, create_graph=True)
    rows = [torch.grad(gradient[i], x, retain_graph=True)[0].numpy() for i in range(2)]
    np.testing.assert_allclose(rows, p.hessian([0.7, 1.1]), rtol=1e-12)


def test_the_gradient_flows_to_v_too(program: gradcalc.Program) -> None:
    x = point()
    v = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.grad(program(x), x, v, create_graph=True)
    gradient.backward(torch.tensor([1.0, 0.0], dtype=torch.float64))
    np.testing.assert_allclose(v.grad.numpy(), program.jvp(POINT, [1.0, 0.0]))


def test_many_points_have_a_gradient_each(program: gradcalc.Program) -> None:
    x = point(rows=3)
    y = program(x)
    assert y.shape == (3, 2)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), program.vjp(np.tile(POINT, (3, 1)), [1, 1]))


def test_single_precision_stays_single(program: gradcalc.Program) -> None:
    x = torch.tensor(POINT, requires_grad=True)
    y = program(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == torch.float32
