"Log loss where automatic gradients go wrong: at corners, at 0 times infinity, and in the tails; and the sigmoid of any array."
import array_api_strict
import numpy as np
import pytest

from lossbook.classification.log_loss import log_loss, sigmoid
from lossbook.classification.logits import log_loss_from_logits

INF = float("inf")


def torch_grad(f, x):
    torch = pytest.importorskip("torch")
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    f(x, torch.asarray).backward()
    return x.grad.numpy()


def jax_grad(f, x, wrap=lambda g: g):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return np.asarray(wrap(jax.grad(lambda x: f(x, jax.numpy.asarray)))(jax.numpy.asarray(x, dtype=float)))


def jitted_grad(f, x):
    return jax_grad(f, x, pytest.importorskip("jax").jit)


each_autograd = pytest.mark.parametrize("autograd", [torch_grad, jax_grad, jitted_grad])


@each_autograd
def test_the_gradient_at_a_logit_of_zero_is_that_of_both_sides(autograd):
    y = np.array([1.0, 0.0, 0.25])
    def of(z, asarray): return log_loss_from_logits(asarray(y), z, reduction="sum")
    assert autograd(of, [0.0, 0.0, 0.0]).tolist() == [-0.5, 0.5, 0.25]


@each_autograd
@pytest.mark.parametrize("logits", [[-INF] * 3, [-1000.0] * 3, [1000.0] * 3, [40.0] * 3, [-40.0] * 3])
def test_the_gradient_in_the_tails_is_ours(autograd, logits):
    y = np.array([0.0, 1.0, 0.5])
    def of(z, asarray): return log_loss_from_logits(asarray(y), z, reduction="sum")
    ours = log_loss_from_logits.grad(y, logits, reduction="sum")
    np.testing.assert_allclose(autograd(of, logits), ours, rtol=1e-12, atol=1e-300)


@each_autograd
@pytest.mark.parametrize("eps", [0.0, 1e-7, 0.25])
def test_the_gradient_of_sure_forecasts_and_on_the_floor_is_ours(autograd, eps):
    y, p = (np.ravel(x) for x in np.meshgrid([0.0, 1.0, 0.5], [0.0, 1.0, 0.25, 0.75, 0.1, 1e-7]))
    def of(p, asarray): return log_loss(asarray(y), p, eps=eps, reduction="sum")
    ours = log_loss.grad(y, p, eps=eps, reduction="sum")
    assert not np.isnan(ours).any()
    np.testing.assert_allclose(autograd(of, p), ours, rtol=1e-12)


@each_autograd
def test_the_gradient_of_the_sigmoid(autograd):
    z = [-INF, -800.0, -40.0, 0.0, 1.0, 40.0, 800.0, INF]
    slopes = [0, 0, np.exp(-40), 0.25, 1 / (2 + 2*np.cosh(1)), np.exp(-40), 0, 0]
    np.testing.assert_allclose(autograd(lambda z, asarray: sigmoid(z).sum(), z), slopes, rtol=1e-12, atol=1e-300)


# ---- the sigmoid of any array


@pytest.mark.parametrize("library", ["numpy", "array_api_strict", "torch", "jax.numpy"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_sigmoid_keeps_library_dtype_and_shape(library, dtype):
    asarray = pytest.importorskip(library).asarray
    if library == "jax.numpy":
        pytest.importorskip("jax").config.update("jax_enable_x64", True)
    z = asarray(np.array([[-1000, -2], [0, 3]], dtype))
    p = sigmoid(z)
    assert type(p) is type(z) and p.dtype == z.dtype and p.shape == z.shape
    np.testing.assert_allclose(np.asarray(p), 1 / (1 + np.exp([[1000, 2], [0, -3.0]])), rtol=3e-7 if dtype == "float32" else 1e-15)


def test_the_sigmoid_casts_what_is_no_float():
    for z in (2, [2], np.array([2], "uint8"), np.array([2], "int8"), np.float16(2)):
        np.testing.assert_allclose(sigmoid(z), np.full(np.shape(z), 0.8807970779778823), rtol=1e-3 if isinstance(z, np.float16) else 1e-15)
    assert sigmoid([True, False]).tolist() == [sigmoid(1), 0.5]
    assert array_api_strict.isdtype(sigmoid(array_api_strict.asarray([1, 2])).dtype, "real floating")


@pytest.mark.parametrize("z, error, words", [
    (np.nan, ValueError, "logits holds nan: it must be a number"), ([[0, np.nan]], ValueError, r"logits holds nan at \[0, 1\]"),
    ("two", TypeError, "logits holds <U3"), ([1j], TypeError, "logits holds complex128"), (None, TypeError, "logits holds object"),
    ([[1], [1, 2]], ValueError, "logits is ragged")])
def test_the_sigmoid_refuses(z, error, words):
    with pytest.raises(error, match=words):
        sigmoid(z)
