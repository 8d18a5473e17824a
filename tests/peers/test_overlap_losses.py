"Jaccard, Tversky, focal Tversky and generalised Dice: the choices that libraries make differently, and the libraries themselves on random masks."
from functools import partial

import numpy as np
import pytest

from lossbook import focal_tversky_loss, generalized_dice_loss, jaccard_loss, tversky_loss
from tests.peers.rows import agree, ask, case, row

EMPTY = np.zeros((1, 4, 4))
ONE_PIXEL = (np.arange(16.0) == 5).astype(float).reshape(1, 4, 4)
SOFT = np.array([[[1, 1, 0, 0]]]), np.array([[[0.9, 0.8, 0.2, 0.1]]])
ONE_FALSE = np.array([[[1, 0, 0, 0]]]), np.array([[[1.0, 1, 0, 0]]])
SALEHI = {"alpha": 0.3, "beta": 0.7}

rng = np.random.default_rng(0)
MASKS, PROBA = (rng.random((3, 8, 8)) < 0.3).astype(int), rng.random((3, 8, 8))
LABELS, PARTS = rng.integers(0, 4, (3, 8, 8)), rng.dirichlet(np.ones(4), (3, 8, 8))
PLANES = np.moveaxis(np.eye(4)[LABELS], -1, 1)

PAIRS = pytest.mark.parametrize("truth, proba", [SOFT, ONE_FALSE, (EMPTY, EMPTY), (EMPTY, ONE_PIXEL), (MASKS, PROBA)],
                                ids=["four pixels", "one false", "empty", "one pixel", "random"])
SMOOTH = pytest.mark.parametrize("smooth", [1e-5, 1.0])
OVER = pytest.mark.parametrize("over", ["each", "all"])
FAMILY = [jaccard_loss, tversky_loss, focal_tversky_loss]


def close(ours, theirs, rtol=1e-12):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-15)


def channel(torch, x):
    "A batch of images of one channel."
    return torch.tensor(np.asarray(x, float))[:, None]


def batch(x):
    "A batch of images of one channel, which is the second axis."
    return np.asarray(x, float)[:, None]


def monai(name, data, **options):
    return getattr(ask.monai.losses, name)(**options)(*map(batch, data[::-1]))


def keras(data, **prices):
    return ask.keras.losses.Tversky(**prices)(*(np.asarray(x, "float32")[..., None] for x in data))


def generalised(library, data):
    "Scores of two classes, none of which is there."
    truth, found = (np.concatenate([x, x])[None] for x in data)
    if library == "monai":
        return ask.monai.metrics.compute_generalized_dice(found, truth, sum_over_classes=True)
    call = ask.torchmetrics.segmentation.generalized_dice_score(found.astype(int), truth.astype(int), num_classes=2)
    return call.then(lambda scores: scores.mean())


def generalised_of(data):
    return partial(generalized_dice_loss, *(np.concatenate([x, x])[None] for x in data), class_axis=1)


NOTHING, FALSE_ALARM = (EMPTY, EMPTY), (EMPTY, ONE_PIXEL)
CASES = [
    case("Jaccard and Tversky losses of four pixels", "Overlaps of the same pixels, each with its own price for errors.",
         row("Jaccard", partial(jaccard_loss, *SOFT, smooth=0), 0.26087, monai("DiceLoss", SOFT, jaccard=True, smooth_nr=0, smooth_dr=1e-9), said="segmentation-models-pytorch"),
         row("Tversky with both prices 1: Jaccard", partial(tversky_loss, *SOFT, alpha=1, beta=1, smooth=0), 0.26087),
         row("Tversky with both prices 1/2: Dice", partial(tversky_loss, *SOFT, smooth=0), 0.15),
         row("Tversky smoothed by 1", partial(tversky_loss, *SOFT), 0.1, said="segmentation-models-pytorch's Dice with smooth=1")),
    case("Tversky loss of one false pixel", "`alpha` prices false pixels at 0.3, `beta` missed ones at 0.7.",
         row("as its paper and its documentation say", partial(tversky_loss, *ONE_FALSE, **SALEHI, smooth=0), 0.2308,
             monai("TverskyLoss", ONE_FALSE, **SALEHI, smooth_nr=0, smooth_dr=1e-9), said="segmentation-models-pytorch"),
         row("prices swapped, against its own documentation", partial(tversky_loss, *ONE_FALSE, alpha=0.7, beta=0.3, smooth=0), 0.4118,
             keras(ONE_FALSE, **SALEHI), wrong=True)),
    case("Tversky loss where nothing is there", "Found empty, and with one pixel marked.",
         row("found empty", partial(tversky_loss, *NOTHING), 0, monai("TverskyLoss", NOTHING)),
         row("found empty, nothing added above", partial(tversky_loss, *NOTHING), 0, keras(NOTHING), gives=1, wrong=True),
         row("one pixel marked", partial(jaccard_loss, *FALSE_ALARM, smooth=1e-5), 0.99999, monai("DiceLoss", FALSE_ALARM, jaccard=True, smooth_nr=2e-5, smooth_dr=2e-5))),
    case("generalised Dice where no class is there", "Weights of absent classes read 1/0.",
         row("found empty", generalised_of(NOTHING), 0),
         row("found empty, a score of 1", generalised_of(NOTHING), 0, generalised("monai", NOTHING), gives=1),
         row("found empty, a score of 0", generalised_of(NOTHING), 0, generalised("torchmetrics", NOTHING), gives=0),
         row("one pixel marked", generalised_of(FALSE_ALARM), 1),
         row("one pixel marked, a score of 0", generalised_of(FALSE_ALARM), 1, generalised("monai", FALSE_ALARM), generalised("torchmetrics", FALSE_ALARM), gives=0)),
    case("generalised Dice loss where no class is there", "False alarms are free in MONAI's loss.",
         row("one pixel marked", generalised_of(FALSE_ALARM), 1),
         row("free", generalised_of(FALSE_ALARM), 1, ask.monai.losses.GeneralizedDiceLoss()(*(np.repeat(batch(x), 2, 1) for x in FALSE_ALARM[::-1])), gives=0, wrong=True)),
]

test_ours, test_theirs = agree(CASES)


@pytest.mark.parametrize("loss", FAMILY)
@pytest.mark.parametrize("smooth", [0.0, 1e-7, 1e-5, 1.0])
@OVER
def test_empty_against_empty_is_0(loss, smooth, over):
    assert loss(EMPTY, EMPTY, smooth=smooth, over=over) == 0
    assert (loss.grad(EMPTY, EMPTY, smooth=smooth, over=over)[EMPTY > 0] == 0).all()


@pytest.mark.parametrize("loss, price, exponent", [(jaccard_loss, 1, 1), (tversky_loss, 0.5, 1), (focal_tversky_loss, 0.3, 0.75)])
@pytest.mark.parametrize("smooth", [0.0, 1e-5, 1.0])
def test_one_pixel_where_nothing_is_costs_what_smoothing_leaves(loss, price, exponent, smooth):
    close(loss(EMPTY, ONE_PIXEL, smooth=smooth), (price / (price + smooth)) ** exponent, rtol=1e-9)


def test_generalised_dice_where_no_class_is():
    none, trace = np.zeros((1, 2, 4, 4)), np.concatenate([EMPTY, ONE_PIXEL])[None]
    for weights in ("square", "simple", "uniform"):
        assert generalized_dice_loss(none, none, class_axis=1, weights=weights) == 0
        assert generalized_dice_loss(none, trace, class_axis=1, weights=weights) == 1
        close(generalized_dice_loss(none, trace, class_axis=1, weights=weights, smooth=1.0), 0.5)


# ---- MONAI


@PAIRS
@SMOOTH
@OVER
@pytest.mark.parametrize("denominator", ["linear", "squared"])
def test_the_jaccard_of_monai_doubles_before_it_smooths(torch, truth, proba, smooth, over, denominator):
    losses = pytest.importorskip("monai.losses")
    theirs = losses.DiceLoss(jaccard=True, smooth_nr=smooth, smooth_dr=smooth, batch=over == "all", squared_pred=denominator == "squared")
    ours = jaccard_loss(truth, proba, smooth=smooth/2, over=over, denominator=denominator)
    close(ours, theirs(channel(torch, proba), channel(torch, truth)).item(), rtol=1e-10)


@PAIRS
@SMOOTH
@OVER
@pytest.mark.parametrize("prices", [SALEHI, {"alpha": 0.5, "beta": 0.5}, {"alpha": 2.0, "beta": 0.1}])
def test_the_tversky_of_monai(torch, truth, proba, smooth, over, prices):
    losses = pytest.importorskip("monai.losses")
    theirs = losses.TverskyLoss(**prices, smooth_nr=smooth, smooth_dr=smooth, batch=over == "all")
    ours = tversky_loss(truth, proba, smooth=smooth, over=over, **prices)
    np.testing.assert_allclose(ours, theirs(channel(torch, proba), channel(torch, truth)).item(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("theirs_gamma, gamma", [(0.75, 4.0), (0.25, 4/3), (0.0, 1.0)])
def test_the_exponent_of_monai_is_one_minus_gamma(torch, theirs_gamma, gamma):
    losses = pytest.importorskip("monai.losses.unified_focal_loss")
    both = [torch.tensor(np.stack([1 - x, x], axis=1).astype(float)) for x in (PROBA, MASKS)]
    theirs = losses.AsymmetricFocalTverskyLoss(to_onehot_y=False, gamma=theirs_gamma, delta=0.7)(*both).item()
    background = tversky_loss(1 - MASKS, 1 - PROBA, **SALEHI, smooth=1e-7)
    close((background + focal_tversky_loss(MASKS, PROBA, gamma=gamma, smooth=1e-7)) / 2, theirs, rtol=1e-6)


@pytest.mark.parametrize("weights", ["square", "simple", "uniform"])
@SMOOTH
@OVER
@pytest.mark.parametrize("absent", [None, 3, 0])
def test_the_generalised_dice_of_monai(torch, weights, smooth, over, absent):
    losses = pytest.importorskip("monai.losses")
    labels = LABELS if absent is None else np.where(LABELS == absent, 1, LABELS)
    planes = torch.tensor(np.moveaxis(np.eye(4)[labels], -1, 1))
    theirs = losses.GeneralizedDiceLoss(w_type=weights, smooth_nr=smooth, smooth_dr=smooth, batch=over == "all")
    ours = generalized_dice_loss(labels, PARTS, weights=weights, smooth=smooth, over=over)
    close(ours, theirs(torch.tensor(np.moveaxis(PARTS, -1, 1)), planes).item(), rtol=1e-6)  # MONAI weighs in float32


# ---- torchmetrics


def score_of_torchmetrics(torch, found, truth, weight_type="square"):
    metrics = pytest.importorskip("torchmetrics.segmentation")
    score = metrics.GeneralizedDiceScore(num_classes=truth.shape[1], weight_type=weight_type)
    return score(torch.tensor(found), torch.tensor(truth)).item()


@pytest.mark.parametrize("weights, theirs", [("square", "square"), ("simple", "simple"), ("uniform", "linear")])
def test_the_generalised_score_of_torchmetrics(torch, weights, theirs):
    found = np.moveaxis(np.eye(4)[PARTS.argmax(-1)], -1, 1)
    ours = 1 - generalized_dice_loss(LABELS, found, class_axis=1, weights=weights)
    close(ours, score_of_torchmetrics(torch, found.astype(int), PLANES.astype(int), theirs), rtol=1e-6)


def test_an_absent_class_is_free_in_torchmetrics(torch):
    truth = np.stack([1 - EMPTY, EMPTY], axis=1).astype(int)
    both = np.stack([1 - EMPTY, ONE_PIXEL], axis=1).astype(int)  # every pixel of class 0 found, and one of class 1
    assert score_of_torchmetrics(torch, both, truth) == 1
    close(generalized_dice_loss(truth, both, class_axis=1), 1 - 32/33)


# ---- Keras


def keras_tversky(keras, truth, found, **prices):
    loss = keras.losses.Tversky(**prices)
    return float(loss(np.asarray(truth, "float32")[..., None], np.asarray(found, "float32")[..., None]))


@PAIRS
def test_keras_swaps_the_prices_and_pools_the_batch(keras, truth, proba):
    theirs = keras_tversky(keras, truth, proba, **SALEHI)
    if truth.any():
        close(tversky_loss(truth, proba, alpha=0.7, beta=0.3, smooth=0, over="all"), theirs, rtol=1e-5)
    else:
        assert theirs == 1


# ---- segmentation-models-pytorch, by its formula; the authors of focal Tversky, by theirs


@pytest.mark.parametrize("gamma", [1.0, 2.0, 0.75])
def test_the_exponent_of_smp_is_gamma_itself_on_the_mean(gamma):
    theirs = tversky_loss(MASKS, PROBA, **SALEHI, smooth=0, over="all") ** gamma
    close(focal_tversky_loss(MASKS, PROBA, gamma=1/gamma, smooth=0, over="all"), theirs)


def test_the_authors_of_focal_tversky_price_misses_with_alpha():
    tp, fp, fn = (MASKS*PROBA).sum(), ((1 - MASKS)*PROBA).sum(), (MASKS*(1 - PROBA)).sum()
    theirs = (1 - (tp + 1)/(tp + 0.7*fn + 0.3*fp + 1)) ** 0.75
    close(focal_tversky_loss(MASKS, PROBA, over="all"), theirs)


# ---- automatic gradients where a quotient reads 0/0 or a root has no slope


@pytest.mark.parametrize("loss", [*FAMILY, *(focal_tversky_loss.bind(gamma=gamma) for gamma in (0.4, 0.8, 1.0, 3.0))], ids=str)
@pytest.mark.parametrize("smooth", [0.0, 1.0])
@pytest.mark.parametrize("truth, proba", [(EMPTY, EMPTY), (EMPTY, ONE_PIXEL), (ONE_PIXEL, ONE_PIXEL), (ONE_PIXEL, EMPTY)],
                         ids=["empty", "false alarm", "perfect", "missed"])
def test_automatic_gradients_stay_finite_and_are_ours(torch, jax, loss, smooth, truth, proba):
    ours = loss.grad(truth, proba, smooth=smooth)
    free = torch.tensor(proba, requires_grad=True)
    loss(torch.tensor(truth), free, smooth=smooth).backward()
    close(free.grad.numpy(), ours)
    close(jax.grad(lambda p: loss(jax.numpy.asarray(truth), p, smooth=smooth))(jax.numpy.asarray(proba)), ours)


def test_automatic_gradients_of_generalised_dice_where_no_class_is(torch, jax):
    none, trace = np.zeros((1, 2, 4, 4)), np.concatenate([EMPTY, ONE_PIXEL])[None]
    for proba in (none, trace):
        free = torch.tensor(proba, requires_grad=True)
        generalized_dice_loss(torch.tensor(none), free, class_axis=1).backward()
        theirs = jax.grad(lambda p: generalized_dice_loss(jax.numpy.asarray(none), p, class_axis=1))(jax.numpy.asarray(proba))
        assert (free.grad.numpy() == 0).all() and (np.asarray(theirs) == 0).all()
