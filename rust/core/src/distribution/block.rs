//! The conditional means of a few rows, their average over the components, and its covariance.

use ndarray::{ArrayView2, ArrayViewMut2, ArrayViewMut3};

use super::affine::{LANES, Lanes, affine};
use super::conditional::Component;
use crate::float::Float;
use crate::model::Covariances;

/// Tables for up to [`LANES`] rows, each in a lane of its own.
pub(super) struct Block<'a> {
    components: &'a [Component],
    /// x_a − μ_a of one component.
    centred: Vec<Lanes>,
    /// w_k.
    weights: Vec<Lanes>,
    /// m_k, then m_k − m.
    means: Vec<Vec<Lanes>>,
    /// m.
    average: Vec<Lanes>,
}

impl<'a> Block<'a> {
    pub(super) fn new(components: &'a [Component]) -> Self {
        let zeros = |len| vec![[0.0; LANES]; len];
        let n_remaining = components[0].remaining.len();
        Self {
            centred: zeros(components[0].given.len()),
            weights: zeros(components.len()),
            means: vec![zeros(n_remaining); components.len()],
            average: zeros(n_remaining),
            components,
        }
    }

    /// Sets m_k = μ_b + B (x_a − μ_a) for the given features of some rows.
    pub(super) fn set_means<T: Float>(&mut self, rows: ArrayView2<'_, T>) {
        for (means, component) in self.means.iter_mut().zip(self.components) {
            let columns = rows.columns().into_iter().zip(&component.given);
            for (centred, (column, mean)) in self.centred.iter_mut().zip(columns) {
                for (centred, x) in centred.iter_mut().zip(column) {
                    *centred = x.to_f64() - mean;
                }
            }
            let coordinates = component.remaining.iter().zip(&component.slopes);
            for (out, (&mean, slopes)) in means.iter_mut().zip(coordinates) {
                *out = affine(mean, slopes, &self.centred);
            }
        }
    }

    /// Writes the m_k of the rows.
    pub(super) fn copy_means(&self, mut out: ArrayViewMut3<'_, f64>) {
        for ((n, k, r), out) in out.indexed_iter_mut() {
            *out = self.means[k][r][n];
        }
    }

    /// Sets the w_k of the rows.
    pub(super) fn set_weights(&mut self, weights: ArrayView2<'_, f64>) {
        for ((n, k), &weight) in weights.indexed_iter() {
            self.weights[k][n] = weight;
        }
    }

    /// Sets m = Σ_k w_k m_k and writes it.
    pub(super) fn average(&mut self, mut out: ArrayViewMut2<'_, f64>) {
        for (r, (average, mut out)) in self.average.iter_mut().zip(out.columns_mut()).enumerate() {
            *average = [0.0; LANES];
            for (weights, means) in self.weights.iter().zip(&self.means) {
                for lane in 0..LANES {
                    average[lane] += weights[lane] * means[r][lane];
                }
            }
            out.iter_mut().zip(average).for_each(|(out, x)| *out = *x);
        }
    }

    /// Writes Σ_k w_k (S_k + (m_k − m)(m_k − m)ᵀ), with m as it was set last.
    pub(super) fn spread(&mut self, covariances: &Covariances, mut out: ArrayViewMut3<'_, f64>) {
        for means in &mut self.means {
            for (mean, average) in means.iter_mut().zip(&self.average) {
                for lane in 0..LANES {
                    mean[lane] -= average[lane];
                }
            }
        }
        for i in 0..self.average.len() {
            for j in 0..=i {
                let mut sum = [0.0; LANES];
                for (k, (weights, z)) in self.weights.iter().zip(&self.means).enumerate() {
                    let within = covariances.entry(k, i, j);
                    for lane in 0..LANES {
                        sum[lane] += weights[lane] * (within + z[i][lane] * z[j][lane]);
                    }
                }
                for (n, &sum) in sum.iter().enumerate().take(out.shape()[0]) {
                    out[[n, i, j]] = sum;
                    out[[n, j, i]] = sum;
                }
            }
        }
    }
}
