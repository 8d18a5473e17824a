"Where a margin is exactly met, every library takes the slope halfway; and truth is looked at only where it is at hand."
import array_api_strict
import numpy as np
import pytest

from lossbook.classification.hinge import hinge_loss, squared_hinge_loss

KINKS = [(1, 1.0, -0.5), (0, -1.0, 0.5), (-1, -1.0, 0.5)]  # truth, score, slope


def torch_slope(torch, f, score):
    score = torch.tensor(score, dtype=torch.float64, requires_grad=True)
    f(score).backward()
    return score.grad.item()


@pytest.mark.parametrize("truth, score, slope", KINKS)
def test_the_slope_at_the_kink_is_halfway(torch, jax, truth, score, slope):
    assert hinge_loss.grad(truth, score) == slope
    assert torch_slope(torch, lambda f: hinge_loss(torch.tensor(truth), f), score) == slope
    assert jax.grad(lambda f: hinge_loss(jax.numpy.asarray(truth), f))(score) == slope
    assert jax.jit(jax.grad(lambda t, f: hinge_loss(t, f), argnums=1))(truth, score) == slope
    assert float(hinge_loss.grad(array_api_strict.asarray(truth), array_api_strict.asarray(score))) == slope


@pytest.mark.parametrize("truth, score, slope", KINKS)
def test_the_square_has_no_kink(torch, jax, truth, score, slope):
    assert squared_hinge_loss.grad(truth, score) == 0
    assert torch_slope(torch, lambda f: squared_hinge_loss(torch.tensor(truth), f), score) == 0
    assert jax.grad(lambda f: squared_hinge_loss(jax.numpy.asarray(truth), f))(score) == 0


def test_clamp_and_relu_of_torch_take_either_end(torch):
    assert torch_slope(torch, lambda f: torch.clamp(1 - f, min=0), 1.0) == -1
    assert torch_slope(torch, lambda f: torch.relu(1 - f), 1.0) == 0


def test_truth_is_looked_at_where_it_is_at_hand(torch, jax):
    odd, scores = np.array([0.3, 1.0]), np.array([0.5, 0.5])
    for asarray in (np.asarray, torch.asarray, jax.numpy.asarray, array_api_strict.asarray):
        with pytest.raises(ValueError, match="y_true holds 0.3"):
            hinge_loss(asarray(odd), asarray(scores))
    assert np.isfinite(jax.jit(hinge_loss)(odd, scores))
    far = array_api_strict.Device("device1")
    assert np.isfinite(float(hinge_loss(array_api_strict.asarray(odd, device=far), array_api_strict.asarray(scores, device=far))))
