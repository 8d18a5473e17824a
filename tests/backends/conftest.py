"The array libraries that tests of this folder run on: the strict array API always, PyTorch and JAX where installed."
import pytest

LIBRARIES = {"strict": "array_api_strict", "torch": "torch", "jax": "jax.numpy"}


@pytest.fixture(params=LIBRARIES, scope="module")
def asarray(request):
    "The function that makes arrays of a library."
    if request.param != "strict":
        request.getfixturevalue(request.param)
    return pytest.importorskip(LIBRARIES[request.param]).asarray
