"""Every public function that takes arrays, on arrays of other libraries.

`tools.libraries` tells those that leave arrays where they are from those that read main memory; the page lists both.
"""
import array_api_strict
import matplotlib.pyplot as plt
import numpy as np
import pytest
from array_api_compat import device, is_array_api_obj, is_torch_array

from lossbook.core import Loss
from tests.properties.examples import example
from tools import libraries
from tools.robustness import compare

STAY, READ = libraries.by_kind()
each_that_stays, each_that_reads = (pytest.mark.parametrize("name", names) for names in (STAY, READ))
OTHERS = [name for name in STAY if not isinstance(example(name).function, Loss)]  # losses have tests of their own
each_other = pytest.mark.parametrize("name", OTHERS)


def as_numpy(answer):
    "An answer with its tensors as arrays of NumPy."
    if isinstance(answer, tuple): return tuple(map(as_numpy, answer))
    if is_torch_array(answer): return answer.detach().cpu().numpy()
    return np.asarray(answer) if is_array_api_obj(answer) else answer


@each_that_stays
def test_what_stays_answers_as_on_numpy(asarray, name):
    call = example(name)
    answer = call.map(asarray)()
    assert all(type(x) is type(asarray(np.ones(2))) for x in libraries.parts_of(answer))
    compare(as_numpy(answer), as_numpy(call()), 1e-12)


@each_that_reads
def test_what_reads_main_memory_answers_as_on_numpy(asarray, name):
    call = example(name)
    compare(as_numpy(call.map(asarray)()), as_numpy(call()), 1e-12)
    plt.close("all")


@each_that_reads
def test_what_reads_main_memory_refuses_an_accelerator(name):
    far = example(name).map(lambda x: array_api_strict.asarray(x, device=libraries.FAR))
    with pytest.raises(TypeError, match="is on .*: it must be in main memory"): far()


# ---- accelerators


@each_that_stays
def test_no_number_is_read_from_a_device(torch, name):
    "Tensors on the device `meta` have no numbers, so that whatever looks at one fails."
    call = example(name).map(lambda x: torch.asarray(x.copy()).to("meta"))
    calls = [call] if name in OTHERS else [call, call._replace(function=call.function.grad), call._replace(function=call.function.value_and_grad)]
    for ask in calls: assert {device(x).type for x in libraries.parts_of(ask())} == {"meta"}


@each_that_stays
def test_nothing_is_copied_from_a_gpu(torch, name):
    "PyTorch raises on whatever makes the processor wait for the accelerator: a number that is read, a copy."
    if not torch.cuda.is_available(): pytest.skip("no CUDA device")
    call = example(name)
    there = call.map(lambda x: torch.asarray(x.copy(), device="cuda"))
    there()
    torch.cuda.set_sync_debug_mode("error")
    try: answer = there()
    finally: torch.cuda.set_sync_debug_mode("default")
    assert {device(x).type for x in libraries.parts_of(answer)} == {"cuda"}
    compare(as_numpy(answer), as_numpy(call()), 1e-10)


# ---- functions that are no losses, under the transformations


@each_other
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_function_is_compiled_mapped_and_differentiated(jax, torch, name):
    call = example(name)
    floats = {argument: x for argument, x in call.data.items() if isinstance(x, np.ndarray) and x.dtype.kind == "f"} or call.data
    def of(x): return call._replace(data={**call.data, **x})()
    traced = jax.tree.map(jax.numpy.asarray, floats)
    compare(as_numpy(jax.jit(of)(traced)), as_numpy(call()), 1e-12)
    def total(answer, xp): return sum(xp.sum(xp.sin(x)) for x in libraries.parts_of(answer))
    slopes = jax.grad(lambda x: total(of(x), jax.numpy))(traced)
    free = {argument: free_copy(torch, x) for argument, x in floats.items()}
    total(of(free), torch).backward()
    for argument in floats: compare(as_numpy(slopes[argument]), grads(free[argument]), 1e-9)


def free_copy(torch, x):
    "A tensor that asks for its gradient, or a structure of such."
    return type(x)(*(free_copy(torch, y) for y in x)) if isinstance(x, tuple) else torch.asarray(x.copy()).requires_grad_()


def grads(x):
    return type(x)(*map(grads, x)) if isinstance(x, tuple) else x.grad.numpy()
