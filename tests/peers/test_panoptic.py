"Panoptic quality: the choices that libraries make differently, and torchmetrics on random maps."
from functools import partial

import numpy as np
import pytest

from lossbook import panoptic_quality, recognition_quality, segmentation_quality
from lossbook.segmentation.panoptic import PanopticCounts
from tests.peers.rows import agree, ask, case, row

# Sky, meadow and three sheep; the first is found to two thirds, the other two are taken for one.
TRUTH, FOUND = np.zeros((2, 6, 10, 2), int)
TRUTH[2:] = FOUND[2:] = 1, 0
TRUTH[2:5, 1:3], TRUTH[3:5, 5:7], TRUTH[3:5, 7:9] = (2, 1), (2, 2), (2, 3)
FOUND[2:5, 1:3], FOUND[2, 1:3], FOUND[3:5, 5:9] = (2, 1), (0, 0), (2, 2)
SILENT = np.where(TRUTH[..., :1] == 2, [255, 0], TRUTH)

QUALITIES = [panoptic_quality, segmentation_quality, recognition_quality]
VOID = 255


def close(ours, theirs, rtol=1e-12):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-15)


def all_three(*maps, **options):
    "PQ, SQ and RQ, one column each."
    return np.stack([quality(*maps, **options) for quality in QUALITIES], axis=-1)


def random_maps(rng, n, void=0.0):
    "Blocks of four classes, with numbers of their own, and a prediction that is mostly the truth."
    blocks = rng.integers(0, [4, 3], (n, 4, 5, 2))
    truth = blocks.repeat(4, axis=1).repeat(3, axis=2)
    truth = np.where(rng.random((n, 16, 15, 1)) < 0.95, truth, np.roll(truth, 1, axis=2))
    found = np.where(rng.random((n, 16, 15, 1)) < rng.uniform(0.4, 1, (n, 1, 15, 1)), truth, np.roll(truth, 3, axis=1))
    truth[:, 8:] = np.where(rng.random((n, 1, 15, 1)) < void, [VOID, 0], truth[:, 8:])
    return truth, found


def torchmetrics(found, **options):
    call = ask.torchmetrics.detection.panoptic_quality(found[None], TRUTH[None], things={2}, stuffs={0, 1}, **options)
    return call.then(float)


CASES = [
    case("panoptic quality of a class without a match", "Sky, meadow and three sheep, none of which is found: the quality of their segments reads 0/0.",
         row("left out of the mean", partial(segmentation_quality, TRUTH, SILENT, ignore_index=VOID, average="macro"), 1.0),
         row("counted as 0", partial(segmentation_quality, TRUTH, SILENT, ignore_index=VOID, average="macro", undefined=0.0), 2/3)),
    case("panoptic quality of what is not said", "The pixels of the sheep are left without an answer.",
         row("the sheep are missed", partial(panoptic_quality, TRUTH, SILENT, ignore_index=VOID, average="macro"), 2/3),
         row("silence is forgiven", partial(panoptic_quality, TRUTH, SILENT, ignore_index=VOID, average="macro"), 2/3,
             torchmetrics(SILENT, allow_unknown_preds_category=True), gives=1, wrong=True)),
]

test_ours, test_theirs = agree(CASES)


def test_three_sheep_and_a_sky():
    close(all_three(TRUTH, FOUND), [[10/11, 10/11, 1], [1, 1, 1], [4/15, 2/3, 2/5]])
    close(all_three(TRUTH, FOUND, average="macro"), [359/495, 85/99, 4/5])


def test_a_class_that_is_nowhere_is_left_out():
    close(all_three(TRUTH, FOUND, labels=5, average="macro"), all_three(TRUTH, FOUND, average="macro"))


def test_silence_is_no_excuse():
    assert PanopticCounts.from_maps(TRUTH, SILENT, labels=3, ignore_index=VOID).fn.tolist() == [0, 0, 3]
    close(panoptic_quality(TRUTH, SILENT, ignore_index=VOID), [1, 1, 0])


# ---- torchmetrics


@pytest.fixture(scope="module")
def theirs(torch):
    detection = pytest.importorskip("torchmetrics.functional.detection")

    def ask(truth, found, things, stuff, per_class=True, **options):
        maps = (torch.tensor(np.asarray(x)).reshape(-1, *np.shape(x)[-3:]) for x in (found, truth))
        return detection.panoptic_quality(*maps, things=set(things), stuffs=set(stuff), return_sq_and_rq=True, return_per_class=per_class, **options).numpy()
    return ask


@pytest.mark.parametrize("void", [0.0, 0.3])
@pytest.mark.parametrize("things, stuff", [((0, 1, 2, 3), ()), ((0, 1), (2, 3)), ((), (0, 1, 2, 3))])
def test_random_maps(theirs, void, things, stuff):
    rng = np.random.default_rng(0)
    for _ in range(2):
        truth, found = random_maps(rng, 3, void)
        options = {"labels": 4, "stuff": stuff, "ignore_index": VOID if void else None, "undefined": 0.0}
        ours = all_three(truth, found, **options)
        close(ours, theirs(truth, found, things, stuff), rtol=1e-6)  # of IoUs in float32
        assert not things or ours[:, 2].min() < 1


def test_the_mean_over_classes(theirs):
    close(all_three(TRUTH, FOUND, average="macro", undefined=0.0), theirs(TRUTH, FOUND, {2}, {0, 1}, per_class=False).ravel(), rtol=1e-6)
    close(all_three(TRUTH, FOUND, labels=4, average="macro"), theirs(TRUTH, FOUND, {2, 3}, {0, 1}, per_class=False).ravel(), rtol=1e-6)


def test_a_class_without_a_match(theirs):
    missed = np.where(TRUTH[..., :1] == 2, [1, 0], TRUTH)
    ours = {"average": "macro", "undefined": 0.0}
    close(all_three(TRUTH, missed, **ours), theirs(TRUTH, missed, {2}, {0, 1}, per_class=False).ravel(), rtol=1e-6)
