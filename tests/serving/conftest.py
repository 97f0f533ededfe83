import pytest

from seedbed.serving.loaded_models import LoadedModels, Model
from tests.serving.models import make_adapter, make_weights


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    return make_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def adapter(weights, tmp_path_factory):
    return make_adapter(weights, tmp_path_factory.mktemp("adapter"))


@pytest.fixture(scope="session")
def models(weights, adapter):
    return LoadedModels([Model("base", str(weights)), Model("tuned", str(weights), str(adapter))])
