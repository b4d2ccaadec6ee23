"""What GMM learns, recognises, sends and refuses."""

import copy
import inspect
import pickle
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

from gmm_rs import (
    GMM,
    DimensionError,
    GmmError,
    ModelFileError,
    NonFiniteError,
    NotFittedError,
    ParameterError,
    Prior,
    StaleMessageWarning,
    _core,
)
from gmm_rs import serket as srk
from gmm_rs.serket._message import FLOOR, read_message


def connected(data, K=3, **parameters):
    """A GMM that writes nothing, and the observation that it is connected to."""
    obs = srk.Observation(data)
    gmm = GMM(K, **{"random_state": 0, "save": False} | parameters)
    gmm.connect(obs)
    return gmm, obs


def one_hot(labels, K, *, confidence=0.9):
    message = np.full((len(labels), K), (1 - confidence) / (K - 1))
    message[np.arange(len(labels)), labels] = confidence
    return message


# Learning ------------------------------------------------------------------------------------------------------------


def test_learning_finds_the_clusters(blobs):
    data, truth = blobs
    gmm, _ = connected(data, category=truth)
    gmm.update()
    assert gmm.accuracy_ == 1.0
    assert gmm.means_.shape == (3, 2)
    assert gmm.covariances_.shape == (3, 2, 2)
    assert gmm.weights_.sum() == pytest.approx(1.0)
    assert gmm.n_iter_ == len(gmm.log_likelihoods_) == len(gmm.lower_bounds_)
    assert gmm.converged_
    assert np.all(np.diff(gmm.lower_bounds_) >= -1e-12)


def test_forward_message_is_the_posterior_of_each_class(blobs):
    data, _ = blobs
    gmm, _ = connected(data)
    gmm.update()
    message = gmm.get_forward_msg()
    expected = _core.predict_proba(data, gmm.weights_, gmm.means_, gmm.covariances_, log_prior=None, num_threads=1)
    assert message.dtype == np.float64
    np.testing.assert_array_equal(message, expected)
    np.testing.assert_allclose(message.sum(axis=1), 1.0, rtol=1e-12)


def test_backward_message_is_the_mean_of_the_class_of_each_row(blobs):
    data, _ = blobs
    for mode in ("learn", "recog"):
        gmm, obs = connected(data)
        gmm.update()
        gmm.mode = mode
        gmm.update()
        np.testing.assert_array_equal(obs.get_backward_msg(), gmm.means_[gmm.labels_])
        assert obs.get_backward_msg().dtype == np.float64


def test_messages_are_fresh_arrays(blobs):
    data, _ = blobs
    gmm, obs = connected(data)
    gmm.update()
    sent = gmm.get_forward_msg(), obs.get_backward_msg()
    kept = [array.copy() for array in sent]
    gmm.set_backward_msg(one_hot(gmm.labels_, 3))
    gmm.update()
    for old, copied, new in zip(sent, kept, (gmm.get_forward_msg(), obs.get_backward_msg()), strict=True):
        np.testing.assert_array_equal(old, copied)
        assert not np.shares_memory(old, new)
    obs.get_backward_msg()[:] = np.nan
    assert np.isfinite(gmm.means_).all()


def test_received_arrays_are_never_written_to(blobs):
    data, truth = blobs
    message = one_hot(truth, 5)
    message[3] = np.nan
    message[4] = 0.0
    for array in (data, message, truth):
        array.flags.writeable = False
    gmm, _ = connected(data, category=truth)
    gmm.set_backward_msg(message)
    gmm.update()
    gmm.mode = "recog"
    gmm.update()
    assert np.isfinite(gmm.get_forward_msg()).all()


@pytest.mark.parametrize("dtype", [np.float32, np.int64, ">f8"])
def test_data_of_other_types(blobs, dtype):
    data, truth = blobs
    gmm, _ = connected((data * 100).astype(dtype), category=truth)
    gmm.update()
    assert gmm.accuracy_ == 1.0


def test_lists_are_data():
    gmm, _ = connected([[0, 0], [1, 1], [50, 50], [51, 51]], K=2, category=[0, 0, 1, 1])
    gmm.update()
    assert gmm.accuracy_ == 1.0


def test_equal_seeds_give_equal_results_at_any_number_of_threads(blobs):
    data, _ = blobs
    results = []
    for num_threads in (1, 2, 5):
        gmm, _ = connected(data, random_state=3, num_threads=num_threads)
        gmm.update()
        results.append(gmm.get_forward_msg())
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


def test_global_seed_decides_when_none_is_given(blobs):
    data, _ = blobs
    messages = []
    for _ in range(2):
        np.random.seed(11)
        gmm, _ = connected(data, K=6, random_state=None)
        gmm.update()
        messages.append(gmm.get_forward_msg())
    np.testing.assert_array_equal(*messages)


def test_prior_has_its_effect(blobs):
    data, _ = blobs
    wide, _ = connected(data, prior=Prior(degrees_of_freedom=1000, covariance=1e6 * np.eye(2)))
    wide.update()
    narrow, _ = connected(data)
    narrow.update()
    assert wide.covariances_[:, 0, 0].min() > 10 * narrow.covariances_[:, 0, 0].max()


# The message from downstream -----------------------------------------------------------------------------------------


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


# Recognition ---------------------------------------------------------------------------------------------------------


def test_a_learnt_module_recognises_with_what_it_has_learnt(blobs):
    data, truth = blobs
    gmm, obs = connected(data, category=truth)
    gmm.update()
    learnt, labels = gmm.means_, gmm.labels_
    obs.set_forward_msg(data[::-1][:50] + 0.1)
    gmm.mode, gmm.category = "recog", truth[::-1][:50]
    gmm.update()
    assert gmm.accuracy_ == 1.0
    np.testing.assert_array_equal(gmm.means_, learnt)
    np.testing.assert_array_equal(gmm.labels_, labels[::-1][:50])
    assert gmm.get_forward_msg().shape == (50, 3)
    assert len(gmm.log_likelihoods_) == gmm.n_iter_


RUN = """
    import sys
    import numpy as np
    import gmm_rs as gmm
    from gmm_rs import serket as srk

    rows, mode = np.load("rows.npy"), sys.argv[1]
    obs = srk.Observation(rows)
    first = gmm.GMM(3, mode=mode, random_state=0)
    second = gmm.GMM(2, mode=mode, random_state=0, name="second")
    first.connect(obs)
    second.connect(first)
    for node in (first, second):
        node.update()
    np.save(mode + ".npy", np.column_stack([first.labels_, second.labels_]))
"""


def test_recognition_in_a_new_process_finds_the_models_by_number(workdir, blobs):
    data, _ = blobs
    np.save("rows.npy", data)
    for mode in ("learn", "recog"):
        subprocess.run([sys.executable, "-c", textwrap.dedent(RUN), mode], check=True)
    np.testing.assert_array_equal(np.load("recog.npy"), np.load("learn.npy"))
    assert sorted(path.name for path in workdir.glob("module*")) == ["module001_gmm", "module002_second"]


@pytest.mark.usefixtures("workdir", "fresh_numbers")
def test_a_missing_model_says_where_it_was_looked_for(blobs):
    gmm, _ = connected(blobs[0], mode="recog", save=True)
    with pytest.raises(ModelFileError, match=r"in the folder module001_gmm.*/.*module001_gmm.*same order.*working fol"):
        gmm.update()


@pytest.mark.usefixtures("workdir", "fresh_numbers")
def test_a_model_for_other_data_names_both_numbers(blobs):
    data, _ = blobs
    learner, _ = connected(data, save=True)
    learner.update()
    more, _ = connected(data, K=4, load_dir=learner.get_name(), save=False)
    with pytest.raises(DimensionError, match=r"K=4 classes.*has 3"):
        more.update()
    wide, _ = connected(np.ones((5, 7)), load_dir=learner.get_name(), save=False)
    with pytest.raises(DimensionError, match=r"7 columns.*for 2"):
        wide.update()


# Errors and warnings -------------------------------------------------------------------------------------------------


def test_update_before_connect():
    with pytest.raises(GmmError, match=r"not connected: call connect\(\) before update"):
        GMM(2).update()


def test_an_upstream_without_a_message_is_named():
    upstream = srk.Module("vae")
    gmm = GMM(2)
    gmm.connect(upstream)
    for empty in (None, np.array(None)):
        upstream.set_forward_msg(empty)
        with pytest.raises(GmmError, match=rf"{upstream.get_name()} has sent no message.*update\(\)"):
            gmm.update()


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (np.arange(5.0), DimensionError, "reshape"),
        (np.zeros((2, 2, 2)), DimensionError, "3 dimensions"),
        (np.zeros((0, 2)), DimensionError, "at least one row"),
        ([["a"]], ParameterError, "real numbers"),
        ([[1.0, 2.0], [3.0, np.nan]], NonFiniteError, r"module\d+_gmm.*row 1.*column 1"),
        ([[np.inf]], NonFiniteError, r"module\d+_gmm.*row 0.*column 0"),
    ],
)
def test_data_that_are_refused(data, error, words):
    gmm, _ = connected(data)
    with pytest.raises(error, match=words):
        gmm.update()


def test_a_failed_update_changes_nothing(blobs):
    data, truth = blobs
    gmm, obs = connected(data, category=truth)
    gmm.update()
    state = gmm.means_, gmm.labels_, gmm.get_forward_msg(), obs.get_backward_msg()
    obs.set_forward_msg(np.full((120, 2), np.nan))
    with pytest.raises(NonFiniteError):
        gmm.update()
    now = gmm.means_, gmm.labels_, gmm.get_forward_msg(), obs.get_backward_msg()
    assert all(before is after for before, after in zip(state, now, strict=True))


def test_category_is_checked_before_training(blobs, monkeypatch):
    monkeypatch.setattr(_core, "fit", None)
    gmm, _ = connected(blobs[0], category=[0, 1])
    with pytest.raises(DimensionError, match=r"2 labels.*120 rows"):
        gmm.update()
    with pytest.raises(ParameterError, match="integers"):
        GMM(2, category=["a"])


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"K": 0}, "K must be"),
        ({"K": True}, "K must be"),
        ({"K": 2.5}, "K must be"),
        ({"itr": 0}, "itr must be"),
        ({"name": "a/b"}, "slashes"),
        ({"name": 3}, "slashes"),
        ({"mode": "train"}, "'learn' or 'recog', but is 'train'"),
        ({"mode": "module001_gmm/000"}, "load_dir="),
        ({"covariance_type": "diag"}, "covariance_type must be 'full'"),
        ({"prior": 3}, "gmm_rs.Prior"),
        ({"n_init": 0}, "n_init"),
        ({"tol": -1}, "tol must be"),
        ({"tol": np.nan}, "tol must be"),
        ({"random_state": "0"}, "random_state"),
        ({"num_threads": 0}, "num_threads"),
        ({"layout": "deep"}, "'flat' or 'numbered'"),
    ],
)
def test_parameters_that_are_refused(parameters, words):
    with pytest.raises(ParameterError, match=words):
        GMM(**{"K": 2} | parameters)


@pytest.mark.parametrize(
    ("keyword", "meant"),
    [("catogory", "category"), ("n_components", "K"), ("max_iter", "itr"), ("seed", "random_state")],
)
def test_unknown_keywords_name_the_one_that_was_meant(keyword, meant):
    with pytest.raises(TypeError, match=f"no parameter '{keyword}'; did you mean '{meant}'"):
        GMM(2, **{keyword: 1})


def test_signature_of_the_documentation_page():
    parameters = list(inspect.signature(GMM).parameters.values())
    assert [parameter.name for parameter in parameters[:5]] == ["K", "itr", "name", "category", "mode"]
    assert [parameter.default for parameter in parameters[1:5]] == [100, "gmm", None, "learn"]
    assert all(parameter.kind >= parameter.KEYWORD_ONLY for parameter in parameters[5:])


def test_mode_can_be_set():
    gmm = GMM(2)
    assert gmm.mode == "learn"
    gmm.mode = "recog"
    assert gmm.mode == "recog"
    with pytest.raises(ParameterError, match="mode must be"):
        gmm.mode = "both"
    assert gmm.mode == "recog"


def test_results_before_an_update():
    gmm = GMM(2)
    for name in ("weights_", "means_", "covariances_", "labels_", "accuracy_", "log_likelihoods_", "n_iter_"):
        with pytest.raises(NotFittedError, match=rf"no {name} yet: call update\(\)"):
            getattr(gmm, name)
    with pytest.raises(AttributeError, match="no attribute 'maens_'"):
        _ = gmm.maens_


def test_repr_tells_the_state(blobs):
    data, truth = blobs
    gmm, _ = connected(data, category=truth)
    assert "K=3" in repr(gmm)
    assert "not updated yet" in repr(gmm)
    gmm.update()
    assert gmm.get_name() in repr(gmm)
    assert "120 rows of 2" in repr(gmm)
    assert "accuracy 1.000" in repr(gmm)


def test_learnt_modules_can_be_copied_and_pickled(blobs):
    data, _ = blobs
    gmm, _ = connected(data)
    gmm.update()
    gmm.mode = "recog"
    for twin in (copy.deepcopy(gmm), pickle.loads(pickle.dumps(gmm))):
        twin.update()
        np.testing.assert_array_equal(twin.get_forward_msg(), gmm.get_forward_msg())


# What breaks the original --------------------------------------------------------------------------------------------


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
