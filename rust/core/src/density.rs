//! Weighted log-densities of a tile under all components, in the precision of the kernels.
//!
//! In units of log₂, so that the exponential needs no scaling (λ = ½ log₂ e):
//!   a_nk = log₂(weights_k N(x_n; μ_k, Σ_k)) = c_k − λ ‖L_k⁻¹ (x_n − μ_k)‖²,      Σ_k = L_k L_kᵀ
//! where c_k = log₂ weights_k − ½ D log₂ 2π − log₂ |L_k|. The difference from the mean is formed first, so the
//! error does not grow with the distance of the data from the origin, or of the components from each other.
//!
//! With one covariance for all components, rows and means are mapped by L⁻¹ once: ‖L⁻¹(x − c) − L⁻¹(μ_k − c)‖².
//! That loses digits where the means are many standard deviations apart; there each component is
//! treated as if it had a covariance of its own.

use std::f64::consts::LOG2_E;

use crate::float::{Element, Float};
use crate::kernels::distance::{scaled_squared_distances, squared_distances};
use crate::kernels::lanes::Lanes;
use crate::kernels::point::Point;
use crate::kernels::triangle::{TriangleBlocks, centre, small_squared_norms};
use crate::linalg::packed_row;
use crate::precision::{Factors, Precision};
use crate::tile::{Buffer, buffer};

/// Rows have few features up to this number: their kernels know it at compile time.
pub(crate) const FEW_FEATURES: usize = 4;

/// A mixture as the kernels need it.
#[derive(Debug)]
pub(crate) struct Densities<E> {
    /// c_k.
    log_constants: Vec<E>,
    forms: Forms<E>,
}

/// The quadratic forms λ ‖L_k⁻¹ (x − μ_k)‖².
#[derive(Debug)]
enum Forms<E> {
    /// A mean and √λ L⁻¹, packed, of few features.
    Small(Vec<(Point<E>, Vec<E>)>),
    /// A mean and √λ L⁻¹.
    Triangles(Vec<(Point<E>, TriangleBlocks<E>)>),
    /// A mean and √λ / σ of each feature.
    Diagonal(Vec<(Point<E>, Vec<E>)>),
    /// A mean and λ / σ².
    Spherical(Vec<(Point<E>, E)>),
    /// The means, mapped by √λ L⁻¹(x − origin).
    Tied {
        origin: Point<E>,
        map: TriangleBlocks<E>,
        means: Vec<Point<E>>,
    },
}

/// Scratch for one group of rows.
#[derive(Debug)]
pub(crate) struct GroupScratch<E> {
    centred: Buffer<E>,
    mapped: Buffer<E>,
}

impl<E: Float> GroupScratch<E> {
    pub(crate) fn new(n_features: usize) -> Self {
        const MAX_GROUP: usize = 6 * 16;
        Self {
            centred: buffer(n_features * MAX_GROUP),
            mapped: buffer(n_features * MAX_GROUP),
        }
    }
}

impl<E: Float> Densities<E> {
    pub(crate) fn new(precision: &Precision) -> Self {
        let constant =
            |&log_constant: &f64| E::from_f64((log_constant * LOG2_E).max(E::LOG_FLOOR.to_f64()));
        Self {
            log_constants: precision.log_constants.iter().map(constant).collect(),
            forms: Forms::new(precision),
        }
    }

    /// Writes the a_nk of the `V` vectors of rows in `x` to the first `V` vectors of each of the rows of
    /// `table`, which are `stride` vectors apart.
    #[inline(always)]
    pub(crate) fn log2_prob<L: Lanes<Element = E>, const V: usize>(
        &self,
        lanes: L,
        x: &[[L::Vector; V]],
        scratch: &mut GroupScratch<E>,
        table: &mut [L::Vector],
        stride: usize,
    ) {
        let rows = table.chunks_mut(stride).zip(&self.log_constants);
        let z = &mut L::vectors_mut(&mut scratch.centred).as_chunks_mut::<V>().0[..x.len()];
        match &self.forms {
            Forms::Small(forms) => {
                for ((out, &constant), (mean, triangle)) in rows.zip(forms) {
                    let squares = match x.len() {
                        1 => small_squared_norms::<L, V, 1>(lanes, x, mean, triangle),
                        2 => small_squared_norms::<L, V, 2>(lanes, x, mean, triangle),
                        3 => small_squared_norms::<L, V, 3>(lanes, x, mean, triangle),
                        _ => small_squared_norms::<L, V, FEW_FEATURES>(lanes, x, mean, triangle),
                    };
                    subtract_from(lanes, constant, squares, out);
                }
            }
            Forms::Triangles(forms) => {
                for ((out, &constant), (mean, triangle)) in rows.zip(forms) {
                    centre(lanes, x, mean, z);
                    subtract_from(lanes, constant, triangle.squared_norms(lanes, z), out);
                }
            }
            Forms::Diagonal(forms) => {
                for ((out, &constant), (mean, scales)) in rows.zip(forms) {
                    let squares = scaled_squared_distances(lanes, x, mean, scales);
                    subtract_from(lanes, constant, squares, out);
                }
            }
            Forms::Spherical(forms) => {
                for ((out, &constant), (mean, scale)) in rows.zip(forms) {
                    let mut squares = squared_distances(lanes, x, mean);
                    for square in &mut squares {
                        *square = lanes.mul(*square, lanes.splat(*scale));
                    }
                    subtract_from(lanes, constant, squares, out);
                }
            }
            Forms::Tied { origin, map, means } => {
                let mapped = L::vectors_mut(&mut scratch.mapped).as_chunks_mut::<V>().0;
                let mapped = &mut mapped[..x.len()];
                map.map(lanes, x, origin, z, mapped);
                for ((out, &constant), mean) in rows.zip(means) {
                    subtract_from(lanes, constant, squared_distances(lanes, mapped, mean), out);
                }
            }
        }
    }
}

/// Writes constant − squares, or [`LOG_FLOOR`](crate::float::Element::LOG_FLOOR) where that is less or not a number.
#[inline(always)]
fn subtract_from<L: Lanes, const V: usize>(
    lanes: L,
    constant: L::Element,
    squares: [L::Vector; V],
    out: &mut [L::Vector],
) {
    let (constant, floor) = (lanes.splat(constant), lanes.splat(L::Element::LOG_FLOOR));
    let out: &mut [L::Vector; V] = out.first_chunk_mut().expect("a row has whole groups");
    for v in 0..V {
        let value = lanes.sub(constant, squares[v]);
        // A comparison with NaN is false, so this also replaces NaN (∞ − ∞ after an overflow).
        out[v] = lanes.select(lanes.at_least(value, floor), value, floor);
    }
}

impl<E: Float> Forms<E> {
    fn new(precision: &Precision) -> Self {
        let lambda = 0.5 * LOG2_E;
        let means = || precision.means.iter().map(|mean| Point::new(mean));
        let scaled = |values: &[f64]| {
            values
                .iter()
                .map(|x| E::from_f64(lambda.sqrt() * x))
                .collect()
        };
        let n_features = precision.n_features();
        match &precision.factors {
            Factors::Diagonal(scales) => {
                Self::Diagonal(means().zip(scales.iter().map(|s| scaled(s))).collect())
            }
            Factors::Spherical(scales) => {
                let squares = scales.iter().map(|s| E::from_f64(lambda * s * s));
                Self::Spherical(means().zip(squares).collect())
            }
            Factors::Tied(triangle) => match MappedMeans::new(&precision.means, triangle) {
                mapped if mapped.farthest <= E::FAR => Self::Tied {
                    origin: Point::new(&mapped.origin),
                    map: TriangleBlocks::new(triangle, n_features, lambda.sqrt()),
                    means: mapped.means.iter().map(|mean| Point::new(mean)).collect(),
                },
                _ => Self::triangles(precision, |_| triangle),
            },
            Factors::Full(triangles) => Self::triangles(precision, |k| &triangles[k]),
        }
    }

    /// The forms with L_k⁻¹ packed in `triangle(k)`.
    fn triangles<'a>(precision: &Precision, triangle: impl Fn(usize) -> &'a [f64]) -> Self {
        let factor = (0.5 * LOG2_E).sqrt();
        let n_features = precision.n_features();
        let means = precision
            .means
            .iter()
            .map(|mean| Point::new(mean))
            .enumerate();
        if n_features <= FEW_FEATURES {
            let scaled = |k| {
                triangle(k)
                    .iter()
                    .map(|x| E::from_f64(factor * x))
                    .collect()
            };
            Self::Small(means.map(|(k, mean)| (mean, scaled(k))).collect())
        } else {
            let scaled = |k| TriangleBlocks::new(triangle(k), n_features, factor);
            Self::Triangles(means.map(|(k, mean)| (mean, scaled(k))).collect())
        }
    }
}

/// Means in units of a common standard deviation.
struct MappedMeans {
    /// The centre of the means.
    origin: Vec<f64>,
    /// √λ L⁻¹(μ_k − origin).
    means: Vec<Vec<f64>>,
    /// The largest Σ_j |L⁻¹_ij (μ_k − origin)_j|: in units of ε, how much rounding a map can leave.
    farthest: f64,
}

impl MappedMeans {
    fn new(means: &[Vec<f64>], triangle: &[f64]) -> Self {
        let n_features = means[0].len();
        let share = 1.0 / means.len() as f64;
        let mut origin = vec![0.0; n_features];
        for mean in means {
            for (sum, x) in origin.iter_mut().zip(mean) {
                *sum += share * x;
            }
        }
        let mut farthest = 0.0f64;
        let mut map = |mean: &Vec<f64>| {
            let difference: Vec<f64> = mean.iter().zip(&origin).map(|(m, o)| m - o).collect();
            let mut coordinate = |i| {
                let terms = packed_row(triangle, i).iter().zip(&difference);
                farthest = farthest.max(terms.clone().map(|(l, x)| (l * x).abs()).sum());
                (0.5 * LOG2_E).sqrt() * terms.map(|(l, x)| l * x).sum::<f64>()
            };
            (0..n_features).map(&mut coordinate).collect()
        };
        let means = means.iter().map(&mut map).collect();
        Self {
            origin,
            means,
            farthest,
        }
    }
}
