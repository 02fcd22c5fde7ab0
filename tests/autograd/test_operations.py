"""Operations where an answer may differ from PyTorch's without a word: its answers, in numbers."""

import math

import numpy as np
import pytest

from gradcalc import autograd as torch

F = torch.nn.functional
APART = ("save", "load", "set_printoptions", "set_default_dtype", "manual_seed", "backward", "grad",
         "gradcheck", "gradgradcheck")  # fmt: skip
"""Functions that leave something behind, and those of which PyTorch speaks as Python does."""


def doubles(*shape, seed=0):
    drawn = np.random.default_rng(seed).standard_normal(shape)
    return torch.tensor(drawn, requires_grad=True)


def complexes(*shape):
    return torch.complex(doubles(*shape), doubles(*shape, seed=1)).detach().requires_grad_()


@pytest.mark.parametrize(("call", "numbers"), [
    (lambda x: torch.meshgrid(x, x[:2], indexing="xy")[0], [[1, 1, 1, 2], [1, 1, 1, 2]]),
    (lambda x: torch.angle(x - 2), [math.pi, math.pi, math.pi, 0.0]),
    (lambda x: x.kthvalue(2)[1], 0),
    (lambda x: x.topk(2, largest=False)[1], [1, 2]),
    (lambda x: x.median(0)[1], 1),
    (lambda x: torch.atan2(x % 1, -x), [math.pi] * 4),
    (lambda x: torch.atan2(-x % 1, -x), [-math.pi] * 4),
    (lambda x: torch.sign(x * math.nan), [0, 0, 0, 0]),
    (lambda x: F.pad(x[None], (1, -1), "reflect"), [[1, 1, 1, 1]]),
    (lambda x: F.pad(x[None], (2, 1), "circular"), [[1, 2, 1, 1, 1, 2, 1]]),
    (lambda x: F.softplus(x * 10, beta=2, threshold=20), [10.0, 10.0, 10.0, 20.0]),
    (lambda x: x.diff(prepend=x[:1], append=x[3:]), [0, 0, 0, 1, 0]),
    (lambda x: torch.logspace(0, 3, 4, 2.0), [1, 2, 4, 8]),
    (lambda x: x.polygamma(1) - torch.polygamma(1, x), [0, 0, 0, 0]),
    (lambda x: torch.func.grad(lambda t: t.logit().sum())(x / 4), [16 / 3] * 3 + [4]),
    (lambda x: torch.func.grad(lambda t: t.logit(0.25).sum())(x / 2), [4, 4, 4, 0]),
    (lambda x: torch.func.grad(lambda t: (t * 2).logical_not_().sum())(x), [2, 2, 2, 2]),
    (lambda x: (x * 1).polygamma_(0), [-0.5772156649015329] * 3 + [0.42278433509846714]),
    (lambda x: torch.logit(x * 0 + 2, eps=0.25), [math.log(3)] * 4),
    (lambda x: x.long() ** -x.long(), [1, 1, 1, 0]),
])  # fmt: skip
def test_values(call, numbers):
    found = call(torch.tensor([1.0, 1.0, 1.0, 2.0]))
    np.testing.assert_allclose(found.numpy(), numbers, rtol=1e-6)


@pytest.mark.parametrize(("call", "slopes"), [
    (lambda x: x.median(), [1 / 3, 1 / 3, 1 / 3, 0]),  # equal numbers share
    (lambda x: x.norm(0) * 0 + x[3], [0, 0, 0, 1]),
    (lambda x: F.elu(x - 1).sum(), [1, 1, 1, 1]),
])  # fmt: skip
def test_slopes(call, slopes):
    x = torch.tensor([1.0, 1.0, 1.0, 2.0], requires_grad=True)
    (g,) = torch.autograd.grad(call(x), x)
    np.testing.assert_allclose(g.numpy(), slopes, rtol=1e-6)


def test_the_second_derivative_of_elu_at_its_joint_is_0():
    x = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(F.elu(x).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    np.testing.assert_allclose(h.numpy(), [math.exp(-1), 0, 0])


@pytest.mark.parametrize("call", [
    lambda x: torch.linalg.svdvals(x), lambda x: torch.linalg.matrix_norm(x, 2),
    lambda x: torch.linalg.matrix_norm(x, "nuc"), lambda x: x.norm(3), lambda x: x.norm(-2, 0),
])  # fmt: skip
@pytest.mark.parametrize("make", [doubles, complexes])
@pytest.mark.parametrize("shape", [(2, 3), (3, 2)])
def test_norms_can_be_differentiated_twice(call, make, shape):
    x = make(*shape)
    assert torch.gradcheck(call, x)
    assert torch.gradgradcheck(call, x)


@pytest.mark.parametrize("call", [torch.abs, torch.sgn, torch.sigmoid, torch.tanh, torch.angle])
def test_functions_of_complex_numbers_can_be_differentiated_twice(call):
    x = complexes(3)
    assert torch.gradcheck(call, x)
    assert torch.gradgradcheck(call, x)


def test_what_has_no_formula_for_complex_numbers_is_refused():
    with pytest.raises(NotImplementedError, match="not implemented for 'ComplexDouble'"):
        torch.logaddexp(complexes(2), complexes(2))


def test_results_lie_in_memory_as_the_first_operand_does():
    x = doubles(2, 3).t()
    y = x.detach().contiguous()
    along, across = (1, 3), (2, 1)
    kept = (x * y, x.sort(0)[0], x.flip(0), F.gelu(x), torch.ones_like(x))
    assert [z.stride() for z in kept] == [along] * 5
    assert [z.stride() for z in (y * x, x.cumsum(0), x.softmax(0))] == [across] * 3
    assert (x[None] * torch.ones(2, 3, 2)).stride() == (6, 1, 3)


def test_the_slope_of_what_cat_leaves_out_is_no_part_of_the_graph():
    empty, x = torch.zeros(0, requires_grad=True), torch.ones(2, 2, requires_grad=True)
    slopes = torch.autograd.grad((torch.cat([empty, x]) ** 2).sum(), (empty, x), create_graph=True)
    assert [g.requires_grad for g in slopes] == [False, True]


@pytest.mark.parametrize("choose", ["sort", "max", "median", "kthvalue", "topk"])
def test_a_write_to_the_places_that_were_chosen_is_noticed(choose):
    arguments = {"sort": (), "max": (1,), "median": (1,), "kthvalue": (2, 1), "topk": (2,)}
    values, places = getattr(torch.rand(3, 3, requires_grad=True), choose)(*arguments[choose])
    places.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        values.sum().backward()


def test_a_tensor_that_requires_grad_is_no_number():
    x, weight = torch.ones(2), torch.tensor(2.0, requires_grad=True)
    assert torch.add(x, x, alpha=weight.detach()).tolist() == [3, 3]
    with pytest.raises(TypeError, match=r"argument 'alpha' must be Number, not Tensor"):
        torch.add(x, x, alpha=weight)


def test_scatter_wants_numbers_to_write():
    with pytest.raises(TypeError, match="invalid combination of arguments"):
        torch.ones(2).scatter(0, torch.tensor([1]))


def test_a_view_made_in_no_grad_follows_its_base_out_of_the_graph():
    y = doubles(3) * 2
    with torch.no_grad():
        view = y[:2]
    assert view.requires_grad
    y.detach_()
    assert not view.requires_grad


def test_hooks_for_saved_tensors_keep_what_was_there_before_a_write():
    x = doubles(3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        y = x * 1
        y.sin_()
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.cos(x.detach().numpy()))


def test_what_was_saved_may_be_written_to_where_that_is_allowed():
    x = doubles(3)
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        y = x * 1
        total = (y**2).sum()
        y.mul_(100)
        total.backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy())


@pytest.mark.parametrize("stranger", [None, "a", {}, object()])
def test_no_error_speaks_of_what_python_made_of_an_argument(stranger):
    x = torch.tensor([[1.0, 2.0]])
    leaked = []
    places = [(torch, name) for name in torch.__all__]
    places += [(F, name) for name, call in vars(F).items() if call.__doc__
               and getattr(call, "__module__", "") == F.__name__]  # fmt: skip
    for place, name in places:
        call = getattr(place, name)
        if name.startswith("_") or isinstance(call, type) or not callable(call) or name in APART:
            continue
        for given in ((stranger,), (x, stranger)):
            try:
                call(*given)
            except Exception as error:
                foreign = (
                    "'_array'",
                    "supported between",
                    "not iterable",
                    "must be a string,",
                    "has no attribute",
                )
                if any(word in str(error) for word in foreign):
                    leaked.append(f"{name}{given}: {error}")
    assert not leaked


def test_the_reflected_product_of_two_tensors_is_one() -> None:
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 4.0], [5.0, 6.0]])
    assert x.__rmatmul__(y).tolist() == (y @ x).tolist()
    assert x.__rmatmul__([1.0, 2.0]) is NotImplemented


CREATIONS = {
    "zeros ones empty rand randn": ((2, 3),), "full": ((2, 3), 3), "randint": (0, 5, (2, 3)),
    "arange eye": (3,), "linspace logspace": (0, 1, 3), "tensor asarray as_tensor": ([1, 2],),
    "scalar_tensor": (2,), "normal": (0.0, 1.0, (2, 3)),
    "zeros_like ones_like empty_like rand_like randn_like": (torch.ones(2),),
    "full_like": (torch.ones(2), 3),
}  # fmt: skip


@pytest.mark.parametrize("name", " ".join(CREATIONS).split())
def test_whatever_makes_a_tensor_makes_it_of_the_type_that_is_named(name):
    given = next(given for names, given in CREATIONS.items() if name in names.split())
    for kind in (torch.float64, torch.float16):
        assert getattr(torch, name)(*given, dtype=kind, device="cpu").dtype == kind


def test_powers_of_a_number_lie_row_after_row():
    x = doubles(3, 2).t()
    assert (2**x).is_contiguous()
    assert not (x**2).is_contiguous()
    (slope,) = torch.autograd.grad((2**x).sum(), x)
    np.testing.assert_allclose(slope.numpy(), math.log(2) * 2 ** x.detach().numpy(), 1e-15)
