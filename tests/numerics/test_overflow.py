"Numbers whose squares no float holds: losses are infinite without a warning, in one slice and in many; shares of squares are refused."
import numpy as np
import pytest

from lossbook import mean_squared_error, r2_score, squared_error

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("n", [2, 200_000])
def test_a_square_beyond_the_largest_number(n):
    y = np.full(n, 1e200)
    assert squared_error(0*y, y) == mean_squared_error(0*y, y) == np.inf
    assert (squared_error.grad(0*y, y, reduction="sum") == 2e200).all()


def test_slices_that_overflow_together():
    y = np.full(200_000, 1e152)
    assert squared_error(0*y, y, reduction="sum") == np.inf and np.isfinite(squared_error(0*y[:9], y[:9], reduction="sum"))


def test_a_share_of_what_overflows():
    with pytest.raises(ValueError, match="beyond the largest number"): r2_score([0, 1e200], [0, 1])
