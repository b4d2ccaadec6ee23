//! Packs rows of any stride for the kernels: the only code that sees strides.
//!
//! A [`Tile`] has one SIMD lane a row, for densities; a [`Panel`] has the features of a row side by side, for moments.

use aligned_vec::AVec;
use ndarray::{ArrayView2, Axis};

use crate::float::Float;
use crate::kernels::lanes::Lanes;

/// Rows that a tile holds at most: [`tile_len`] gives this or half of it. A multiple of the lanes that a
/// register tile of any instruction set covers.
pub(crate) const MAX_TILE: usize = 384;

/// Features of a panel fill up to a multiple of this, the widest vector there is.
const MAX_LANES: usize = 16;

/// Scratch for kernels, aligned to cache lines.
pub(crate) type Buffer<E> = AVec<E>;

/// A buffer of zeros.
pub(crate) fn buffer<E: Float>(len: usize) -> Buffer<E> {
    AVec::from_iter(64, std::iter::repeat_n(E::default(), len))
}

/// Rows of a tile, so that its tables stay in the second level cache.
pub(crate) fn tile_len<E>(n_components: usize, n_features: usize) -> usize {
    const MAX_TABLE_BYTES: usize = 200 << 10;
    let bytes = MAX_TILE * n_components.max(n_features) * size_of::<E>();
    if bytes <= MAX_TABLE_BYTES {
        MAX_TILE
    } else {
        MAX_TILE / 2
    }
}

/// Features of a row of a panel, with those that fill it up.
pub(crate) const fn padded(n_features: usize) -> usize {
    n_features.next_multiple_of(MAX_LANES)
}

/// Rows of data, transposed in groups: a group has as many rows as a register tile, [`Lanes::GROUP`] vectors,
/// and holds these vectors of its first feature, then of the second, …
#[derive(Debug)]
pub(crate) struct Tile<E> {
    values: Buffer<E>,
    n_features: usize,
    len: usize,
}

impl<E: Float> Tile<E> {
    /// Room for `capacity` rows, a multiple of half of [`MAX_TILE`].
    pub(crate) fn new(n_features: usize, capacity: usize) -> Self {
        Self {
            values: buffer(n_features * capacity),
            n_features,
            len: 0,
        }
    }

    /// Loads `rows`. The lanes of the last group that are left repeat the last row, so that whatever is
    /// computed there is as finite as the data.
    #[inline(always)]
    pub(crate) fn load<L: Lanes<Element = E>, T: Float>(&mut self, rows: ArrayView2<'_, T>) {
        match self.n_features {
            1 => self.load_groups::<L, T, 1>(rows),
            2 => self.load_groups::<L, T, 2>(rows),
            3 => self.load_groups::<L, T, 3>(rows),
            4 => self.load_groups::<L, T, 4>(rows),
            _ => self.load_groups::<L, T, 0>(rows),
        }
    }

    /// The same where the number of features is known to be `D`, or 0 for any.
    #[inline(always)]
    fn load_groups<L: Lanes<Element = E>, T: Float, const D: usize>(
        &mut self,
        rows: ArrayView2<'_, T>,
    ) {
        let n_features = if D > 0 { D } else { self.n_features };
        let width = L::LANES * L::GROUP;
        self.len = rows.nrows();
        match rows.as_slice() {
            Some(values) => {
                let groups = self.values.chunks_exact_mut(n_features * width);
                for (group, rows) in groups.zip(values.chunks(n_features * width)) {
                    if D == 0 && const { L::LANES * L::GROUP % BLOCK == 0 } {
                        transpose_blocks(rows, n_features, group, width);
                    } else {
                        transpose(rows, n_features, group, width);
                    }
                }
            }
            None => {
                for (d, column) in rows.columns().into_iter().enumerate() {
                    let groups = self.values.chunks_exact_mut(n_features * width);
                    match column.as_slice() {
                        Some(values) => {
                            for (group, values) in groups.zip(values.chunks(width)) {
                                convert(values, &mut group[d * width..]);
                            }
                        }
                        None => {
                            let parts = column.axis_chunks_iter(Axis(0), width);
                            for (group, values) in groups.zip(parts) {
                                for (out, x) in group[d * width..].iter_mut().zip(values) {
                                    *out = E::from_f64(x.to_f64());
                                }
                            }
                        }
                    }
                }
            }
        }
        let used = self.len % width;
        if used > 0 {
            let last = (self.len - used) * n_features;
            for feature in self.values[last..][..n_features * width].chunks_exact_mut(width) {
                let value = feature[used - 1];
                feature[used..].fill(value);
            }
        }
    }

    /// As many rows as `other` holds, whose values are yet to be written.
    pub(crate) fn hold_as_many(&mut self, other: &Self) {
        self.len = other.len;
    }

    /// The same rows in `f32`, for vectors of as many bytes.
    #[inline(always)]
    pub(crate) fn rounded<L: Lanes<Element = E>, M: Lanes<Element = f32>>(&self) -> Tile<f32> {
        // Groups of `f32` are as wide or a multiple of it.
        let (width, new_width) = (L::LANES * L::GROUP, M::LANES * M::GROUP);
        let mut tile = Tile::new(self.n_features, self.values.len() / self.n_features);
        tile.len = self.len;
        let groups = self.values.chunks_exact(self.n_features * width);
        for (group, first) in groups.zip((0..self.len).step_by(width)) {
            let (whole, part) = (first - first % new_width, first % new_width);
            let out = &mut tile.values[whole * self.n_features + part..];
            for (d, feature) in group.chunks_exact(width).enumerate() {
                for (out, x) in out[d * new_width..].iter_mut().zip(feature) {
                    *out = x.to_f64() as f32;
                }
            }
        }
        tile
    }

    /// Number of rows held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Lanes of the groups that hold rows.
    #[inline(always)]
    pub(crate) fn n_lanes<L: Lanes<Element = E>>(&self) -> usize {
        self.len.next_multiple_of(L::LANES * L::GROUP)
    }

    /// The groups that hold rows, each `n_features` times [`Lanes::GROUP`] vectors.
    #[inline(always)]
    pub(crate) fn groups<L: Lanes<Element = E>>(&self) -> impl Iterator<Item = &[L::Vector]> {
        let n_groups = self.len.div_ceil(L::LANES * L::GROUP);
        let vectors = L::vectors(&self.values);
        vectors
            .chunks_exact(self.n_features * L::GROUP)
            .take(n_groups)
    }

    /// The same groups, to be written.
    #[inline(always)]
    pub(crate) fn groups_mut<L: Lanes<Element = E>>(
        &mut self,
    ) -> impl Iterator<Item = &mut [L::Vector]> {
        let n_groups = self.len.div_ceil(L::LANES * L::GROUP);
        let vectors = L::vectors_mut(&mut self.values);
        vectors
            .chunks_exact_mut(self.n_features * L::GROUP)
            .take(n_groups)
    }
}

/// Writes the entries of `values` to the first ones of `out`.
#[inline(always)]
fn convert<T: Float, E: Float>(values: &[T], out: &mut [E]) {
    for (out, x) in out.iter_mut().zip(values) {
        *out = E::from_f64(x.to_f64());
    }
}

/// Rows and columns of the blocks that a group is transposed in.
const BLOCK: usize = 8;

/// Writes entry d of row n of `rows` to out[d · width + n].
#[inline(always)]
fn transpose<T: Float, E: Float>(rows: &[T], n_features: usize, out: &mut [E], width: usize) {
    for (lane, row) in rows.chunks_exact(n_features).enumerate() {
        for (d, x) in row.iter().enumerate() {
            out[d * width + lane] = E::from_f64(x.to_f64());
        }
    }
}

/// The same, in blocks that the compiler can keep in vectors.
#[inline(always)]
pub(crate) fn transpose_blocks<T: Float, E: Float>(
    rows: &[T],
    n_features: usize,
    out: &mut [E],
    width: usize,
) {
    let whole_features = n_features - n_features % BLOCK;
    let blocks = rows.chunks_exact(BLOCK * n_features);
    let whole_rows = blocks.len() * BLOCK;
    transpose(
        blocks.remainder(),
        n_features,
        &mut out[whole_rows..],
        width,
    );
    for (block, rows) in blocks.enumerate() {
        let first = block * BLOCK;
        for d in (0..whole_features).step_by(BLOCK) {
            let mut values = [[E::default(); BLOCK]; BLOCK];
            for (n, row) in rows.chunks_exact(n_features).enumerate() {
                for (d, x) in row[d..d + BLOCK].iter().enumerate() {
                    values[d][n] = E::from_f64(x.to_f64());
                }
            }
            for (column, values) in values.iter().enumerate() {
                out[(d + column) * width + first..][..BLOCK].copy_from_slice(values);
            }
        }
        for d in whole_features..n_features {
            for (n, row) in rows.chunks_exact(n_features).enumerate() {
                out[d * width + first + n] = E::from_f64(row[d].to_f64());
            }
        }
    }
}

/// Rows of data, each as vectors of features; zeros fill up the last vector. All rows' first vectors come first,
/// then all second vectors, …, so that a register tile reads contiguous memory.
#[derive(Debug)]
pub(crate) struct Panel<E> {
    values: Buffer<E>,
    capacity: usize,
}

impl<E: Float> Panel<E> {
    /// Room for `capacity` rows.
    pub(crate) fn new(n_features: usize, capacity: usize) -> Self {
        Self {
            values: buffer(padded(n_features) * capacity),
            capacity,
        }
    }

    /// Loads `rows`, which `tile` holds: from there, unless their values lie side by side.
    #[inline(always)]
    pub(crate) fn load<L: Lanes<Element = E>, T: Float>(
        &mut self,
        rows: ArrayView2<'_, T>,
        tile: &Tile<E>,
    ) {
        if rows.strides()[1] != 1 {
            return self.load_tile::<L>(tile);
        }
        for (n, row) in rows.rows().into_iter().enumerate() {
            let row = row.as_slice().expect("values side by side");
            let mut blocks = self.values[n * L::LANES..].chunks_mut(self.capacity * L::LANES);
            let parts = row.chunks_exact(L::LANES);
            let rest = parts.remainder();
            for (part, out) in parts.zip(&mut blocks) {
                convert(part, &mut out[..L::LANES]);
            }
            if let Some(out) = blocks.next() {
                convert(rest, out);
            }
        }
    }

    /// The same from the tile. Rows that fill up its last group come along.
    #[inline(always)]
    fn load_tile<L: Lanes<Element = E>>(&mut self, tile: &Tile<E>) {
        let width = L::LANES * L::GROUP;
        let groups = tile.values.chunks_exact(tile.n_features * width);
        for (group, first) in groups.zip((0..tile.len).step_by(width)) {
            let blocks = self.values[first * L::LANES..].chunks_mut(self.capacity * L::LANES);
            for (features, out) in group.chunks(L::LANES * width).zip(blocks) {
                transpose_blocks(features, width, out, L::LANES);
            }
        }
    }

    /// The vectors number `index` of all rows.
    #[inline(always)]
    pub(crate) fn block<L: Lanes<Element = E>>(&self, index: usize) -> &[L::Vector] {
        let len = self.capacity * L::LANES;
        L::vectors(&self.values[index * len..][..len])
    }

    /// The same as elements, [`Lanes::LANES`] of each row.
    #[inline(always)]
    pub(crate) fn block_elements<L: Lanes<Element = E>>(&self, index: usize) -> &[E] {
        let len = self.capacity * L::LANES;
        &self.values[index * len..][..len]
    }

    /// The vectors number `index` of all rows, to be written.
    #[inline(always)]
    pub(crate) fn block_mut<L: Lanes<Element = E>>(&mut self, index: usize) -> &mut [L::Vector] {
        let len = self.capacity * L::LANES;
        L::vectors_mut(&mut self.values[index * len..][..len])
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, concatenate, s};
    use pulp::{Simd, WithSimd};

    use super::*;
    use crate::kernels;

    /// The values of a tile and of its panel, without those that fill both up.
    struct Loaded<'a, T, E>(ArrayView2<'a, T>, Tile<E>, Panel<E>);

    impl<T: Float, E: Float> WithSimd for Loaded<'_, T, E> {
        type Output = (Vec<E>, Vec<E>);

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> Self::Output {
            let Self(rows, mut tile, mut panel) = self;
            let (len, n_features) = rows.dim();
            tile.load::<E::Lanes<S>, T>(rows);
            panel.load::<E::Lanes<S>, T>(rows, &tile);
            let lanes = <E::Lanes<S> as Lanes>::LANES;
            let width = lanes * <E::Lanes<S> as Lanes>::GROUP;
            let used = len.next_multiple_of(width) * n_features;
            let mut in_panel = Vec::new();
            for n in 0..len {
                for d in 0..n_features {
                    let block = panel.block_elements::<E::Lanes<S>>(d / lanes);
                    in_panel.push(block[n * lanes + d % lanes]);
                }
            }
            (tile.values[..used].to_vec(), in_panel)
        }
    }

    fn loaded<T: Float, E: Float>(rows: ArrayView2<'_, T>) -> (Vec<E>, Vec<E>) {
        let n_features = rows.ncols();
        let (tile, panel) = (
            Tile::new(n_features, MAX_TILE),
            Panel::new(n_features, MAX_TILE),
        );
        kernels::run(Loaded(rows, tile, panel))
    }

    fn check<T: Float, E: Float + PartialEq>(rows: &Array2<T>) {
        let expected = loaded::<T, E>(rows.view());
        let entries: Vec<_> = rows.iter().map(|x| E::from_f64(x.to_f64())).collect();
        assert_eq!(expected.1, entries);
        let (len, n_features) = rows.dim();
        for column_stride in [len, len + 3, 512] {
            let mut values = Array2::from_elem((n_features, column_stride), T::default());
            let mut by_columns = values.slice_mut(s![.., ..len]).reversed_axes();
            by_columns.assign(rows);
            assert_eq!(loaded::<T, E>(by_columns.view()), expected);
        }
        let wide = concatenate![Axis(1), *rows, *rows];
        assert_eq!(loaded::<T, E>(wide.slice(s![.., ..n_features])), expected);
        let backwards = rows.slice(s![..;-1, ..;-1]).to_owned();
        assert_eq!(loaded::<T, E>(backwards.slice(s![..;-1, ..;-1])), expected);
    }

    #[test]
    fn rows_of_any_strides_load_alike() {
        for n_features in [1, 2, 3, 4, 5, 8, 13, 16, 17, 40] {
            for len in [1, 2, 7, 8, 48, 100, 191, 192, MAX_TILE] {
                let value = |(n, d)| (1000 * n + d) as f64 + 0.25;
                let rows = Array2::from_shape_fn((len, n_features), value);
                check::<f64, f64>(&rows);
                check::<f64, f32>(&rows);
                let rows = rows.mapv(|x| x as f32);
                check::<f32, f32>(&rows);
                check::<f32, f64>(&rows);
            }
        }
    }
}
