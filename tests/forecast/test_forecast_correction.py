"""What the last day tells about the next one (S29)."""

import numpy as np

from carbonost.engines.forecast.correction import correct
from carbonost.engines.forecast.repeats import drawn, last_alike


def test_before_anything_is_learned_an_error_is_expected_to_fade():
    errors = np.full((1, 2, 24), np.nan)
    errors[0, 1] = 1.0
    _, ahead = correct(errors, np.zeros((2, 24)), np.zeros(3, dtype=np.int32))
    assert 0 < ahead[0, -1] < ahead[0, 0] < 1
    assert (np.diff(ahead[0]) <= 1e-12).all()


def test_past_blocks_are_expected_from_the_blocks_before_them_alone():
    """Later ones in another order, so that the units of all of them stay: nothing before them moves."""
    rng = np.random.default_rng(0)
    errors, shapes = rng.normal(size=(2, 40, 24)), rng.normal(size=(40, 24))
    turns = rng.integers(0, 4, 41).astype(np.int32)
    replayed, ahead = correct(errors, shapes, turns)
    other = np.concatenate([errors[:, :30], np.roll(errors[:, 30:], 1, axis=1)], axis=1)
    moved, moved_ahead = correct(other, shapes, turns)
    assert np.allclose(replayed[:, :31], moved[:, :31], rtol=0, atol=1e-9)
    assert not np.allclose(replayed[:, 31], moved[:, 31], rtol=0, atol=1e-3)
    assert not np.allclose(ahead, moved_ahead, rtol=0, atol=1e-3)


def test_days_that_follow_a_like_shape_are_expected_to_err_alike():
    rng = np.random.default_rng(1)
    hot = np.arange(80) % 3 == 0
    shapes = np.where(hot[:, None], np.sin(np.arange(24) / 3), -np.sin(np.arange(24) / 3))
    after = np.roll(hot, 1)
    errors = np.where(after, 1.0, -1.0)[None, :, None] * np.ones(24) + rng.normal(0, 0.3, (1, 80, 24))
    replayed, _ = correct(errors, shapes, np.zeros(81, dtype=np.int32))
    assert np.abs(errors - replayed)[:, 40:].mean() < 0.6 * np.abs(errors)[:, 40:].mean()


def test_the_last_days_of_a_kind_are_read_in_order_and_none_of_the_future():
    values = np.arange(6.0)[:, None]
    read = last_alike(values, np.array([0, 1, 0, 0, 1, 0, 0]))
    assert read[:3, 6, 0].tolist() == [5.0, 3.0, 2.0]
    assert read[0, 4, 0] == 1.0
    assert np.isnan(read[:, 0]).all()


def test_a_forecast_is_drawn_to_what_lies_near_and_not_to_what_lies_far():
    read = np.full((8, 2), np.nan)
    read[0] = [10.5, 30.0]
    step = drawn(np.array([10.0, 10.0]), read, np.ones(2))
    assert 0 < step[0] < 0.5
    assert abs(step[1]) < 1e-9
    assert drawn(np.array([10.0]), np.array([[10.5]]), np.zeros(1)).tolist() == [0.0]
