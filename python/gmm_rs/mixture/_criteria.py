"""How well a mixture describes rows: the mean log-density and information criteria."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gmm_rs import _core
from gmm_rs.mixture._blocks import Rows, blocks_of, count_rows
from gmm_rs.mixture._blockwise_sum import BlockwiseSum
from gmm_rs.mixture._evaluation import Data, EvaluatedMixture
from gmm_rs.mixture._row_knowledge import check_class_prior, check_sample_weight
from gmm_rs.sources._block_size import block_size


@dataclass(frozen=True)
class Sums:
    """Sums over rows, each as often as it counts: log-densities and entropies, in nats, and how often all count."""

    log_likelihood: float
    entropy: float
    weight: float


class JudgedMixture(EvaluatedMixture):
    """The methods of a mixture that judge it by rows.

    All are sums over rows. They are taken block by block, so that a source gives the same bits as an array.
    """

    def score(
        self,
        X: Data,
        y: object = None,
        sample_weight: ArrayLike | None = None,
        class_prior: ArrayLike | None = None,
    ) -> float:
        """Mean log-density of the rows, in nats.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or RowSource
            A source, or a memory map, is read block by block.
        y : object
            Not used.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts.
        class_prior : array-like of shape (n_samples, n_components), optional
            See `score_samples`.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, DimensionError, DataTypeError, ParameterError, NonFiniteError, OSError

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([1.0], [[0.0]], [1.0], "spherical")
        >>> round(mixture.score([[0.0], [2.0]]), 4)
        -1.9189
        """
        sums = self._sums(self._check_data(X), sample_weight, class_prior)
        return sums.log_likelihood / sums.weight

    def aic(self, X: Data, sample_weight: ArrayLike | None = None, class_prior: ArrayLike | None = None) -> float:
        """Akaike's information criterion, −2 log p(X) + 2 `n_parameters_`; the lower the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or RowSource
            A source, or a memory map, is read block by block.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts.
        class_prior : array-like of shape (n_samples, n_components), optional
            See `score_samples`.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, DimensionError, DataTypeError, ParameterError, NonFiniteError, OSError

        References
        ----------
        H. Akaike, "A new look at the statistical model identification", IEEE Transactions on Automatic Control 19,
        1974.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([1.0], [[0.0]], [1.0], "spherical")
        >>> round(mixture.aic([[0.0], [2.0]]), 4)  # a mean and a variance: 2 parameters
        11.6758
        """
        sums = self._sums(self._check_data(X), sample_weight, class_prior)
        return -2.0 * sums.log_likelihood + 2.0 * self.n_parameters_

    def bic(self, X: Data, sample_weight: ArrayLike | None = None, class_prior: ArrayLike | None = None) -> float:
        """Bayesian information criterion, −2 log p(X) + `n_parameters_` log n_samples; the lower the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or RowSource
            A source, or a memory map, is read block by block.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts; their sum takes the place of n_samples.
        class_prior : array-like of shape (n_samples, n_components), optional
            See `score_samples`.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, DimensionError, DataTypeError, ParameterError, NonFiniteError, OSError

        References
        ----------
        G. Schwarz, "Estimating the dimension of a model", Annals of Statistics 6, 1978.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([1.0], [[0.0]], [1.0], "spherical")
        >>> round(mixture.bic([[0.0], [2.0]]), 3)  # a mean and a variance: 2 parameters
        9.062
        """
        return self._bic(self._sums(self._check_data(X), sample_weight, class_prior))

    def icl(self, X: Data, sample_weight: ArrayLike | None = None, class_prior: ArrayLike | None = None) -> float:
        """Integrated completed likelihood: `bic` plus twice the entropy of the responsibilities; the lower the better.

        It prefers components that are clusters, apart from each other: ICL = BIC − 2 Σ_nk r_nk log r_nk.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or RowSource
            A source, or a memory map, is read block by block.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts.
        class_prior : array-like of shape (n_samples, n_components), optional
            See `score_samples`.

        Returns
        -------
        float
            With the sign and scale of `bic`, which is −2 times that of the source.

        Raises
        ------
        NotFittedError, DimensionError, DataTypeError, ParameterError, NonFiniteError, OSError

        References
        ----------
        C. Biernacki, G. Celeux and G. Govaert, "Assessing a mixture model for clustering with the integrated completed
        likelihood", IEEE Transactions on Pattern Analysis and Machine Intelligence 22, 2000.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], "spherical")
        >>> undecided = [[2.0]]
        >>> round(mixture.icl(undecided) - mixture.bic(undecided), 4)  # 2 log 2
        1.3863
        """
        sums = self._sums(self._check_data(X), sample_weight, class_prior, with_entropy=True)
        return self._bic(sums) + 2.0 * sums.entropy

    def _bic(self, sums: Sums) -> float:
        return -2.0 * sums.log_likelihood + self.n_parameters_ * math.log(sums.weight)

    def _sums(self, rows: Rows, sample_weight: object, class_prior: object, *, with_entropy: bool = False) -> Sums:
        n_rows, size = count_rows(rows), block_size(max(self.means_.shape))
        weights = check_sample_weight(sample_weight, n_rows)
        log_prior = check_class_prior(class_prior, n_rows, len(self.means_))
        log_density, proba = self._function(_core.score_samples), self._function(_core.predict_proba)
        log_likelihood, entropy, weight = BlockwiseSum(), BlockwiseSum(), BlockwiseSum()
        for block in blocks_of(rows, size, sample_weight=weights, log_prior=log_prior):
            counts = np.ones(len(block.rows)) if block.sample_weight is None else block.sample_weight
            weight.add(counts)
            log_likelihood.add(counts * block.evaluated(log_density))
            if with_entropy:
                resp = block.evaluated(proba)
                terms = resp * np.log(resp, where=resp > 0.0, out=np.zeros_like(resp))
                entropy.add(-counts * terms.sum(axis=1))
        return Sums(log_likelihood.total(), entropy.total(), weight.total())
