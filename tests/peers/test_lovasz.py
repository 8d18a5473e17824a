"""Lovász losses against the algorithms of Berman, Rannen Triki and Blaschko (2018), written down from the paper pixel by pixel.

Their choices: each image or the batch as one, the classes of the image or all, pixels to leave out.
"""
import numpy as np
import pytest

from lossbook.segmentation.lovasz import lovasz_hinge_loss, lovasz_softmax_loss

VOID = 255


def losses_of_prefixes(truth):
    "Jaccard loss when the first 1, 2, ... pixels are wrong, of pixels in falling order of error."
    found = []
    for k in range(1, len(truth) + 1):
        shared = sum(truth[k:])
        union = sum(truth) + sum(1 - g for g in truth[:k])
        found.append(1 - shared/union)
    return found


def algorithm_1(errors, truth):
    "The extension at some errors, and its slopes."
    order = sorted(range(len(errors)), key=lambda i: -errors[i])
    losses = [0, *losses_of_prefixes([int(truth[i]) for i in order])]
    slopes = np.zeros(len(errors))
    for k, i in enumerate(order):
        slopes[i] = losses[k + 1] - losses[k]
    return sum(errors*slopes), slopes


def hinge(labels, scores, ignore=None):
    "The binary loss of a set of pixels, and its slopes."
    labels, scores = labels.ravel(), scores.ravel()
    slopes, there = np.zeros(len(labels)), labels != ignore
    signs = 2*labels[there] - 1
    errors = 1 - scores[there]*signs
    _, prices = algorithm_1(errors, labels[there])
    slopes[there] = -signs*prices*(errors > 0)
    return np.maximum(errors, 0) @ prices, slopes


def softmax_form(labels, proba, classes, ignore=None):
    "The loss of a set of pixels over classes."
    labels, proba = labels.ravel(), proba.reshape(-1, proba.shape[-1])
    proba, labels = proba[labels != ignore], labels[labels != ignore]
    wanted = [c for c in range(proba.shape[1]) if classes == "all" or (labels == c).any()]
    return np.mean([algorithm_1(abs((labels == c) - proba[:, c]), labels == c)[0] for c in wanted])


@pytest.fixture(params=range(5))
def batch(request):
    "Three images: labels of four classes, of which the last is rare, scores and probabilities."
    rng = np.random.default_rng(request.param)
    labels = rng.choice(4, (3, 5, 6), p=[.5, .3, .18, .02])
    return labels, rng.normal(0, 2, labels.shape), rng.dirichlet(np.ones(4), labels.shape)


def test_the_hinge_of_each_image(batch):
    labels, scores, _ = batch
    masks = (labels == 1).astype(int)
    theirs = [hinge(*image) for image in zip(masks, scores)]
    np.testing.assert_allclose(lovasz_hinge_loss(masks, scores, reduction="none"), [value for value, _ in theirs], rtol=1e-12)
    slopes = lovasz_hinge_loss.grad(masks, scores, reduction="none").reshape(3, -1)
    np.testing.assert_allclose(slopes, [slope for _, slope in theirs], rtol=1e-11, atol=1e-15)


def test_the_hinge_of_the_batch(batch):
    labels, scores, _ = batch
    masks = (labels == 1).astype(int)
    value, slopes = hinge(masks, scores)
    np.testing.assert_allclose(lovasz_hinge_loss(masks, scores, over="all"), value, rtol=1e-12)
    np.testing.assert_allclose(lovasz_hinge_loss.grad(masks, scores, over="all").ravel(), slopes, rtol=1e-11, atol=1e-15)


def test_an_image_without_an_object(batch):
    _, scores, _ = batch
    value, slopes = hinge(np.zeros(30, int), scores[0])
    np.testing.assert_allclose(lovasz_hinge_loss(np.zeros((5, 6)), scores[0]), value, rtol=1e-12)
    np.testing.assert_allclose(lovasz_hinge_loss.grad(np.zeros((5, 6)), scores[0]).ravel(), slopes, rtol=1e-12)


@pytest.mark.parametrize("classes", ["present", "all"])
def test_the_softmax_form(batch, classes):
    labels, _, proba = batch
    each = [softmax_form(*image, classes) for image in zip(labels, proba)]
    np.testing.assert_allclose(lovasz_softmax_loss(labels, proba, classes=classes, reduction="none"), each, rtol=1e-12)
    first = np.moveaxis(proba, -1, 1)
    np.testing.assert_allclose(lovasz_softmax_loss(labels, first, classes=classes, class_axis=1), np.mean(each), rtol=1e-12)
    pooled = softmax_form(labels, proba, classes)
    np.testing.assert_allclose(lovasz_softmax_loss(labels, proba, classes=classes, over="all"), pooled, rtol=1e-12)


def test_pixels_to_leave_out_are_taken_out(batch):
    labels, scores, proba = batch
    masks = np.where(scores > 3, VOID, labels == 1)
    kept = masks != VOID
    np.testing.assert_allclose(lovasz_hinge_loss(masks[kept], scores[kept], over="all"), hinge(masks, scores, VOID)[0], rtol=1e-12)
    theirs = softmax_form(np.where(kept, labels, VOID), proba, "present", VOID)
    np.testing.assert_allclose(lovasz_softmax_loss(labels[kept], proba[kept], over="all"), theirs, rtol=1e-12)


def test_torch_differentiates_their_algorithm_to_our_gradient(batch, torch):
    labels, scores, proba = batch
    masks = torch.asarray(labels[0] == 1).double().ravel()
    free = torch.asarray(scores[0].ravel()).requires_grad_()
    worst, order = torch.sort(1 - free*(2*masks - 1), descending=True)
    there = masks[order]
    losses = 1 - (there.sum() - there.cumsum(0)) / (there.sum() + (1 - there).cumsum(0))
    prices = torch.diff(losses, prepend=torch.zeros(1, dtype=torch.float64))
    (torch.relu(worst) @ prices).backward()
    ours = lovasz_hinge_loss.grad((labels[0] == 1).astype(int), scores[0])
    np.testing.assert_allclose(ours.ravel(), free.grad.numpy(), rtol=1e-11, atol=1e-15)
