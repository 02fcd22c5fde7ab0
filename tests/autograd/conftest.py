import importlib.util
from pathlib import Path

import pytest


def _observations():
    path = Path(__file__).with_name("observations.py")
    spec = importlib.util.spec_from_file_location("autograd_observations", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


observations = _observations()


@pytest.fixture(scope="session")
def torch():
    """Ours, under the name that the tests and the recording share."""
    import gradcalc.autograd

    return gradcalc.autograd


@pytest.fixture(scope="session")
def recorded():
    return observations.load(observations.BEHAVIOURS)["behaviours"]


@pytest.fixture(scope="session")
def data():
    """Recorded data by file name."""
    return lambda name: observations.load(observations.DATA / name)


@pytest.fixture
def see(request, torch, recorded):
    name = request.function.__name__.split("_")[1]
    return observations.See(torch, recorded[name])
