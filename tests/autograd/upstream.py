# ruff: noqa: PT009, PT027, N815  (unittest's words: the tests that it runs are unittest's)
"""PyTorch's own autograd tests, run on this engine: ours to run, theirs to write.

    GRADCALC_PYTORCH_TESTS=…/pytorch/test python tests/autograd/upstream.py [pattern]

The folder has PyTorch's ``test_autograd.py`` and ``autograd/``. The files are read, not imported:
``import torch`` in them finds this engine, and what their imports ask of PyTorch's own test
utilities is supplied here, in the little that the tests need.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import re
import signal
import sys
import types
import unittest
import warnings
from pathlib import Path

import numpy as np

import gradcalc.autograd as torch
from gradcalc.autograd import stand_in

FOLDER = "GRADCALC_PYTORCH_TESTS"
SECONDS = 20
CLASSES = (
    "TestAutograd", "TestAutogradFunctional", "TestAutogradComplex", "TestAutogradInferenceMode",
    "TestAutogradForwardMode", "TestAutogradForwardModeBatchedGrad", "TestMultithreadAutograd",
    "TestAllowMutationOnSaved",
)  # fmt: skip
ELSEWHERE = re.compile(
    r"\bnn\.(?!Parameter|functional)|torch\._C\b|\bcuda\b|load_inline|\bprofile|checkpoint|"
    r"TorchDispatchMode|subprocess|LoggingTensor|make_fx|sparse|torch\.jit|__torch_dispatch__|"
    r"__torch_function__|_multiprocessing|functorch|cdist|as_nested|nested_tensor|torch\.compile|"
    r"record_function|emit_|device=\"meta\"|device='meta'|make_wrapper_subclass|kineto|torch\.ops"
)
"""What of PyTorch's a test needs that is no part of its autograd: devices, layers, C hooks …"""


class TestCase(unittest.TestCase):
    """The assertions of PyTorch's own test case."""

    maxDiff = None

    def setUp(self):
        torch.manual_seed(0)

    def assertEqual(self, first, second, msg=None, *, atol=None, rtol=None, exact_dtype=True,
                    **_):  # fmt: skip
        if isinstance(first, torch.Tensor) or isinstance(second, torch.Tensor):
            one, other = _array(first), _array(second)
            both = isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor)
            if both and exact_dtype:
                assert first.dtype == second.dtype, (first.dtype, second.dtype)
            assert one.shape == other.shape, (one.shape, other.shape)
            wide = one.dtype == np.float64 or one.dtype == np.complex128
            np.testing.assert_allclose(
                one, other, rtol if rtol is not None else 1e-7 if wide else 1.3e-6,
                atol if atol is not None else 1e-7 if wide else 1e-5, equal_nan=True,
            )  # fmt: skip
        elif isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
            assert len(first) == len(second), (first, second)
            for one, other in zip(first, second, strict=True):
                self.assertEqual(one, other, atol=atol, rtol=rtol, exact_dtype=exact_dtype)
        elif isinstance(first, dict) and isinstance(second, dict):
            assert first.keys() == second.keys()
            for key in first:
                self.assertEqual(first[key], second[key], atol=atol, rtol=rtol)
        elif isinstance(first, (float, complex)) or isinstance(second, (float, complex)):
            np.testing.assert_allclose(first, second, rtol or 1e-7, atol or 1e-7)
        else:
            super().assertEqual(first, second, msg)

    def assertNotEqual(self, first, second, msg=None, **options):
        with self.assertRaises(AssertionError):
            self.assertEqual(first, second, msg, **options)

    def assertNotWarn(self, call, msg=None):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        assert not caught, [str(w.message) for w in caught]

    @contextlib.contextmanager
    def assertWarnsOnceRegex(self, category, pattern=""):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        found = [w for w in caught if issubclass(w.category, category)]
        assert len(found) == 1, [str(w.message) for w in caught]
        assert re.search(pattern, str(found[0].message)), found[0].message

    def assertExpectedInline(self, actual, expect, skip=0):
        self.assertEqual(actual.strip(), expect.strip())

    assertExpectedRaisesInline = None


def _array(x):
    return x.detach().numpy(force=True) if isinstance(x, torch.Tensor) else np.asarray(x)


def _unchanged(*_, **__):
    return lambda decorated: decorated


def _parametrize(names, values, **_):
    """``@parametrize``: kept on the function, spread by ``instantiate_parametrized_tests``."""

    def mark(function):
        function.parameters = [*getattr(function, "parameters", []), (names, list(values))]
        return function

    return mark


class _Subtest:
    def __init__(self, values, name=None, decorators=()):
        self.values, self.name, self.decorators = values, name, decorators


def _instantiate(kind):
    for name, function in list(vars(kind).items()):
        parameters = getattr(function, "parameters", None)
        if not parameters:
            continue
        delattr(kind, name)
        for made, call in _spread(name, function, parameters):
            setattr(kind, made, call)
    return kind


def _spread(name, function, parameters):
    (names, values), *rest = parameters
    for value in values:
        decorators = getattr(value, "decorators", ())
        label = getattr(value, "name", None) or str(value)
        value = getattr(value, "values", value) if isinstance(value, _Subtest) else value
        keys = [key.strip() for key in names.split(",")]
        given = dict(zip(keys, value if len(keys) > 1 else (value,), strict=True))
        call = functools.partialmethod(function, **given)
        call.source = function
        if any(d is unittest.expectedFailure for d in decorators) or label == "logging_tensor":
            continue
        if rest:
            yield from _spread(f"{name}_{label}", _Bound(function, given), rest)
        else:
            yield f"{name}_{label}", _Bound(function, given)


def _Bound(function, given):
    @functools.wraps(function)
    def call(self, **more):
        return function(self, **given, **more)

    call.parameters = None
    return call


@contextlib.contextmanager
def _disable_gc():
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def make_tensor(*shape, dtype=None, device=None, low=-9, high=9, requires_grad=False, **_):
    shape = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
    values = np.random.default_rng(0).uniform(low or -9, high or 9, tuple(shape))
    return torch.tensor(values, dtype=dtype, requires_grad=requires_grad)


class _Absent:
    """A name of PyTorch's that is not here: to use it skips the test."""

    def __init__(self, name):
        self._name = name

    def __call__(self, *args, **_):
        if len(args) == 1 and callable(args[0]) and not isinstance(args[0], _Absent):
            return args[0]  # a decorator
        if self._name.rpartition(".")[2].startswith("is_"):
            return False
        raise unittest.SkipTest(f"needs {self._name}")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(f"{self._name}.{name}")

    def __mro_entries__(self, bases):
        return (object,)

    def __iter__(self):
        return iter(())

    def __bool__(self):
        return False

    def __enter__(self):
        raise unittest.SkipTest(f"needs {self._name}")

    def __exit__(self, *_):
        pass


class _Utilities(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(f"{self.__name__}.{name}")


_COMMON = {
    "TestCase": TestCase, "parametrize": _parametrize, "subtest": _Subtest,
    "instantiate_parametrized_tests": _instantiate, "gradcheck": torch.gradcheck,
    "gradgradcheck": torch.gradgradcheck, "disable_gc": _disable_gc, "IS_WINDOWS": False,
    "IS_MACOS": False, "TEST_CUDA": False, "TEST_PRIVATEUSE1": False,
    "skipIfNoLapack": lambda f: f, "slowTest": lambda f: f, "skipIfMPS": lambda f: f,
    "skipIfTorchDynamo": _unchanged, "xfailIfTorchDynamo": lambda f: f, "skipIfWindows": _unchanged,
    "set_warn_always_context": lambda *_: contextlib.nullcontext(), "run_tests": lambda: None,
}  # fmt: skip


def _modules():
    """The modules that the files import, beside the engine's own."""
    names = [
        "torch.utils", "torch.utils.cpp_extension", "torch.utils.flop_counter",
        "torch.utils.checkpoint", "torch.utils._mode_utils", "torch.utils._python_dispatch",
        "torch.utils.hooks", "torch_npu", "torch_npu.testing", "torch.autograd.profiler",
        "torch.autograd.profiler_util", "torch.autograd._functions", "torch.testing",
        "torch.testing._internal", "torch.testing._internal.common_methods_invocations",
        "torch.testing._internal.common_device_type", "torch.testing._internal.common_dtype",
        "torch.testing._internal.logging_tensor", "torch.testing._internal.common_utils",
        "torch._C",
    ]  # fmt: skip
    made = {name: _Utilities(name) for name in names}
    vars(made["torch.testing._internal.common_utils"]).update(_COMMON)
    made["torch.testing"].make_tensor = make_tensor
    made["torch_npu"].cpu = types.SimpleNamespace(get_device_name=lambda *_: "")
    vars(made["torch.testing._internal.common_device_type"]).update(
        instantiate_device_type_tests=lambda *_, **__: None, dtypes=_unchanged,
        dtypesIfPRIVATEUSE1=_unchanged, dtypesIfMPS=_unchanged, deviceCountAtLeast=_unchanged,
        onlyCPU=lambda f: f, onlyPRIVATEUSE1=lambda f: f, skipMeta=lambda f: f,
    )  # fmt: skip
    return made


def _installed(folder):
    stand_in.install()
    modules = _modules()
    sys.modules.update(modules)
    beside = types.ModuleType("autograd")  # the folder, whatever package has that name here
    beside.__path__ = [str(folder / "autograd")]
    sys.modules["autograd"] = beside
    vars(torch)["utils"] = modules["torch.utils"]
    for name, module in modules.items():
        parent, _, child = name.rpartition(".")
        if parent in modules:
            setattr(modules[parent], child, module)
    torch.testing = modules["torch.testing"]
    torch._C = modules["torch._C"]
    vars(torch)["__getattr__"] = made_absent
    torch.autograd.kineto_available = lambda: False
    torch.autograd._calculate_shape = _Absent("_calculate_shape")


def made_absent(name):
    """A name of ``torch`` that is not here."""
    if name.startswith("__"):
        raise AttributeError(name)
    return _Absent(f"torch.{name}")


def load(folder):
    """The test classes of the files, by name."""
    _installed(folder)
    module = types.ModuleType("upstream_test_autograd")
    module.__file__ = str(folder / "test_autograd.py")
    sys.modules[module.__name__] = module
    # A copy for another device names it: here there is the CPU.
    source = re.sub(r"\bnpu\b", "cpu", (folder / "test_autograd.py").read_text())
    exec(compile(source, module.__file__, "exec"), vars(module))
    return {name: getattr(module, name) for name in CLASSES if hasattr(module, name)}


def in_scope(function):
    """Whether a test asks for nothing that is no part of autograd."""
    import inspect

    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return not ELSEWHERE.search(inspect.getsource(function))


class _TooLong(BaseException):
    pass


def _alarm(*_):
    raise _TooLong


def outcome(kind, name):
    """None if the test passes; why not, otherwise."""
    result = unittest.TestResult()
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            kind(name).run(result)
    except _TooLong:
        return f"more than {SECONDS} s"
    finally:
        signal.alarm(0)
        torch.set_grad_enabled(True)
    if result.skipped:
        return f"skipped: {result.skipped[0][1]}"
    for _, trace in result.errors + result.failures:
        return trace.strip().split("\n")[-1][:300] if "-v" not in sys.argv else trace
    return None


def run(folder, pattern=""):
    """{class: {test: None or why it fails}}, of the tests that are in scope."""
    found = {}
    for name, kind in load(folder).items():
        for test in sorted(t for t in dir(kind) if t.startswith("test_")):
            if pattern in f"{name}.{test}" and in_scope(getattr(kind, test)):
                found.setdefault(name, {})[test] = outcome(kind, test)
    return found


if __name__ == "__main__":
    patterns = [argument for argument in sys.argv[1:] if argument != "-v"]
    for name, tests in run(Path(os.environ[FOLDER]), *patterns).items():
        passed = sum(why is None for why in tests.values())
        for test, why in tests.items():
            if why is not None:
                print(f"{name}.{test}: {why}")
        print(f"{name}: {passed} of {len(tests)} pass")
