"""Data that break Serket's own gmm, and must not break GMM."""

import warnings

import numpy as np
import pytest
from pipelines import connected


@pytest.mark.parametrize(("factor", "offset"), [(1, 1e4), (1, 1e8), (1e6, 0), (1e-6, 0), (1e-3, 1e4), (1e120, 0)])
def test_units_and_origin_of_the_data_do_not_matter(blobs, factor, offset):
    data, truth = blobs
    gmm, _ = connected(data * factor + offset, category=truth)
    gmm.update()
    assert gmm.accuracy_ == 1.0
    assert np.isfinite(gmm.get_forward_msg()).all()


@pytest.mark.parametrize("far", [1e3, 1e6, 1e9])
def test_one_far_outlier(blobs, far):
    data, truth = blobs
    gmm, obs = connected(np.concatenate([data, [[far, far]]]), K=4, category=np.append(truth, 3))
    gmm.update()
    assert np.isfinite(gmm.get_forward_msg()).all()
    assert np.isfinite(obs.get_backward_msg()).all()
    assert gmm.accuracy_ == 1.0


def test_a_row_far_from_every_class_has_probabilities(blobs):
    gmm, obs = connected(blobs[0])
    gmm.update()
    obs.set_forward_msg([[1e4, 1e4], [-1e150, 1e150], [0.0, 0.0]])
    gmm.mode = "recog"
    gmm.update()
    np.testing.assert_allclose(gmm.get_forward_msg().sum(axis=1), 1.0, rtol=1e-12)


@pytest.mark.parametrize(("n_samples", "n_features", "spread"), [(60, 400, 1.0), (60, 200, 1e-3), (120, 64, 1.0)])
def test_many_features(n_samples, n_features, spread):
    rng = np.random.default_rng(0)
    truth = np.arange(n_samples) % 2
    data = spread * (rng.normal(size=(n_samples, n_features)) + 3.0 * truth[:, None])
    gmm, _ = connected(data, K=2, category=truth)
    gmm.update()
    assert gmm.accuracy_ == 1.0
    np.testing.assert_allclose(gmm.get_forward_msg().sum(axis=1), 1.0, rtol=1e-12)


@pytest.mark.parametrize("n_samples", [1, 2, 3])
def test_fewer_rows_than_classes(n_samples):
    gmm, obs = connected(np.arange(2.0 * n_samples).reshape(-1, 2), K=5, category=range(n_samples))
    gmm.update()
    assert gmm.get_forward_msg().shape == (n_samples, 5)
    np.testing.assert_allclose(gmm.get_forward_msg().sum(axis=1), 1.0, rtol=1e-12)
    assert np.isfinite(obs.get_backward_msg()).all()


def test_an_observation_that_grows_row_by_row(blobs):
    data, _ = blobs
    gmm, obs = connected(data[:1])
    rows = np.random.default_rng(0).permutation(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(1, 40):
            obs.set_forward_msg(list(rows[:n]))
            gmm.update()
            assert gmm.get_forward_msg().shape == (n, 3)


def test_constant_and_duplicate_rows():
    for data in (np.ones((20, 3)), np.repeat([[0.0, 1.0], [5.0, 1.0]], 10, axis=0)):
        gmm, obs = connected(data, K=2)
        gmm.update()
        assert np.isfinite(gmm.get_forward_msg()).all()
        assert np.isfinite(obs.get_backward_msg()).all()


def test_perfect_clusters_score_one_when_numbers_of_classes_differ(blobs):
    data, truth = blobs
    gmm, _ = connected(data, category=np.array([7, 3, 3])[truth])
    gmm.update()
    assert gmm.accuracy_ == pytest.approx(2 / 3)
    gmm, _ = connected(data, K=2, category=truth)
    gmm.update()
    assert gmm.accuracy_ == pytest.approx(2 / 3)
