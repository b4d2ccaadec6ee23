"""What a message from downstream does to GMM."""

import numpy as np
import pytest
from pipelines import connected, one_hot

from gmm_rs import (
    DimensionError,
    ParameterError,
    StaleMessageWarning,
)
from gmm_rs import serket as srk
from gmm_rs.serket._message import FLOOR, read_message


def test_a_fresh_start_takes_its_class_numbers_from_the_message(blobs):
    data, truth = blobs
    for permutation in ([0, 1, 2], [1, 2, 0], [2, 1, 0]):
        gmm, _ = connected(data)
        wanted = np.array(permutation)[truth]
        gmm.set_backward_msg(one_hot(wanted, 3, confidence=0.5))
        gmm.update()
        np.testing.assert_array_equal(gmm.labels_, wanted)


def test_class_numbers_stay_over_updates_without_a_message(blobs):
    data, _ = blobs
    gmm, _ = connected(data, random_state=np.random.default_rng(0))
    gmm.update()
    first = gmm.labels_
    for _ in range(6):
        gmm.update()
        np.testing.assert_array_equal(gmm.labels_, first)


@pytest.mark.parametrize("noise", [1e-11, 1e-6, 1e-2])
def test_class_numbers_stay_under_a_message_that_says_little(blobs, noise):
    gmm, _ = connected(blobs[0], random_state=np.random.default_rng(0))
    gmm.update()
    first = gmm.labels_
    rng = np.random.default_rng(1)
    for _ in range(6):
        gmm.set_backward_msg(1 / 3 + noise * rng.uniform(-1, 1, size=(len(first), 3)))
        gmm.update()
        np.testing.assert_array_equal(gmm.labels_, first)


def test_class_numbers_stay_under_a_message_that_is_the_same_for_all_rows(blobs):
    gmm, _ = connected(blobs[0], random_state=np.random.default_rng(0))
    gmm.update()
    first = gmm.labels_
    gmm.set_backward_msg(np.tile([0.2, 0.3, 0.5], (len(first), 1)))
    gmm.update()
    np.testing.assert_array_equal(gmm.labels_, first)


def test_class_numbers_stay_where_the_message_cannot_tell_them_apart(blobs):
    gmm, _ = connected(blobs[0], random_state=np.random.default_rng(0))
    gmm.update()
    first = gmm.labels_
    for _ in range(6):
        gmm.set_backward_msg(np.array([[1, 0, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]])[first])
        gmm.update()
        np.testing.assert_array_equal(gmm.labels_, first)


def test_a_message_renames_classes_against_their_past(blobs):
    gmm, _ = connected(blobs[0], random_state=0)
    gmm.update()
    first = gmm.labels_
    gmm.set_backward_msg(np.array([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]])[first])
    gmm.update()
    np.testing.assert_array_equal(gmm.labels_, (first + 1) % 3)


def test_class_numbers_stay_when_the_data_grow(blobs):
    data, _ = blobs
    order = np.random.default_rng(5).permutation(len(data))
    gmm, obs = connected(data[order[:30]], random_state=np.random.default_rng(0))
    gmm.update()
    for n in range(31, 120):
        before = gmm.labels_
        obs.set_forward_msg(data[order[:n]])
        gmm.update()
        assert np.mean(gmm.labels_[: len(before)] == before) > 0.9


def test_the_message_decides_rows_that_the_data_leave_open():
    data = np.concatenate([np.random.default_rng(0).normal(size=(60, 1)) * 0.1 + [[-3], [3]][k] for k in (0, 1)])
    data = np.concatenate([data, [[0.0]]])
    labels = np.repeat([0, 1], 60)
    for favourite in (0, 1):
        gmm, obs = connected(data, K=2)
        gmm.set_backward_msg(one_hot(np.append(labels, favourite), 2, confidence=1 - 1e-9))
        gmm.update()
        assert gmm.labels_[-1] == favourite
        assert obs.get_backward_msg()[-1, 0] == gmm.means_[favourite, 0]
        gmm.set_backward_msg(None)
        gmm.mode = "recog"
        alone = gmm.get_forward_msg()
        gmm.update()
        np.testing.assert_array_equal(gmm.get_forward_msg(), alone)  # the forward message never has the message in it


def test_recognition_takes_the_message_into_account(blobs):
    data, _ = blobs
    gmm, _ = connected(data)
    gmm.update()
    gmm.mode = "recog"
    halfway = gmm.means_[[0, 1]].mean(axis=0)
    gmm.connect(srk.Observation([halfway]))
    gmm.update()
    alone = gmm.get_forward_msg()
    for label in (0, 1):
        gmm.set_backward_msg(np.eye(3)[[label]])
        gmm.update()
        assert gmm.labels_ == [label]
        np.testing.assert_array_equal(gmm.get_forward_msg(), alone)


@pytest.mark.parametrize(
    "message",
    [
        None,
        np.array(None),
        np.zeros((4, 2)),
        np.full((4, 2), np.nan),
        np.full((4, 2), 7.0),
        [[1, 1]] * 4,
        [[np.inf, 1.0]] * 4,
    ],
)
def test_messages_without_information_are_none(message):
    assert read_message(message, 4, 2, receiver="g") is None


def test_messages_are_normalised():
    message = [[2, 2, 4, 99], [0, 0, 0, 1], [np.nan, 1, 1, 1], [0, 3, 0, 0], [-1, 1, 1, 0], [1e308, 1e308, 1e308, 0]]
    probabilities = read_message(message, 6, 3, receiver="g")
    third = 1 / 3
    expected = [[0.25, 0.25, 0.5], [third] * 3, [third] * 3, [FLOOR, 1, FLOOR], [FLOOR, 0.5, 0.5], [third] * 3]
    np.testing.assert_allclose(probabilities, expected, rtol=1e-9)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-15)


def test_uneven_columns_of_a_padded_message(blobs):
    """Serket's mlda pads its messages to its widest input."""
    data, truth = blobs
    padded = np.full((120, 7), 0.4)
    padded[:, :3] = one_hot(truth, 3)
    gmm, _ = connected(data)
    gmm.set_backward_msg(padded)
    gmm.update()
    np.testing.assert_array_equal(gmm.labels_, truth)


@pytest.mark.parametrize(
    ("message", "error", "words"),
    [
        (np.ones((4, 1)), DimensionError, "1 columns.*K=2"),
        (np.ones(4), DimensionError, r"2-D.*\(4,\)"),
        (np.full((4, 2), -0.3), ParameterError, "logarithms"),
        (np.full((4, 2), "a"), ParameterError, "dtype <U1"),
        ([[1], [1, 2]], DimensionError, "2-D"),
    ],
)
def test_messages_that_are_refused(message, error, words):
    with pytest.raises(error, match=f"module.*{words}"):
        read_message(message, 4, 2, receiver="module001_gmm")


def test_a_stale_message_is_dropped_with_a_warning(blobs):
    data, truth = blobs
    gmm, _ = connected(data, category=truth)
    gmm.update()
    without = gmm.get_forward_msg()
    gmm.set_backward_msg(one_hot(np.zeros(119, dtype=int), 3))
    with pytest.warns(StaleMessageWarning, match=r"module\d+_gmm ignores a backward message") as caught:
        gmm.update()
    assert caught[0].filename == __file__
    np.testing.assert_allclose(gmm.get_forward_msg(), without, atol=1e-9)
