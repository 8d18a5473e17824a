"The same losses, gradients and metrics on arrays of other libraries: the strict array API always, PyTorch and JAX where installed."
import array_api_strict
import numpy as np
import pytest
from array_api_compat import device, is_torch_array
from hypothesis import given, settings
from hypothesis import strategies as st

from lossbook.core import has_values
from lossbook.summaries import ConfusionMatrix, Moments, WeightedMean
from tests.properties.inputs import arrays_of, calls, each_loss, each_loss_over_classes, each_metric, flat, make_call, map_arrays, metric_data, of_labels, required
from tests.properties.toys import brier, odd_error

few = settings(max_examples=4)


def close(other, ours, rtol=1e-12):
    for theirs, own in zip(arrays_of(other), arrays_of(ours), strict=True):
        theirs = np.asarray(theirs.detach() if is_torch_array(theirs) else theirs)
        assert theirs.shape == np.shape(own)
        np.testing.assert_allclose(theirs, own, rtol=rtol, atol=1e-14)


def made_by(asarray, x):
    return all(type(part) is type(asarray(np.ones(2))) for part in arrays_of(x))


# ---- the same numbers


@each_loss
@few
@given(draw=st.data(), reduction=st.sampled_from(["mean", "sum", "none"]))
def test_values_and_gradients_are_those_of_numpy(asarray, loss, draw, reduction):
    call = draw.draw(calls(loss))
    there = call.map(asarray)
    value, gradient = there(reduction=reduction), there.grad(reduction=reduction)
    assert made_by(asarray, value) and made_by(asarray, gradient)
    assert {str(x.dtype).split(".")[-1] for x in [value, *arrays_of(gradient)]} == {"float64"}
    close(value, call(reduction=reduction))
    close(gradient, call.grad(reduction=reduction))


@each_loss
def test_float32_and_the_device_come_back(asarray, loss):
    call = make_call(loss, 0, (4,)).map(lambda x: asarray(x.astype(np.float32) if x.dtype.kind == "f" else x))
    prediction = arrays_of(call.y_pred)[0]
    for x in (call(), call(reduction="none"), *arrays_of(call.grad())):
        assert x.dtype == prediction.dtype and device(x) == device(prediction)


@each_loss
def test_integers_are_cast(asarray, loss):
    call = make_call(loss, 0, (4,)).with_options(check_values=False)  # rounded probabilities no longer sum to 1
    whole = call.map(lambda x: np.rint(x).astype(np.uint8) if x.dtype.kind == "f" and x.min() >= 0 else np.rint(x).astype(np.int64))
    there = whole.map(asarray)
    if "float64" in str(there().dtype):
        close(there(), whole())
        close(there.grad(), whole.grad())
    else:
        close(there(), whole(), rtol=1e-6)


@each_loss
def test_libraries_do_not_mix(asarray, loss):
    call = make_call(loss, 0, (4,))
    pred = map_arrays(asarray, call.y_pred)
    with pytest.raises(TypeError, match="libraries are mixed"):
        loss(call.y_true, pred)
    with pytest.raises(TypeError, match="libraries are mixed"):
        loss(map_arrays(asarray, call.y_true), pred, sample_weight=np.ones(4))


@each_metric
def test_metrics_read_arrays_of_any_library(asarray, metric):
    (y_true, y_pred), options = metric_data(metric, 0, 5), required(metric)
    assert flat(metric(asarray(y_true), asarray(y_pred), **options)) == pytest.approx(flat(metric(y_true, y_pred, **options)), nan_ok=True)
    one = 1 + (y_true.ndim - 1) * (metric.source is ConfusionMatrix)
    weight = np.arange(1., 1 + np.prod(y_true.shape[:one])).reshape(y_true.shape[:one])
    weighted = metric(asarray(y_true), asarray(y_pred), sample_weight=asarray(weight), **options)
    assert flat(weighted) == pytest.approx(flat(metric(y_true, y_pred, sample_weight=weight, **options)), nan_ok=True)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float32", "float64"])
def test_summaries_read_arrays_of_any_dtype(asarray, dtype):
    y_true, y_pred = np.array([[0, 1, 1], [0, 1, 0]], dtype)
    assert ConfusionMatrix.from_labels(asarray(y_true), asarray(y_pred)) == ConfusionMatrix.from_labels(y_true, y_pred)
    assert Moments.from_values(asarray(y_true), asarray(y_pred)).squared_error == 1
    assert WeightedMean.from_values(asarray(y_true)).mean == 2/3
    assert WeightedMean.from_loss(brier, asarray(y_true), asarray(y_pred)).mean == pytest.approx(1/3)


@each_loss_over_classes
def test_options_of_labels_are_those_of_numpy(asarray, loss):
    call = of_labels(loss, 0, (3, 4))
    there = call.map(asarray)
    for weight in (call.options["class_weight"], call.options["class_weight"].tolist(), asarray(call.options["class_weight"])):
        close(there(class_weight=weight), call())
        close(there.grad(class_weight=weight), call.grad())


# ---- when values are looked at


@pytest.mark.parametrize("check, raises", [(None, True), (True, True), (False, False)])
def test_values_in_main_memory_are_looked_at_unless_told_not_to(asarray, check, raises):
    bad = asarray(np.array([0.5, np.nan]))
    if raises:
        with pytest.raises(ValueError, match=r"y_proba holds nan at \[1\]"):
            brier(asarray(np.zeros(2)), bad, check_values=check)
    else:
        assert np.isnan(float(brier(asarray(np.zeros(2)), bad, check_values=check)))


def test_values_on_another_device_are_not_looked_at_and_stay_there():
    far = array_api_strict.Device("device1")
    y_true, y_pred = array_api_strict.zeros(2, device=far), array_api_strict.full((2,), array_api_strict.nan, device=far)
    assert not has_values(y_pred)
    for x in (odd_error(y_true, y_pred, reduction="none"), odd_error.grad(y_true, y_pred)):
        assert device(x) == far and bool(array_api_strict.all(array_api_strict.isnan(x)))
    with pytest.raises(ValueError, match=r"y_true has shape \(2,\)"):
        odd_error(y_true, array_api_strict.ones((2, 1), device=far))
    with pytest.raises(TypeError, match="y_pred is on"):
        Moments.from_values(array_api_strict.zeros(2), y_pred)


@each_loss
def test_a_loss_stays_on_its_device(loss):
    far = array_api_strict.Device("device1")
    call = make_call(loss, 0, (4,))
    there = call.map(lambda x: array_api_strict.asarray(x, device=far))
    for x in (there(), there(reduction="none"), *arrays_of(there.grad()), there(sample_weight=array_api_strict.ones(4, device=far))):
        assert device(x) == far


# ---- automatic gradients


@each_loss
@few
@given(draw=st.data())
def test_torch_differentiates_it_as_we_do(torch, loss, draw):
    call = draw.draw(calls(loss)).map(torch.asarray)
    free = call._replace(y_pred=map_arrays(lambda x: x.clone().requires_grad_(), call.y_pred))
    free().backward()
    for pred, own in zip(arrays_of(free.y_pred), arrays_of(call.grad())):
        close(torch.zeros_like(pred) if pred.grad is None else pred.grad, own.numpy())


@each_loss_over_classes
def test_options_of_labels_are_differentiated_too(torch, jax, loss):
    call = of_labels(loss, 0, (3, 4))
    there = call.map(torch.asarray)
    free = there._replace(y_pred=there.y_pred.clone().requires_grad_())
    free().backward()
    close(free.y_pred.grad, call.grad())
    there = call.map(jax.numpy.asarray)
    close(jax.jit(jax.grad(lambda y_pred: there._replace(y_pred=y_pred)()))(there.y_pred), call.grad())


@each_loss
def test_torch_func_differentiates_and_maps_it(torch, loss):
    call = make_call(loss, 0, (3, 4)).map(torch.asarray)
    def of(y_true, y_pred): return loss(y_true, y_pred, **call.options)
    close(torch.func.grad(of, argnums=1)(call.y_true, call.y_pred), call.grad())
    rows = torch.func.vmap(torch.func.grad(of, argnums=1))(call.y_true, call.y_pred)
    close(map_arrays(lambda g: g / 3, rows), call.grad())
    close(torch.func.vmap(of)(call.y_true, call.y_pred).mean(), call())


@each_loss
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_torch_compiles_it_as_one_graph(torch, loss):
    torch.compiler.reset()
    call = make_call(loss, 0, (3,)).map(torch.asarray)
    def of(y_true, y_pred): return loss(y_true, y_pred, **call.options)
    close(torch.compile(of, backend="eager", fullgraph=True)(call.y_true, call.y_pred), call())


@each_loss
@settings(max_examples=2)
@given(draw=st.data())
def test_jax_differentiates_it_as_we_do(jax, loss, draw):
    call = draw.draw(calls(loss)).map(jax.numpy.asarray)
    def of(y_pred): return call._replace(y_pred=y_pred)()
    close(jax.grad(of)(call.y_pred), call.grad())


@each_loss
def test_jax_compiles_it(jax, loss):
    call = make_call(loss, 0, (3, 4)).map(jax.numpy.asarray)
    def of(y_true, y_pred): return loss(y_true, y_pred, **call.options)
    close(jax.jit(jax.grad(of, argnums=1))(call.y_true, call.y_pred), call.grad())
    close(jax.jit(lambda t, p: loss.grad(t, p, **call.options))(call.y_true, call.y_pred), call.grad())
    close(jax.vmap(of)(call.y_true, call.y_pred).mean(), call())


def test_values_under_tracing_are_not_looked_at(torch, jax):
    seen = []
    def of(y_pred):
        seen.append(has_values(y_pred))
        return brier(0*y_pred, y_pred)
    bad = np.array([0.5, np.nan])
    assert np.isnan(torch.func.grad(of)(torch.asarray(bad)).numpy()).tolist() == [False, True]
    assert np.isnan(jax.jit(jax.grad(of))(jax.numpy.asarray(bad))).tolist() == [False, True]
    assert seen == [False, False] and has_values(torch.asarray(bad)) and has_values(jax.numpy.asarray(bad))


@each_metric
def test_metrics_read_tensors_that_require_a_gradient(torch, metric):
    (y_true, y_pred), options = metric_data(metric, 0, 5), required(metric)
    free = torch.asarray(y_pred.astype(float)).requires_grad_()
    assert flat(metric(torch.asarray(y_true), free, **options)) == pytest.approx(flat(metric(y_true, y_pred, **options)), nan_ok=True)


def test_a_loss_of_tensors_that_require_a_gradient_is_a_metric(torch):
    pred = torch.asarray([0.25, 0.75]).requires_grad_()
    assert WeightedMean.from_loss(brier, torch.zeros(2), pred).mean == 0.3125
