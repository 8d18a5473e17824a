"Laws of the Lovász losses: convex, exact at the corners, between bounds, blind to where a pixel lies; and their subgradients at ties."
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbook.segmentation.dice import iou_score
from lossbook.segmentation.lovasz import jaccard_prices, lovasz_hinge_loss, lovasz_softmax_loss

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 4), st.integers(1, 5))


def drawn(seed, size, share=None):
    "A generator and a mask, empty or full now and then."
    rng = np.random.default_rng(seed)
    share = rng.choice([0, .2, .5, 1]) if share is None else share
    return rng, (rng.random(size) < share).astype(int)


def rounded(rng, size):
    "Scores with ties."
    return np.round(rng.normal(0, 2, size))


def extension(mask, errors):
    return (jaccard_prices(mask.astype(float), errors) * errors).sum()


def jaccard(mask, wrong):
    union = (mask | wrong).sum()
    return wrong.sum()/union if union else 0


@given(seeds, sizes, st.floats(0, 1))
def test_the_hinge_is_convex_in_the_scores(seed, size, t):
    rng, mask = drawn(seed, size)
    a, b = rounded(rng, size), rng.normal(0, 2, size)
    between = lovasz_hinge_loss(mask, t*a + (1 - t)*b)
    assert between <= t*lovasz_hinge_loss(mask, a) + (1 - t)*lovasz_hinge_loss(mask, b) + 1e-12


@given(seeds, sizes, st.floats(0, 1), st.sampled_from(["present", "all"]))
def test_the_softmax_form_is_convex_in_the_probabilities(seed, size, t, classes):
    rng = np.random.default_rng(seed)
    labels, (a, b) = rng.integers(0, 3, size), rng.dirichlet(np.ones(3), (2, *size))
    between = lovasz_softmax_loss(labels, t*a + (1 - t)*b, classes=classes)
    ends = [lovasz_softmax_loss(labels, p, classes=classes) for p in (a, b)]
    assert between <= t*ends[0] + (1 - t)*ends[1] + 1e-12


@pytest.mark.parametrize("bits", list(product([0, 1], repeat=4)))
def test_corners_are_jaccard_losses(bits):
    mask = np.reshape(bits, (2, 2))
    for wrong in product([0, 1], repeat=4):
        wrong = np.reshape(wrong, (2, 2))
        assert extension(mask, wrong*1.) == pytest.approx(jaccard(mask, wrong), rel=1e-14)


@given(seeds, sizes)
def test_hard_predictions_have_one_minus_their_iou(seed, size):
    rng = np.random.default_rng(seed)
    labels, marked = rng.integers(0, 3, (2, *size))
    scores = [iou_score((labels == c)*1, (marked == c)*1, labels=2) for c in np.unique(labels)]
    assert lovasz_softmax_loss(labels, np.eye(3)[marked]) == pytest.approx(1 - np.mean(scores), abs=1e-14)


@given(seeds, sizes)
def test_it_lies_between_the_jaccard_loss_and_the_largest_hinge(seed, size):
    rng, mask = drawn(seed, size)
    scores = rng.normal(0, 2, size)
    wrong = ((scores > 0) != mask)*1
    largest = np.maximum(0, 1 - (2*mask - 1)*scores).max()
    assert jaccard(mask, wrong) - 1e-12 <= lovasz_hinge_loss(mask, scores) <= largest + 1e-12


@given(seeds, sizes)
def test_prices_add_up_to_the_loss_of_all_wrong(seed, size):
    rng, mask = drawn(seed, size)
    prices = jaccard_prices(mask.astype(float), rng.random(size))
    assert (prices >= 0).all() and prices.sum() == pytest.approx(1, rel=1e-12)


@given(seeds, sizes, st.floats(0.01, 100))
def test_errors_in_another_unit(seed, size, unit):
    rng, mask = drawn(seed, size)
    errors = rng.random(size)
    assert extension(mask, unit*errors) == pytest.approx(unit*extension(mask, errors), rel=1e-12)


@given(seeds, sizes)
def test_more_error_never_costs_less(seed, size):
    rng, mask = drawn(seed, size)
    errors, more = rng.random((2, *size))
    assert extension(mask, errors) <= extension(mask, errors + more*(more > .5)) + 1e-12


@given(seeds, sizes)
def test_where_a_pixel_lies_does_not_matter(seed, size):
    rng, mask = drawn(seed, size)
    scores, order = rng.normal(0, 2, mask.size), rng.permutation(mask.size)
    there = mask.ravel()[order].reshape(size), scores[order].reshape(size)
    assert lovasz_hinge_loss(*there) == pytest.approx(lovasz_hinge_loss(mask, scores.reshape(size)), rel=1e-12)
    there = mask.ravel()[order][None], rounded(rng, (1, mask.size))  # with ties the value is the same, whatever the order
    again = rng.permutation(mask.size)
    assert lovasz_hinge_loss(*(x[:, again] for x in there)) == pytest.approx(lovasz_hinge_loss(*there), rel=1e-12, abs=1e-14)


@given(seeds, sizes)
def test_a_gradient_at_ties_is_a_plane_below(seed, size):
    rng, mask = drawn(seed, size)
    here = rounded(rng, size)
    value, slope = lovasz_hinge_loss.value_and_grad(mask, here)
    for there in (here + rng.normal(0, s, size) for s in (.1, 1, 10)):
        assert lovasz_hinge_loss(mask, there) >= value + (slope*(there - here)).sum() - 1e-11


def test_the_first_of_equal_pixels_is_the_worse_in_every_library(torch, jax):
    import array_api_strict
    mask, scores = np.array([[0, 1, 1, 0, 1, 0]*8]), np.zeros((1, 48))
    ours = lovasz_hinge_loss.grad(mask, scores)
    for asarray in (torch.asarray, jax.numpy.asarray, array_api_strict.asarray):
        np.testing.assert_allclose(np.asarray(lovasz_hinge_loss.grad(asarray(mask), asarray(scores))), ours, rtol=1e-12)
    free = torch.asarray(scores).requires_grad_()
    lovasz_hinge_loss(torch.asarray(mask), free).backward()
    np.testing.assert_allclose(free.grad.numpy(), ours, rtol=1e-12)
    def of(f): return lovasz_hinge_loss(jax.numpy.asarray(mask), f)
    np.testing.assert_allclose(np.asarray(jax.jit(jax.grad(of))(jax.numpy.asarray(scores))), ours, rtol=1e-12)
