"""Pictures against geometry: where ellipses, points, lines and marks are, and what is left untouched."""

import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from mixtures import COVARIANCE_TYPES, full_covariances, parameters_of, random_mixture, rows_of
from pipelines import connected
from sklearn.mixture import GaussianMixture

from gmm_rs import GMM
from gmm_rs.exceptions import DimensionError, NotFittedError, ParameterError
from gmm_rs.plotting import plot_components, plot_criterion, plot_lower_bound


@pytest.fixture(autouse=True)
def no_open_figures():
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return Figure().add_subplot()


def mixture(covariance_type="full", *, k=3, d=4, dtype=np.float64, **attributes):
    """A fitted model: the attributes that all classes of mixtures have."""
    parameters = random_mixture(np.random.default_rng(5), k, d, covariance_type=covariance_type)
    weights, means, covariances = (part.astype(dtype) for part in parameters)
    return SimpleNamespace(
        weights_=weights, means_=means, covariances_=covariances, covariance_type=covariance_type, **attributes
    )


def rows(model, n=200):
    return rows_of(np.random.default_rng(6), n, parameters_of(model), model.covariance_type)


def boundary(ellipse):
    """Points on the drawn line, in the units of the data; a curve of it ends at each of them."""
    curve = ellipse.get_path().interpolated(1).vertices
    on_the_line = curve[np.isclose(np.linalg.norm(curve, axis=1), 1.0, rtol=1e-6)]
    return ellipse.get_patch_transform().transform(on_the_line)


def points(ax):
    return ax.collections[0].get_offsets().data


class TestComponents:
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    @pytest.mark.parametrize("features", [(0, 1), (3, 1)])
    @pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
    def test_every_point_of_an_ellipse_is_n_std_from_the_mean(self, ax, covariance_type, features, dtype):
        model = mixture(covariance_type, dtype=dtype)
        plot_components(model, features=features, n_std=(0.5, 2.5), ax=ax)
        matrices = full_covariances(np.float64(model.covariances_), covariance_type, *model.means_.shape)
        assert len(ax.patches) == 6
        for i, ellipse in enumerate(ax.patches):
            k, n_std = i // 2, (0.5, 2.5)[i % 2]
            z = boundary(ellipse) - model.means_[k, list(features)]
            assert len(z) >= 8
            distances = np.sqrt(np.einsum("ni,ij,nj->n", z, np.linalg.inv(matrices[k][np.ix_(features, features)]), z))
            np.testing.assert_allclose(distances, n_std, rtol=1e-9)

    def test_the_axes_of_an_ellipse_are_the_eigenvectors(self, ax):
        model = mixture(d=2)
        plot_components(model, n_std=1, ax=ax)
        for ellipse, covariance in zip(ax.patches, model.covariances_, strict=True):
            direction = np.array([np.cos(np.radians(ellipse.angle)), np.sin(np.radians(ellipse.angle))])
            np.testing.assert_allclose(covariance @ direction, (ellipse.width / 2) ** 2 * direction, rtol=1e-12)
            assert ellipse.width >= ellipse.height

    def test_a_component_without_breadth_is_a_line(self, ax):
        model = mixture(d=2, k=1)
        model.covariances_ = np.array([[[1.0, 1.0], [1.0, 1.0]]])
        plot_components(model, n_std=1, ax=ax)
        np.testing.assert_allclose([ax.patches[0].width, ax.patches[0].height], [2 * np.sqrt(2), 0.0], atol=1e-7)

    def test_points_have_the_colours_of_their_components(self, ax):
        model = mixture(k=2)
        model.means_ = np.array([[0.0, 0, 0, 0], [50.0, 50, 50, 50]])
        X = rows(model)
        plot_components(model, X, features=(2, 0), ax=ax)
        np.testing.assert_array_equal(np.sort(points(ax), axis=0), np.sort(X[:, [2, 0]], axis=0))
        colours = [ax.patches[0].get_facecolor()[:3], ax.patches[2].get_facecolor()[:3]]
        for point, colour in zip(points(ax), ax.collections[0].get_facecolors(), strict=True):
            np.testing.assert_array_equal(colour[:3], colours[int(point[0] > 25)])

    def test_labels_give_the_colours(self, ax):
        model = mixture(k=2)
        X = rows(model)
        plot_components(model, X, labels=np.ones(len(X), dtype=int), ax=ax)
        colours = {tuple(colour[:3]) for colour in ax.collections[0].get_facecolors()}
        assert colours == {ax.patches[2].get_facecolor()[:3]}

    def test_of_many_rows_the_same_ones_are_drawn_each_time(self, ax):
        model = mixture()
        X = rows(model, 30_000)
        before = X.copy()
        plot_components(model, X, ax=ax)
        other = plot_components(model, X, ax=Figure().add_subplot())
        assert len(points(ax)) == 10_000
        np.testing.assert_array_equal(points(ax), points(other))
        assert len(points(plot_components(model, X, max_points=50, ax=Figure().add_subplot()))) == 50
        np.testing.assert_array_equal(X, before)

    def test_twenty_components_have_twenty_colours_and_their_numbers(self, ax):
        plot_components(mixture(k=20), n_std=1, ax=ax)
        assert len({ellipse.get_facecolor() for ellipse in ax.patches}) == 20
        assert [text.get_text() for text in ax.texts] == [str(k) for k in range(20)]

    def test_axes_bear_the_names_of_the_features(self, ax):
        plot_components(mixture(feature_names_in_=np.array(["a", "b", "c", "d"], dtype=object)), ax=ax)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")
        other = plot_components(mixture(), features=(2, 3), ax=Figure().add_subplot())
        assert (other.get_xlabel(), other.get_ylabel()) == ("feature 2", "feature 3")

    def test_features_go_by_name(self, ax):
        model = mixture(feature_names_in_=np.array(["a", "b", "c", "d"], dtype=object))
        plot_components(model, features=("d", "b"), ax=ax)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("d", "b")
        np.testing.assert_array_equal(ax.patches[0].get_center(), model.means_[0, [3, 1]])

    def test_all_ellipses_are_in_view(self, ax):
        plot_components(mixture(), n_std=3, ax=ax)
        for ellipse in ax.patches:
            edge = boundary(ellipse)
            assert np.all(edge >= [ax.get_xlim()[0], ax.get_ylim()[0]])
            assert np.all(edge <= [ax.get_xlim()[1], ax.get_ylim()[1]])

    def test_a_serket_module_and_scikit_learn_are_drawn_alike(self, blobs, ax):
        X, _ = blobs
        gmm, _ = connected(X)
        gmm.update()
        assert len(plot_components(gmm, X, ax=ax).patches) == 6
        theirs = GaussianMixture(3, covariance_type="diag", random_state=0).fit(X)
        assert len(plot_components(theirs, X, ax=Figure().add_subplot()).patches) == 6

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"features": (0, 0)}, ParameterError, r"features must be two different features.* \(0, 0\)"),
            ({"features": (0, 1, 2)}, ParameterError, "features must be two different features"),
            ({"features": (0, 4)}, ParameterError, "features must be numbers below 4.* 4"),
            ({"features": (0, -1)}, ParameterError, "features must be numbers below 4.* -1"),
            ({"features": ("height", 0)}, ParameterError, "'height'"),
            ({"n_std": 0}, ParameterError, "n_std must be a finite number above 0"),
            ({"n_std": (1, np.nan)}, ParameterError, "n_std"),
            ({"max_points": 0}, ParameterError, "max_points must be a positive integer"),
            ({"X": np.zeros((5, 3))}, DimensionError, "X has 3 features, but the model has 4"),
            ({"X": np.zeros((5, 4)), "labels": [0, 1]}, DimensionError, r"labels must have shape \(5,\)"),
            ({"X": np.zeros((2, 4)), "labels": [0, 3]}, ParameterError, r"labels must be integers in \[0, 3\)"),
            ({"labels": [0, 1]}, ParameterError, "no X was given"),
        ],
    )
    def test_errors_come_before_a_figure(self, arguments, error, message):
        with pytest.raises(error, match=message):
            plot_components(mixture(), **arguments)
        assert plt.get_fignums() == []

    def test_one_feature_has_no_plane(self):
        with pytest.raises(DimensionError, match="only one feature"):
            plot_components(mixture(d=1))


class TestLowerBound:
    def test_every_iteration_is_a_point(self, blobs, ax):
        gmm, _ = connected(blobs[0])
        gmm.update()
        (line,) = plot_lower_bound(gmm, ax=ax).lines
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, gmm.n_iter_ + 1))
        np.testing.assert_array_equal(line.get_ydata(), gmm.lower_bounds_)
        assert ax.get_legend() is None

    @pytest.mark.parametrize(("converged", "marker"), [(True, "o"), (False, "X")])
    def test_the_end_shows_whether_it_converged(self, ax, converged, marker):
        model = SimpleNamespace(lower_bounds_=[-3.0, -2.0, -1.5], converged_=converged)
        (line,) = plot_lower_bound(model, ax=ax).lines
        assert (line.get_marker(), line.get_markevery()) == (marker, [2])

    def test_several_fits_share_axes_in_colours_of_their_own(self, ax):
        for label in ("plain", "squarem"):
            plot_lower_bound(SimpleNamespace(lower_bounds_=[-3.0, -2.0], converged_=True), label=label, ax=ax)
        assert len({to_rgb(line.get_color()) for line in ax.lines}) == 2
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["plain", "squarem"]


VALUES = {"full": {3: 5.0, 1: 9.0, 2: 4.0}, "tied": {1: 9.0, 2: 6.0}}


class TestCriterion:
    def test_a_line_for_each_type_and_a_ring_at_the_minimum(self, ax):
        full, tied, ring = plot_criterion(VALUES, ax=ax).lines
        np.testing.assert_array_equal(full.get_xydata(), [[1, 9], [2, 4], [3, 5]])
        np.testing.assert_array_equal(tied.get_xydata(), [[1, 9], [2, 6]])
        np.testing.assert_array_equal(ring.get_xydata(), [[2, 4]])
        assert full.get_marker() != tied.get_marker()
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["full", "tied"]

    @pytest.mark.parametrize("criterion", ["bic", "aic"])
    def test_models_are_judged_by_the_rows(self, blobs, ax, criterion):
        X, _ = blobs
        models = [
            GaussianMixture(k, covariance_type=t, random_state=0).fit(X) for t in ("diag", "full") for k in (1, 3)
        ]
        diag, full, ring = plot_criterion(iter(models), X, criterion=criterion, ax=ax).lines
        values = [getattr(model, criterion)(X) for model in models]
        np.testing.assert_array_equal(np.r_[diag.get_ydata(), full.get_ydata()], values)
        assert ring.get_ydata() == min(values)
        assert ax.get_ylabel() == criterion.upper()

    def test_of_several_starts_the_best_counts(self, ax):
        models = [
            SimpleNamespace(covariance_type="full", n_components=2, bic=lambda X, v=v: v) for v in (7.0, 3.0, 5.0)
        ]
        line, _ = plot_criterion(models, [[0.0]], ax=ax).lines
        np.testing.assert_array_equal(line.get_xydata(), [[2, 3]])

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"models": VALUES, "criterion": "dic"}, "criterion must be 'bic' or 'aic' or 'icl'"),
            ({"models": {}}, "nothing to draw"),
            ({"models": {"full": {}}}, "nothing to draw"),
            ({"models": [], "X": [[0.0]]}, "nothing to draw"),
            ({"models": [GaussianMixture()]}, "X is missing"),
            ({"models": [SimpleNamespace()], "X": [[0.0]]}, "SimpleNamespace has no method bic"),
        ],
    )
    def test_errors_come_before_a_figure(self, arguments, message):
        with pytest.raises(ParameterError, match=message):
            plot_criterion(**arguments)
        assert plt.get_fignums() == []


@pytest.mark.parametrize("plot", [plot_components, plot_lower_bound])
@pytest.mark.parametrize("model", [GMM(2, save=False), GaussianMixture()], ids=["GMM", "GaussianMixture"])
def test_a_model_that_is_not_fitted_is_refused(plot, model):
    with pytest.raises(NotFittedError, match=f"{type(model).__name__} has no .* fit it first"):
        plot(model)
    assert plt.get_fignums() == []


def test_a_new_figure_only_where_no_axes_are_given(ax):
    settings = matplotlib.rcParams.copy()
    plot_criterion(VALUES, ax=ax)
    plot_components(mixture(), ax=ax)
    assert plt.get_fignums() == []
    drawn = plot_criterion(VALUES)
    assert [plt.figure(number) for number in plt.get_fignums()] == [drawn.figure]
    assert matplotlib.rcParams == settings


def in_process(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8").stdout


def test_importing_it_does_not_import_matplotlib():
    assert in_process("import sys, gmm_rs.plotting; print('matplotlib' in sys.modules)") == "False\n"


def test_without_matplotlib_the_error_names_the_extra():
    code = """
import sys
sys.modules["matplotlib"] = None
from gmm_rs import plotting
try:
    plotting.plot_criterion({"full": {1: 1.0}})
except ImportError as error:
    print(error)
"""
    assert "pip install 'gmm-rs[plot]'" in in_process(code)
