"Numbers of alike objects, read as columns, are those that a JSON decoder reads; what is no JSON is left to it."
import json
import random

import msgspec
import numpy as np
import pytest

from lossbook.detection.regular import columns_of

WANTED = {"image_id": int, "bbox": 2, "score": float}
ODD = ["007", "1.", "-", ".5", "-.5", "1-2", "1..2", "1.2.3", "--1", "00", "0.0.", "-0", "-00", "1/2", "1e5", "12345678901234567890", "123456789.",
       "0123456789", "9007199254740993", "12345678.9", "1234567.", "0.1234567", "-0.12345", "-0.0", "NaN", "null", "true", '"1"', "[1]", "", "1 2", "+1"]


class Result(msgspec.Struct):
    image_id: int
    bbox: tuple[float, float]
    score: float


def same(piece, found):
    "Whether columns hold what a decoder of JSON reads."
    records = msgspec.json.decode(piece, type=list[Result])
    return all(np.array_equal(found[name], [getattr(one, name) for one in records]) for name in WANTED)


def written(rng, odd):
    "A number as some program might write it, an odd one now and then."
    if rng.random() < odd: return rng.choice(ODD)
    if rng.random() < 0.3: return str(rng.randrange(-10**rng.randrange(1, 9), 10**rng.randrange(1, 9)))
    return f"{rng.uniform(-1, 1)*10**rng.randrange(4):.{rng.randrange(1, 6)}f}"


def results(rng, odd):
    "A list of a few results, and now and then a character that does not belong there."
    number = lambda: written(rng, odd)
    one = '{{"image_id": {}, "bbox": [{}, {}], "score": {}}}'.format
    records = (one(rng.randrange(10**rng.randrange(1, 9)), number(), number(), number()) for _ in range(rng.choice([1, 2, 5, 20])))
    text = "[" + ", ".join(records) + "]"
    at = rng.randrange(len(text))
    return text if rng.random() < 0.9 else text[:at] + rng.choice(["", *'-.5e}{, "/']) + text[at + 1:]


def test_what_is_read_is_what_a_decoder_reads():
    rng, read = random.Random(0), 0
    for _ in range(20_000):
        piece = results(rng, odd=rng.choice([0, 0.01])).encode()
        found = columns_of(piece, WANTED)
        if found is None: continue
        assert same(piece, found), piece
        read += 1
    assert read > 10_000


@pytest.mark.parametrize("number", ODD)
def test_odd_numbers_are_read_as_json_or_not_at_all(number):
    one = '{"image_id": 7, "bbox": [1.5, %s], "score": 0.25}'
    piece = ("[" + ", ".join([one % "2.5"]*20 + [one % number]) + "]").encode()
    found = columns_of(piece, WANTED)
    assert found is None or same(piece, found)


@pytest.mark.parametrize("number", ["12345678", "-1234567", "0.123456", "123456.7", "-0.5", "-0", "10", "0", "123456789.5"])
def test_numbers_of_every_length_are_read(number):
    one = '{"image_id": 7, "bbox": [1.5, %s], "score": 0.25}'
    piece = ("[" + ",\n".join([one % "2.5"]*20 + [one % number]) + "]").encode()
    assert same(piece, columns_of(piece, WANTED))


@pytest.mark.parametrize("change", [
    lambda one: {**one, "score": [0.5]}, lambda one: {**one, "bbox": [1, 2, 3]}, lambda one: {**one, "bbox": 1.0}, lambda one: {**one, "image_id": 1.0},
    lambda one: {**one, "name": "cat"}, lambda one: {"image_id": 1, "score": 0.5}, lambda one: {**one, "more": {"a": 1}}, lambda one: {}])
def test_objects_of_other_fields_are_left_to_a_decoder(change):
    one = {"image_id": 1, "bbox": [1.5, 2.5], "score": 0.5}
    for records in ([change(one)]*3, [one, one, change(one)]):
        assert columns_of(json.dumps(records).encode(), WANTED) is None


def test_further_numbers_do_no_harm_unless_their_names_look_like_numbers():
    piece = json.dumps([{"id": i, "score": i/4, "bbox": [-i, 2], "points": [1, 2, 3], "image_id": 5} for i in range(40)]).encode()
    assert same(piece, columns_of(piece, WANTED))
    for name in (b"key-points", b"points2", b"a.b"): assert columns_of(piece.replace(b"points", name), WANTED) is None
