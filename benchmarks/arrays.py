"Losses and metrics of arrays: one function for each part of the book, which draws its data and yields its tasks."
from functools import cache

import numpy as np

import lossbook
from benchmarks.harness import Task, compare, installed, optional

LIBRARIES = {"lossbook": "lossbook", "scikit-learn": "sklearn.metrics", "PyTorch": "torch", "torchmetrics": "torchmetrics.functional", "pycocotools": "pycocotools.mask"}
SIZES = tuple(10**k for k in range(4, 8))
BATCH = 10**5

sk = optional("sklearn.metrics")
torch = optional("torch")
tm = optional("torchmetrics.functional.classification")
tm_regression = optional("torchmetrics.functional")
F = optional("torch.nn.functional")
coco = optional("pycocotools.mask")


if torch:
    torch.set_num_threads(1)  # as all the others here


@cache
def there():
    return [library for library, module in LIBRARIES.items() if optional(module)]


def answers(part, most):
    for n in SIZES:
        for task in PARTS[part](n) if n <= most else ():
            yield compare(task, n, there())


def about(part):
    "The versions of the libraries that a part asks, and the names of those that are missing."
    asked = {library for task in PARTS[part](100) for library in task.calls}
    packages = {"PyTorch": "torch"}
    found = installed(["numpy", *(packages.get(library, library) for library in LIBRARIES if library in asked and library != "lossbook")])
    return found, [library for library in LIBRARIES if library in asked and library not in there()]


def tensors(*arrays):
    return [torch.as_tensor(array) for array in arrays] if torch else arrays


def regression(n):
    rng = np.random.default_rng(0)
    y = rng.normal(size=n)
    p = y + 0.5 * rng.normal(size=n)
    y32, p32 = y.astype(np.float32), p.astype(np.float32)
    ty, tp, ty32, tp32 = tensors(y, p, y32, p32)
    yield Task("mean squared error", {
        "lossbook": lambda: lossbook.mean_squared_error(y, p), "scikit-learn": lambda: sk.mean_squared_error(y, p),
        "PyTorch": lambda: F.mse_loss(tp, ty), "torchmetrics": lambda: tm_regression.mean_squared_error(tp, ty)})
    yield Task("mean squared error, float32", {
        "lossbook": lambda: lossbook.mean_squared_error(y32, p32), "scikit-learn": lambda: sk.mean_squared_error(y32, p32),
        "PyTorch": lambda: F.mse_loss(tp32, ty32), "torchmetrics": lambda: tm_regression.mean_squared_error(tp32, ty32)})
    yield Task("mean absolute error", {
        "lossbook": lambda: lossbook.mean_absolute_error(y, p), "scikit-learn": lambda: sk.mean_absolute_error(y, p),
        "PyTorch": lambda: F.l1_loss(tp, ty), "torchmetrics": lambda: tm_regression.mean_absolute_error(tp, ty)})
    yield Task("R2", {
        "lossbook": lambda: lossbook.r2_score(y, p), "scikit-learn": lambda: sk.r2_score(y, p), "torchmetrics": lambda: tm_regression.r2_score(tp, ty)})


def classification(n, classes=10):
    rng = np.random.default_rng(0)
    truth, proba = rng.random(n) < 0.3, rng.random(n)
    y, p = rng.integers(0, classes, (2, n))
    t_truth, t_proba, ty, tp = tensors(truth.astype(float), proba, y, p)
    yield Task("F1, macro, 10 labels", {
        "lossbook": lambda: lossbook.f1_score(y, p, average="macro"), "scikit-learn": lambda: sk.f1_score(y, p, average="macro"),
        "torchmetrics": lambda: tm.multiclass_f1_score(tp, ty, num_classes=classes)})
    yield Task("accuracy", {
        "lossbook": lambda: lossbook.accuracy_score(y, p), "scikit-learn": lambda: sk.accuracy_score(y, p),
        "torchmetrics": lambda: tm.multiclass_accuracy(tp, ty, num_classes=classes, average="micro")})
    yield Task("log loss, two classes", {
        "lossbook": lambda: lossbook.log_loss(truth, proba), "scikit-learn": lambda: sk.log_loss(truth, proba),
        "PyTorch": lambda: F.binary_cross_entropy(t_proba, t_truth)})
    if n <= 10**6:  # scikit-learn holds 410 bytes a row
        shares = rng.dirichlet(np.ones(classes), n)
        t_shares, = tensors(shares)
        yield Task("cross-entropy, 10 classes", {
            "lossbook": lambda: lossbook.cross_entropy(y, shares), "scikit-learn": lambda: sk.log_loss(y, shares, labels=range(classes)),
            "PyTorch": lambda: F.nll_loss(t_shares.log(), ty)})


def ranking(n):
    rng = np.random.default_rng(0)
    y = (rng.random(n) < 0.3).astype(int)
    s = 1 / (1 + np.exp(-rng.normal(size=n) - y))
    ty, ts = tensors(y, s)
    yield Task("ROC AUC", {
        "lossbook": lambda: lossbook.roc_auc_score(y, s), "scikit-learn": lambda: sk.roc_auc_score(y, s), "torchmetrics": lambda: tm.binary_auroc(ts, ty)})
    yield Task("average precision", {
        "lossbook": lambda: lossbook.average_precision_score(y, s), "scikit-learn": lambda: sk.average_precision_score(y, s),
        "torchmetrics": lambda: tm.binary_average_precision(ts, ty)})
    yield Task("ROC curve, every point", {
        "lossbook": lambda: lossbook.roc_curve(y, s).fpr, "scikit-learn": lambda: sk.roc_curve(y, s, drop_intermediate=False)[0],
        "torchmetrics": lambda: tm.binary_roc(ts, ty)[0]})
    if n <= 10**6:  # torchmetrics goes through the scores once for each threshold
        yield Task("ROC AUC, 200 thresholds", {
            "lossbook": lambda: lossbook.roc_auc_score(y, s, bins=199), "torchmetrics": lambda: tm.binary_auroc(ts, ty, thresholds=200)})


def segmentation(n, labels=21):
    rng = np.random.default_rng(0)
    mask, found = rng.random((2, n)) < 0.3
    y, noise = rng.integers(0, labels, (2, n))
    p = np.where(rng.random(n) < 0.8, y, noise)
    t_mask, t_found, ty, tp = tensors(mask.astype(int), found.astype(int), y, p)
    yield Task("mean IoU, 21 labels", {
        "lossbook": lambda: lossbook.iou_score(y, p, labels=labels, average="macro"), "scikit-learn": lambda: sk.jaccard_score(y, p, average="macro"),
        "torchmetrics": lambda: tm.multiclass_jaccard_index(tp, ty, num_classes=labels)})
    yield Task("Dice of a mask", {
        "lossbook": lambda: lossbook.dice_score(mask, found), "scikit-learn": lambda: sk.f1_score(mask, found),
        "torchmetrics": lambda: tm.binary_f1_score(t_found, t_mask)})


def boxes(n):
    "About n pairs, of as many boxes on both sides."
    rng, side = np.random.default_rng(0), round(n**0.5)
    low, span = rng.uniform(0, 600, (2, side, 2)), rng.uniform(5, 200, (2, side, 2))
    true, pred = np.concatenate([low, low + span], axis=2)
    sized = [lossbook.convert_boxes(each, target="xywh") for each in (true, pred)]
    def theirs():
        return coco.iou(*sized, np.zeros(side, np.uint8))
    yield Task("IoU of every pair", {"lossbook": lambda: lossbook.box_iou(true, pred), "pycocotools": theirs})
    yield Task("GIoU of every pair, against IoU", {"lossbook": lambda: lossbook.box_iou(true, pred, kind="giou"), "pycocotools": theirs})


def streams(n):
    "n scores that come a batch at a time; the batch is one and the same, so that nothing is drawn while one measures."
    rng, times = np.random.default_rng(0), max(1, n // BATCH)
    y = (rng.random(min(n, BATCH)) < 0.3).astype(int)
    s = 0.3 * y + 0.7 * rng.random(len(y))
    ty, ts = tensors(y, s)

    def ours():
        parts = (lossbook.BinnedScores.from_scores(y, s, bins=199) for _ in range(times))
        return lossbook.roc_auc_score.of(sum(parts, lossbook.BinnedScores(199)))

    def of_torchmetrics():
        metric = import_metric()
        for _ in range(times):
            metric.update(ts, ty)
        return metric.compute()

    yield Task("ROC AUC of batches of 100,000", {
        "lossbook": ours, "scikit-learn": lambda: sk.roc_auc_score(np.concatenate([y] * times), np.concatenate([s] * times)), "torchmetrics": of_torchmetrics})


def import_metric():
    from torchmetrics.classification import BinaryAUROC
    return BinaryAUROC(thresholds=200)


PARTS = {part.__name__: part for part in (regression, classification, ranking, segmentation, boxes, streams)}
