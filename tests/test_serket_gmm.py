"""What GMM learns, recognises, sends and refuses."""

import copy
import inspect
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from pipelines import connected, one_hot

from gmm_rs import (
    GMM,
    DimensionError,
    GmmError,
    ModelFileError,
    NonFiniteError,
    NotFittedError,
    ParameterError,
    Prior,
    _core,
)
from gmm_rs import serket as srk

# Learning -------------------------------------------------------------------------------------------------------------


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
    expected = _core.predict_proba(
        data, gmm.weights_, gmm.means_, gmm.covariances_, covariance_type="full", log_prior=None, num_threads=1
    )
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


def test_acceleration_saves_iterations_where_classes_overlap():
    rng = np.random.default_rng(0)
    observation = srk.Observation(rng.standard_normal((2000, 2)) + rng.integers(2, size=(2000, 1)) * 1.2)
    plain, accelerated = (
        GMM(2, 2000, tol=1e-9, n_init=1, acceleration=acceleration, random_state=0, save=False)
        for acceleration in (None, "squarem")
    )
    for gmm in (plain, accelerated):
        gmm.connect(observation)
        gmm.update()
        assert gmm.converged_
        assert (np.diff(gmm.lower_bounds_) >= -1e-12).all()
    assert accelerated.n_iter_ < plain.n_iter_ / 3
    np.testing.assert_allclose(accelerated.lower_bounds_[-1], plain.lower_bounds_[-1], atol=1e-6)


def test_prior_has_its_effect(blobs):
    data, _ = blobs
    wide, _ = connected(data, prior=Prior(degrees_of_freedom=1000, covariance=1e6 * np.eye(2)))
    wide.update()
    narrow, _ = connected(data)
    narrow.update()
    assert wide.covariances_[:, 0, 0].min() > 10 * narrow.covariances_[:, 0, 0].max()


# Recognition ----------------------------------------------------------------------------------------------------------


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


def test_recognition_in_a_new_process_finds_the_models_by_number(tmp_path, blobs):
    data, _ = blobs
    np.save("rows.npy", data)
    for mode in ("learn", "recog"):
        subprocess.run([sys.executable, "-c", textwrap.dedent(RUN), mode], check=True)
    np.testing.assert_array_equal(np.load("recog.npy"), np.load("learn.npy"))
    assert sorted(path.name for path in tmp_path.glob("module*")) == ["module001_gmm", "module002_second"]


@pytest.mark.usefixtures("fresh_numbers")
def test_a_missing_model_says_where_it_was_looked_for(blobs):
    gmm, _ = connected(blobs[0], mode="recog", save=True)
    with pytest.raises(ModelFileError, match=r"in the folder module001_gmm.*/.*module001_gmm.*same order.*working fol"):
        gmm.update()


@pytest.mark.usefixtures("fresh_numbers")
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


# Errors and warnings --------------------------------------------------------------------------------------------------


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
        ({"acceleration": "fast"}, "acceleration must be 'squarem'"),
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
