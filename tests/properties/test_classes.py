"What every loss over classes does with weights of classes, labels to ignore and label smoothing."
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbook.core import check_gradient
from lossbook.summaries import WeightedMean
from tests.properties.inputs import IGNORED, OVER_CLASSES, make_call, of_labels, takes_soft_truth
from tests.properties.inputs import each_loss_over_classes as each_loss

each_soft_loss = pytest.mark.parametrize("loss", [loss for loss in OVER_CLASSES if takes_soft_truth(loss)])
seeds = st.integers(0, 2**32 - 1)

def labelled(loss, seed, n=7, classes=4, soft=False):
    "A call on `n` labels, and weights of its classes."
    call = make_call(loss, seed, (n,), classes=classes, soft=soft)
    return call, np.random.default_rng(seed).uniform(0.5, 3, classes)


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@each_loss
@given(seeds)
def test_a_class_weight_is_the_weight_of_its_examples(loss, seed):
    call, weight = labelled(loss, seed)
    for reduction in ("mean", "batchmean", "sum", "none"):
        by_class = call.with_options(class_weight=weight, reduction=reduction)
        by_example = call.with_options(sample_weight=weight[call.y_true], reduction=reduction)
        close(by_class(), by_example())
        close(by_class.grad(), by_example.grad())


@each_loss
@given(seeds)
def test_both_weights_multiply(loss, seed):
    call, weight = labelled(loss, seed)
    other = np.random.default_rng(seed + 1).uniform(0.5, 3, 7)
    close(call(class_weight=weight, sample_weight=other), call(sample_weight=weight[call.y_true] * other))


@each_loss
@given(seeds)
def test_an_ignored_label_is_absence(loss, seed):
    call, weight = labelled(loss, seed)
    hidden = call._replace(y_true=np.where(np.arange(7) < 3, IGNORED, call.y_true.astype(int)))
    rest = call.map(lambda x: x[3:])
    for reduction in ("mean", "sum"):
        options = {"class_weight": weight, "reduction": reduction}
        close(hidden(ignore_index=IGNORED, **options), rest(**options))
        close(hidden.grad(ignore_index=IGNORED, **options), np.concatenate([np.zeros((3, 4)), rest.grad(**options)]))
    close(hidden(ignore_index=IGNORED, reduction="batchmean"), rest(reduction="sum") / 7)


@each_loss
@given(seeds)
def test_nothing_left_has_no_mean_and_a_sum_of_0(loss, seed):
    call, _ = labelled(loss, seed)
    call = call._replace(y_true=np.full(7, IGNORED)).with_options(ignore_index=IGNORED)
    for ask in (call, call.grad):
        with pytest.raises(ValueError, match="by ignore_index every example has weight 0"):
            ask()
    assert call(reduction="sum") == call(reduction="batchmean") == 0
    assert not call.grad(reduction="sum").any()


@each_soft_loss
@given(seeds, st.floats(0, 1))
def test_smoothing_mixes_the_truth_with_all_classes(loss, seed, share):
    call, _ = labelled(loss, seed)
    soft = call._replace(y_true=(1 - share) * np.eye(4)[call.y_true] + share / 4)
    close(call(label_smoothing=share), soft())
    close(call.grad(label_smoothing=share), soft.grad())


@each_soft_loss
@given(seeds)
def test_a_soft_truth_weighs_what_is_expected(loss, seed):
    call, weight = labelled(loss, seed, soft=True)
    close(call(class_weight=weight), call(sample_weight=call.y_true @ weight))


@each_loss
@given(seeds)
def test_the_gradient_is_right_with_all_of_them(loss, seed):
    call = of_labels(loss, seed, (4,))
    check_gradient(loss, call.y_true, call.y_pred, **call.options)


@each_loss
@given(seeds)
def test_batches_add_up_to_the_mean(loss, seed):
    call, weight = labelled(loss, seed)
    options = {"class_weight": weight, "ignore_index": 1}
    parts = [WeightedMean.from_loss(loss, call.y_true[i], call.y_pred[i], **options) for i in (slice(2), slice(2, 7))]
    if (call.y_true != 1).any():
        close(sum(parts).mean, call(**options))


@each_loss
def test_it_refuses(loss):
    call, _ = labelled(loss, 0)
    for options, sentence in [
        ({"class_weight": [1, 2]}, r"class_weight has shape \(2,\) for 4 classes"),
        ({"class_weight": [1, 2, 3, -1]}, r"class_weight holds -1 at \[3\]"),
        ({"class_weight": [1, 2, 3, np.nan]}, r"class_weight holds nan at \[3\]"),
        ({"class_weight": "balanced"}, "class_weight holds <U8"),
        ({"class_weight": {0: 1}}, "class_weight holds object"),
        ({"class_weight": [0, 0, 0, 0]}, "by class_weight every example has weight 0"),
        ({"label_smoothing": 1.5}, "label_smoothing is 1.5: it must be from 0 to 1"),
        ({"label_smoothing": "some"}, "label_smoothing is 'some': it must be a number"),
        ({"label_smoothing": np.nan}, "label_smoothing is nan"),
        ({"ignore_index": 1.5}, "ignore_index is 1.5: it must be a whole number"),
    ]:
        for ask in (call, call.grad):
            with pytest.raises((ValueError, TypeError), match=sentence):
                ask(**options)
    with pytest.raises(ValueError, match=r"y_true holds 77 at \[0\]: it must be a label from 0 to 3"):
        call._replace(y_true=np.full(7, IGNORED))()
