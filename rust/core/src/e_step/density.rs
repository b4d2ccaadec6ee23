//! Weighted log-densities of a tile under all components, in the precision of the kernels.
//!
//! In units of log₂, so that the exponential needs no scaling (λ = ½ log₂ e):
//!   a_nk = log₂(weights_k N(x_n; μ_k, Σ_k)) = c_k − λ ‖L_k⁻¹ (x_n − μ_k)‖²,      Σ_k = L_k L_kᵀ
//! where c_k = log₂ weights_k − ½ D log₂ 2π − log₂ |L_k|.
//!
//! A form is folded, L⁻¹ x − L⁻¹ μ with the second term as the first summand, where that is exact enough: its rounding grows
//! with the distance of the mean from the origin, in standard deviations ([`Mapped::reach`]). Beyond [`FAR`](Element::FAR) the
//! difference x − μ is formed first, and the error grows neither with the distance of the data from the origin nor with
//! that of the components from each other.
//!
//! With one covariance for all components, rows and means are mapped by L⁻¹ once: ‖L⁻¹(x − c) − L⁻¹(μ_k − c)‖².
//! That loses digits where the means are as far apart; there each component is treated as if it had a covariance of
//! its own.

use std::f64::consts::LOG2_E;

use crate::float::{Element, Float};
use crate::kernels::distance::{scaled_squared_norms, squared_distances};
use crate::kernels::lanes::Lanes;
use crate::kernels::point::Point;
use crate::kernels::triangle::{TriangleBlocks, centre, small_form};
use crate::linalg::packed_row;
use crate::model::{Factors, Precision};
use crate::rows::{Buffer, buffer};

/// λ, which takes half a square in nats to log₂ units.
const LAMBDA: f64 = 0.5 * LOG2_E;

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
    /// √λ L⁻¹, packed, of few features.
    Small(Vec<Form<E, Vec<E>>>),
    /// √λ L⁻¹.
    Triangles(Vec<Form<E, TriangleBlocks<E>>>),
    /// √λ / σ of each feature.
    Diagonal(Vec<Form<E, Vec<E>>>),
    /// The means, mapped by √λ L⁻¹(x − origin).
    Tied {
        origin: Point<E>,
        map: TriangleBlocks<E>,
        means: Vec<Point<E>>,
    },
}

/// ‖T z + offsets‖² with T = √λ L⁻¹.
#[derive(Debug)]
struct Form<E, M> {
    map: M,
    /// Folded: −T μ. Centred: 0.
    offsets: Vec<E>,
    /// Folded: none, z = x. Centred: μ, z = x − μ.
    centre: Option<Point<E>>,
}

impl<E: Float, M> Form<E, M> {
    /// The form of a component at `mean`, where L⁻¹ takes the mean to `mapped`.
    fn new(map: M, mean: &[f64], mapped: &Mapped) -> Self {
        let folded = mapped.reach <= E::FAR;
        let offset = |y: &f64| {
            if folded {
                E::from_f64(-LAMBDA.sqrt() * y)
            } else {
                E::default()
            }
        };
        Self {
            map,
            offsets: mapped.coordinates.iter().map(offset).collect(),
            centre: (!folded).then(|| Point::new(mean)),
        }
    }

    /// z of the rows in `x`; `scratch` is where it is written if it isn't `x`.
    #[inline(always)]
    fn argument<'a, L: Lanes<Element = E>, const V: usize>(
        &self,
        lanes: L,
        x: &'a [[L::Vector; V]],
        scratch: &'a mut [[L::Vector; V]],
    ) -> &'a [[L::Vector; V]] {
        match &self.centre {
            None => x,
            Some(mean) => {
                centre(lanes, x, mean, scratch);
                scratch
            }
        }
    }
}

/// Rows of a group at most: six vectors of 16 lanes.
pub(crate) const MAX_GROUP: usize = 6 * 16;

/// Scratch for one group of rows.
#[derive(Debug)]
pub(crate) struct GroupScratch<E> {
    centred: Buffer<E>,
    mapped: Buffer<E>,
}

impl<E: Float> GroupScratch<E> {
    pub(crate) fn new(n_features: usize) -> Self {
        Self {
            centred: buffer(n_features * MAX_GROUP),
            mapped: buffer(n_features * MAX_GROUP),
        }
    }
}

impl<E: Float> Densities<E> {
    pub(crate) fn new(precision: &Precision) -> Self {
        let constant =
            |&log_constant: &f64| E::from_f64((log_constant * LOG2_E).max(E::LOG_ZERO.to_f64()));
        Self {
            log_constants: precision.log_constants.iter().map(constant).collect(),
            forms: Forms::new(precision),
        }
    }

    /// Writes the a_nk of the `V` vectors of rows in `x` to `table`, an entry for each component.
    #[inline(always)]
    pub(crate) fn log2_prob<L: Lanes<Element = E>, const V: usize>(
        &self,
        lanes: L,
        x: &[[L::Vector; V]],
        scratch: &mut GroupScratch<E>,
        table: &mut [[L::Vector; V]],
    ) {
        let entries = table.iter_mut().zip(&self.log_constants);
        let z = &mut L::vectors_mut(&mut scratch.centred).as_chunks_mut::<V>().0[..x.len()];
        match &self.forms {
            Forms::Small(forms) => match x.len() {
                1 => self.small_log2_prob::<L, V, 1>(lanes, forms, x, z, table),
                2 => self.small_log2_prob::<L, V, 2>(lanes, forms, x, z, table),
                3 => self.small_log2_prob::<L, V, 3>(lanes, forms, x, z, table),
                _ => self.small_log2_prob::<L, V, FEW_FEATURES>(lanes, forms, x, z, table),
            },
            Forms::Triangles(forms) => {
                for ((out, &constant), form) in entries.zip(forms) {
                    let z = form.argument(lanes, x, z);
                    let squares = form.map.squared_norms(lanes, z, &form.offsets);
                    *out = difference(lanes, constant, squares);
                }
            }
            Forms::Diagonal(forms) => {
                for ((out, &constant), form) in entries.zip(forms) {
                    let z = form.argument(lanes, x, z);
                    let squares = scaled_squared_norms(lanes, z, &form.map, &form.offsets);
                    *out = difference(lanes, constant, squares);
                }
            }
            Forms::Tied { origin, map, means } => {
                let mapped = L::vectors_mut(&mut scratch.mapped).as_chunks_mut::<V>().0;
                let mapped = &mut mapped[..x.len()];
                map.map(lanes, x, origin, z, mapped);
                for ((out, &constant), mean) in entries.zip(means) {
                    let squares = squared_distances(lanes, mapped, mean);
                    *out = difference(lanes, constant, squares);
                }
            }
        }
    }

    /// The same for `D` features.
    #[inline(always)]
    fn small_log2_prob<L: Lanes<Element = E>, const V: usize, const D: usize>(
        &self,
        lanes: L,
        forms: &[Form<E, Vec<E>>],
        x: &[[L::Vector; V]],
        z: &mut [[L::Vector; V]],
        table: &mut [[L::Vector; V]],
    ) {
        for ((out, &constant), form) in table.iter_mut().zip(&self.log_constants).zip(forms) {
            let z = form.argument(lanes, x, z);
            let value = small_form::<L, V, D>(lanes, z, &form.map, &form.offsets, constant);
            *out = bounded(lanes, constant, value);
        }
    }
}

/// constant − squares.
#[inline(always)]
fn difference<L: Lanes, const V: usize>(
    lanes: L,
    constant: L::Element,
    squares: [L::Vector; V],
) -> [L::Vector; V] {
    let mut value = squares;
    for value in &mut value {
        *value = lanes.sub(lanes.splat(constant), *value);
    }
    bounded(lanes, constant, value)
}

/// `value`, which is constant − squares; squares that overflow count as those that lead to
/// [`LOG_FLOOR`](crate::float::Element::LOG_FLOOR).
#[inline(always)]
fn bounded<L: Lanes, const V: usize>(
    lanes: L,
    constant: L::Element,
    value: [L::Vector; V],
) -> [L::Vector; V] {
    let least = lanes.add(lanes.splat(constant), lanes.splat(L::Element::LOG_FLOOR));
    let mut bounded = value;
    for value in &mut bounded {
        // This also replaces NaN (∞ − ∞ after an overflow).
        *value = lanes.max(*value, least);
    }
    bounded
}

impl<E: Float> Forms<E> {
    fn new(precision: &Precision) -> Self {
        let n_features = precision.n_features();
        match &precision.factors {
            Factors::Diagonal(scales) => Self::diagonal(precision, |k| scales[k].clone()),
            Factors::Spherical(scales) => {
                Self::diagonal(precision, |k| vec![scales[k]; n_features])
            }
            Factors::Tied(triangle) => {
                let origin = precision.centroid();
                let mapped = precision.means.iter().map(|mean| {
                    let difference: Vec<f64> =
                        mean.iter().zip(&origin).map(|(m, o)| m - o).collect();
                    Mapped::by_triangle(triangle, &difference)
                });
                let mapped: Vec<Mapped> = mapped.collect();
                if mapped.iter().any(|mean| mean.reach > E::FAR) {
                    return Self::triangles(precision, |_| triangle);
                }
                Self::Tied {
                    origin: Point::new(&origin),
                    map: TriangleBlocks::new(triangle, n_features, LAMBDA.sqrt()),
                    means: mapped.iter().map(Mapped::to_point).collect(),
                }
            }
            Factors::Full(triangles) => Self::triangles(precision, |k| &triangles[k]),
        }
    }

    /// The forms with 1/σ of each feature in `scales(k)`.
    fn diagonal(precision: &Precision, scales: impl Fn(usize) -> Vec<f64>) -> Self {
        let form = |(k, mean): (usize, &Vec<f64>)| {
            let scales = scales(k);
            Form::new(scaled(&scales), mean, &Mapped::by_scales(&scales, mean))
        };
        Self::Diagonal(precision.means.iter().enumerate().map(form).collect())
    }

    /// The forms with L_k⁻¹ packed in `triangle(k)`.
    fn triangles<'a>(precision: &Precision, triangle: impl Fn(usize) -> &'a [f64]) -> Self {
        let n_features = precision.n_features();
        let means = precision.means.iter().enumerate();
        let mapped = |k, mean: &Vec<f64>| Mapped::by_triangle(triangle(k), mean);
        if n_features <= FEW_FEATURES {
            let form = |(k, mean): (usize, &Vec<f64>)| {
                Form::new(scaled(triangle(k)), mean, &mapped(k, mean))
            };
            Self::Small(means.map(form).collect())
        } else {
            let form = |(k, mean): (usize, &Vec<f64>)| {
                let map = TriangleBlocks::new(triangle(k), n_features, LAMBDA.sqrt());
                Form::new(map, mean, &mapped(k, mean))
            };
            Self::Triangles(means.map(form).collect())
        }
    }
}

/// √λ times `values`.
fn scaled<E: Float>(values: &[f64]) -> Vec<E> {
    let scaled = values.iter().map(|x| E::from_f64(LAMBDA.sqrt() * x));
    scaled.collect()
}

/// A point in units of standard deviations.
struct Mapped {
    /// L⁻¹ x.
    coordinates: Vec<f64>,
    /// The largest Σ_j |L⁻¹_ij x_j|: in units of ε, how much rounding the product can leave.
    reach: f64,
}

impl Mapped {
    /// `point`, mapped by a packed lower triangle.
    fn by_triangle(triangle: &[f64], point: &[f64]) -> Self {
        let terms = |i| {
            packed_row(triangle, i)
                .iter()
                .zip(point)
                .map(|(l, x)| l * x)
        };
        let reach = |i| terms(i).map(f64::abs).sum();
        Self {
            coordinates: (0..point.len()).map(|i| terms(i).sum()).collect(),
            reach: (0..point.len()).map(reach).fold(0.0, f64::max),
        }
    }

    /// `point`, mapped feature by feature.
    fn by_scales(scales: &[f64], point: &[f64]) -> Self {
        let coordinates: Vec<f64> = scales.iter().zip(point).map(|(s, x)| s * x).collect();
        Self {
            reach: coordinates.iter().map(|y| y.abs()).fold(0.0, f64::max),
            coordinates,
        }
    }

    /// √λ times the point, as rows are mapped.
    fn to_point<E: Float>(&self) -> Point<E> {
        let scaled: Vec<f64> = self.coordinates.iter().map(|y| LAMBDA.sqrt() * y).collect();
        Point::new(&scaled)
    }
}
