"Losses and their slopes on a CUDA device, written as here and as PyTorch has them, called as they are and compiled."
from functools import partial

import lossbook
from benchmarks.harness import Task, compare, installed, optional

SIZES = 10**4, 10**6, 10**8
CLASSES = 1000
LIBRARIES = ["lossbook", "PyTorch"]

torch = optional("torch")
F = optional("torch.nn.functional")


def there():
    return torch is not None and torch.cuda.is_available()


def answers(most):
    for n in SIZES:
        for task in tasks(n) if n <= 10 * most else ():  # of what lasts as long as on a processor
            yield compare(task, n, LIBRARIES, held=megabytes)


def about():
    vendor, _, card = torch.cuda.get_device_name().partition(" ")
    return {vendor: card, **installed(["torch"])}, []


def tasks(n):
    torch.manual_seed(0)
    torch.compiler.reset()  # it compiles a function for eight sizes at most
    z = torch.randn(n, device="cuda")
    truth = (torch.rand(n, device="cuda") < 0.5).float()
    yield from both("squared error", z, partial(lossbook.squared_error, truth), lambda x: F.mse_loss(x, truth))
    yield from both("log loss of logits", z, partial(lossbook.log_loss_from_logits, truth), lambda x: F.binary_cross_entropy_with_logits(x, truth))
    logits = z.reshape(-1, CLASSES)
    label = torch.randint(CLASSES, (len(logits),), device="cuda")
    yield from both(f"cross-entropy of {CLASSES} logits", logits, partial(lossbook.cross_entropy_from_logits, label), lambda x: F.cross_entropy(x, label))


def both(name, x, ours, theirs):
    "A loss and its slope, called as it is and compiled."
    yield Task(name, {"lossbook": slope(ours, x), "PyTorch": slope(theirs, x)})
    compiled = partial(torch.compile, dynamic=False)
    yield Task(f"{name}, compiled", {"lossbook": slope(compiled(ours), x), "PyTorch": slope(compiled(theirs), x)})


def slope(loss, x):
    "A call that finds a mean loss and its gradient, and waits for both."
    leaf = x.clone().requires_grad_()

    def call():
        value = loss(leaf)
        value.backward()
        torch.cuda.synchronize()
        leaf.grad = None
        return value.item()
    return call


def megabytes(call):
    "Most memory of the device that was held while a call ran, beyond what was held before."
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    call()
    return (torch.cuda.max_memory_allocated() - before) / 1e6
