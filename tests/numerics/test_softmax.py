"Softmax and cross-entropy where naive code fails, against arithmetic of 200 digits."
import numpy as np
import pytest
from mpmath import mp, workdps

from lossbook.classification.cross_entropy import cross_entropy, cross_entropy_from_logits, log_softmax, softmax
from lossbook.classification.logits import log_loss_from_logits

INF = float("inf")
EXTREME = {  # logits whose differences are exact
    "row 8": [1000.0, 999.0, 0.0],
    "row 9": [0.0, 50.0],
    "sure": [-300.0, 400.0, 12.5],
    "equal": [7.0, 7.0, 7.0, 7.0],
    "two lead": [1e6, 1e6, -1e6],
    "one cannot be": [-INF, 3.0, 3.25],
    "only one can be": [-INF, -INF, 2.0],
    "one class": [-5.0],
    "beyond exp": [1e300, 0.0],
    "close": [1.0, 1.0 + 2**-40],
    "far below": [-1e5, -1e5 - 40, -1e5 - 80],
}
each_extreme = pytest.mark.parametrize("z", EXTREME.values(), ids=EXTREME)


def exact(z):
    "Probabilities in many digits, with exponents without end."
    top = max(z)
    with workdps(200):
        e = [mp.exp(mp.mpf(x) - mp.mpf(top)) for x in z]
        return [x / mp.fsum(e) for x in e]


def as_floats(values):
    return np.array([float(x) for x in values])


def close(ours, exactly, rtol=4e-16):
    np.testing.assert_allclose(ours, exactly, rtol=rtol, atol=5e-324)


@each_extreme
def test_softmax_and_its_logarithm_keep_their_digits(z):
    with workdps(200):
        p = exact(z)
        logs = as_floats([mp.log(x) if x else -INF for x in p])
    close(softmax(z), as_floats(p))
    close(log_softmax(z), logs)
    assert softmax(z).sum() == pytest.approx(1, rel=1e-15)


@each_extreme
def test_loss_and_gradient_keep_their_digits(z):
    n = len(z)
    with workdps(200):
        p = exact(z)
        pushes = np.array([as_floats([p[k] - (k == c) for k in range(n)]) for c in range(n)])
        losses = as_floats([-mp.log(x) if x else INF for x in p])
    rows, labels = np.tile(z, (n, 1)), np.arange(n)
    for truth in (labels, np.eye(n)):
        close(cross_entropy_from_logits(truth, rows, reduction="none"), losses)
        np.testing.assert_allclose(cross_entropy_from_logits.grad(truth, rows, reduction="sum"), pushes, rtol=8e-16, atol=1e-307)


def test_the_rows_of_the_table():
    close(-log_softmax([1000, 999, 0])[0], 0.31326168751822283)
    close(cross_entropy_from_logits(0, [1000, 999, 0]), 0.31326168751822283)
    close(log_softmax([0, 50])[1], -1.9287498479639178e-22)
    close(cross_entropy_from_logits(1, [0, 50]), 1.9287498479639178e-22)
    close(cross_entropy_from_logits.grad(1, [0, 50]), [1.9287498479639178e-22, -1.9287498479639178e-22])


@pytest.mark.parametrize("z", [[INF, 0.0], [-INF, -INF], [0.0, np.nan]])
def test_logits_without_a_softmax_are_refused(z):
    for call in (softmax, log_softmax, lambda z: cross_entropy_from_logits(0, z), lambda z: cross_entropy_from_logits.grad(0, z)):
        with pytest.raises(ValueError, match="logits"):
            call(z)


def test_no_axis_changes_a_digit():
    z = np.random.default_rng(0).normal(0, 30, (4, 5, 6))
    for f in (softmax, log_softmax):
        for axis in range(-3, 3):
            moved = np.moveaxis(f(np.moveaxis(z, axis, -1).copy()), -1, axis)
            np.testing.assert_array_equal(f(z, axis=axis), moved)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_narrow_floats_are_computed_in_float64(dtype):
    z = np.array([[0.0, 5.0, 14.0]], dtype)
    for f in (softmax, log_softmax):
        assert f(z).dtype == dtype
        np.testing.assert_array_equal(f(z), f(z.astype(float)).astype(dtype))
    assert cross_entropy_from_logits([2], z) == cross_entropy_from_logits([2], z.astype(float))
    gradient = cross_entropy_from_logits.grad([2], z)
    assert gradient.dtype == dtype
    np.testing.assert_array_equal(gradient, cross_entropy_from_logits.grad([2], z.astype(float)).astype(dtype))


def test_two_classes_are_log_loss():
    rng = np.random.default_rng(0)
    lead, y = rng.normal(size=2000) * 10 ** rng.uniform(-6, 2.8, 2000), rng.integers(0, 2, 2000)
    z = np.stack([0*lead, lead], axis=1)
    close(cross_entropy_from_logits(y, z, reduction="none"), log_loss_from_logits(y, lead, reduction="none"), rtol=8e-16)
    ours = cross_entropy_from_logits.grad(y, z, reduction="sum")
    close(ours[:, 1], log_loss_from_logits.grad(y, lead, reduction="sum"), rtol=8e-16)
    close(ours[:, 0], -ours[:, 1])


def test_soft_targets_ask_nothing_of_classes_without_a_share():
    assert cross_entropy([[1, 0]], [[1, 0]]) == cross_entropy_from_logits([[1, 0]], [[0, -INF]]) == 0
    assert cross_entropy.grad([[1, 0]], [[1, 0]]).tolist() == [[-1, 0]]
    assert cross_entropy([[0.5, 0.5]], [[1, 0]]) == cross_entropy_from_logits([[0.5, 0.5]], [[0, -INF]]) == INF
    for total in ("keep", "rescale"):
        assert cross_entropy([0], [[0, 0.3]], total=total) == INF
        assert cross_entropy.grad([0], [[0, 0.3]], total=total)[0, 0] == -INF


def test_automatic_gradients_keep_their_digits_where_a_class_is_sure():
    torch = pytest.importorskip("torch")
    z = torch.tensor([[0.0, 50.0], [3.0, -INF]], dtype=torch.float64, requires_grad=True)
    cross_entropy_from_logits(torch.tensor([1, 0]), z, reduction="sum").backward()
    close(z.grad[0], [1.9287498479639178e-22, -1.9287498479639178e-22])
    assert z.grad[1].tolist() == [0, 0]


@pytest.mark.parametrize("classes", [2, 3, 1000])
def test_a_million_numbers_in_slices_are_those_of_one_row_at_a_time(classes):
    rng, n = np.random.default_rng(0), 10**6 // classes
    z, y = rng.normal(0, 3, (n, classes)), rng.integers(0, classes, n)
    each = cross_entropy_from_logits(y, z, reduction="none")
    for i in (0, 1, n // 2, n - 1):
        assert each[i] == cross_entropy_from_logits(y[i], z[i])
    close(cross_entropy(y, softmax(z)), each.mean(), rtol=1e-12)
