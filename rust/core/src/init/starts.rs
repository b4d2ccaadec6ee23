//! The starting mixtures of a fit.
//!
//! Each depends on the seed and on its number only, so that starts can be drawn in any order.

use ndarray::{Array2, ArrayView2, Axis};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::alignment::{alike, near};
use super::clusters::Clusters;
use super::ground::Ground;
use super::labelled::KnownMeans;
use super::partition::{kmeans_partitions, most_probable};
use super::responsibilities::{Given, RandomResponsibilities};
use super::short_em_start::short_em_start;
use super::spaces::drawing_space;
use crate::em::Em;
use crate::error::GmmError;
use crate::fit::{InitialParameters, RowKnowledge, Start, StartMethod};
use crate::float::Float;
use crate::model::Mixture;
use crate::rows::{LogPrior, Rows, Spread};

/// What the starts of a fit are made from.
pub(crate) struct Starts<'b, 'a, T> {
    pub(super) em: &'b Em<'a, T>,
    pub(super) spread: &'b Spread,
    known: KnownMeans,
    /// The class priors as probabilities, where there is nothing else that components are numbered by.
    probabilities: Option<Array2<f64>>,
}

impl<'b, 'a, T: Float> Starts<'b, 'a, T> {
    /// The starts that the configuration of `em` asks for.
    ///
    /// # Errors
    /// Those of a pass.
    pub(crate) fn new(em: &'b Em<'a, T>, spread: &'b Spread) -> Result<Self, GmmError> {
        let RowKnowledge {
            log_prior,
            align_to,
            ..
        } = &em.knowledge;
        let log_prior = log_prior.as_ref().filter(|_| align_to.is_none());
        Ok(Self {
            em,
            spread,
            known: KnownMeans::new(em, &spread.mean)?,
            probabilities: log_prior.map(probabilities),
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        let config = self.em.config;
        if config.initial.are_complete() {
            1
        } else {
            config.start.count()
        }
    }

    /// The mixture that start number `index` begins with.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] when the fit is stopped.
    pub(crate) fn mixture(&self, index: usize) -> Result<Mixture, GmmError> {
        let config = self.em.config;
        if let Some(mixture) = config.initial.mixture() {
            return mixture;
        }
        let mixture = match &config.start {
            Start::Responsibilities(arrays) => self.em.mixture_of(&Given {
                responsibilities: arrays[index].view(),
                sample_weight: self.em.knowledge.sample_weight,
            })?,
            Start::Drawn { method, .. } => self.numbered(self.draw(*method, index)?)?,
            Start::Partitions(arrays) => {
                let partitions = arrays[index].view();
                let chosen = self.on_trial_rows(&mut self.stream(index), |trial, _| {
                    most_probable(trial, partitions)
                });
                self.numbered(chosen?)?
            }
        };
        config.initial.replace(mixture)
    }

    /// What k-means finds for start number `index`, to choose from: a row of labels for each partition.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] when the fit is stopped.
    pub(crate) fn partitions(&self, index: usize) -> Result<Array2<u32>, GmmError> {
        self.on_trial_rows(&mut self.stream(index), |trial, rng| {
            kmeans_partitions(trial, index, rng)
        })
    }

    /// `mixture` with its components numbered as the parameters that are given want it.
    fn numbered(&self, mixture: Mixture) -> Result<Mixture, GmmError> {
        match &self.em.config.initial {
            InitialParameters {
                means: Some(means), ..
            } => near(means, &mixture, &self.spread.variance),
            InitialParameters {
                covariances: Some(covariances),
                ..
            } => alike(covariances, &mixture, self.em.threads),
            _ => Ok(mixture),
        }
    }

    fn draw(&self, method: StartMethod, index: usize) -> Result<Mixture, GmmError> {
        let rng = &mut self.stream(index);
        match method {
            StartMethod::KMeans => self.on_trial_rows(rng, |trial, rng| {
                let partitions = kmeans_partitions(trial, index, rng)?;
                most_probable(trial, partitions.view())
            }),
            StartMethod::KMeansPlusPlus => {
                let clusters = self.on_trial_rows(rng, |trial, rng| {
                    let space = drawing_space(trial, index, rng)?;
                    Clusters::seeded(trial, space, rng)?.aligned(trial)
                })?;
                self.mixture_of(&clusters)
            }
            StartMethod::RandomFromData => {
                let clusters = self.on_trial_rows(rng, |trial, rng| {
                    let space = drawing_space(trial, index, rng)?;
                    Clusters::at_random_rows(trial, space, rng).aligned(trial)
                })?;
                self.mixture_of(&clusters)
            }
            StartMethod::Random => {
                let RowKnowledge {
                    log_prior,
                    sample_weight,
                    align_to,
                } = self.em.knowledge.reborrow();
                let names = (0..self.em.config.n_components).collect();
                let key = rng.random();
                let drawn = RandomResponsibilities::new(key, names, log_prior, sample_weight);
                self.em.mixture_of(&match align_to {
                    Some(reference) => drawn.aligned(reference)?,
                    None => drawn,
                })
            }
            StartMethod::ShortEm => short_em_start(self, rng),
        }
    }

    /// The random numbers of start number `index`.
    fn stream(&self, index: usize) -> Xoshiro256PlusPlus {
        // The seeds of the streams are numbers of one that has the fit's seed, so that neighbouring seeds share none.
        let first: u64 = Xoshiro256PlusPlus::seed_from_u64(self.em.config.seed).random();
        Xoshiro256PlusPlus::seed_from_u64(first.wrapping_add(index as u64))
    }

    /// The mixture that follows where each row belongs to its cluster.
    pub(super) fn mixture_of(&self, clusters: &Clusters<T>) -> Result<Mixture, GmmError> {
        self.em.mixture_of(&clusters.nearest(&self.em.knowledge))
    }

    /// Which component each row may belong to, shape (N, K), where anything tells.
    pub(super) fn reference(&self) -> Option<ArrayView2<'_, f64>> {
        let align_to = self.em.knowledge.align_to.as_ref();
        let align_to = align_to.map(|view| view.reborrow());
        align_to.or(self.probabilities.as_ref().map(|array| array.view()))
    }

    /// What can be drawn from `rows`, which `em` passes over.
    pub(super) fn ground<'c, 'd>(
        &'c self,
        em: &'c Em<'d, T>,
        rows: Rows<'c, T>,
        reference: Option<ArrayView2<'c, f64>>,
    ) -> Ground<'c, 'd, T> {
        Ground {
            em,
            rows,
            reference,
            known: &self.known,
            spread: self.spread,
        }
    }
}

/// p_nk = exp(log p_nk) / Σ_j exp(log p_nj); 0 in rows that rule out every component.
fn probabilities(log_prior: &LogPrior<'_>) -> Array2<f64> {
    let mut probabilities = log_prior.view().to_owned();
    for mut row in probabilities.axis_iter_mut(Axis(0)) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            row.fill(0.0);
            continue;
        }
        row.mapv_inplace(|p| (p - largest).exp());
        let sum = row.sum();
        row /= sum;
    }
    probabilities
}
