//! Matrices as text against the standard library's formatting, which is exact for every number.

use std::fmt::Write as _;
use std::io;

use gmm_core::text::{write_fixed, write_integers, write_scientific};
use ndarray::{Array2, ArrayView2, Axis, s};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const N_RANDOM: usize = 200_000;

/// What `write` writes on `n_threads` threads.
fn written<T: Sync>(
    n_threads: usize,
    matrix: ArrayView2<'_, T>,
    write: fn(&mut Vec<u8>, ArrayView2<'_, T>) -> io::Result<()>,
) -> String {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(n_threads)
        .build()
        .unwrap();
    let mut bytes = Vec::new();
    pool.install(|| write(&mut bytes, matrix)).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The same text one number after the other.
fn reference<T: Copy>(matrix: ArrayView2<'_, T>, number: fn(T) -> String) -> String {
    let mut text = String::new();
    for row in matrix.rows() {
        let numbers: Vec<String> = row.iter().map(|&value| number(value)).collect();
        writeln!(text, "{}", numbers.join(" ")).unwrap();
    }
    text
}

fn fixed(value: f64) -> String {
    if value.is_nan() {
        "nan".into()
    } else {
        format!("{value:.6}")
    }
}

fn scientific(value: f64) -> String {
    if !value.is_finite() {
        return fixed(value);
    }
    let text = format!("{value:.18e}");
    let (digits, exponent) = text.split_once('e').unwrap();
    format!("{digits}e{:+03}", exponent.parse::<i32>().unwrap())
}

/// Compares number by number, so that a failure names the number.
fn check(values: &[f64]) {
    let matrix = ArrayView2::from_shape((values.len(), 1), values).unwrap();
    let fixed_text = written(2, matrix, |out, matrix| write_fixed(out, matrix));
    let scientific_text = written(2, matrix, |out, matrix| write_scientific(out, matrix));
    assert_eq!(fixed_text.lines().count(), values.len());
    assert_eq!(scientific_text.lines().count(), values.len());
    for ((value, line), scientific_line) in values
        .iter()
        .zip(fixed_text.lines())
        .zip(scientific_text.lines())
    {
        assert_eq!(line, fixed(*value), "%f of {value:e}");
        assert_eq!(scientific_line, scientific(*value), "%.18e of {value:e}");
    }
}

fn random() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(20_240_607)
}

#[test]
fn random_bit_patterns() {
    let mut random = random();
    let values: Vec<f64> = (0..N_RANDOM)
        .map(|_| f64::from_bits(random.random()))
        .collect();
    check(&values);
}

#[test]
fn random_ordinary_values() {
    let mut random = random();
    let values: Vec<f64> = (0..N_RANDOM)
        .map(|i| {
            let scale = 10.0_f64.powi(i as i32 % 40 - 20);
            scale * (random.random::<f64>() - 0.5)
        })
        .collect();
    check(&values);
}

#[test]
fn few_bits_and_so_many_ties() {
    let mut random = random();
    let values: Vec<f64> = (0..N_RANDOM)
        .map(|_| {
            let mantissa = f64::from(random.random::<i32>() >> random.random_range(0..31));
            mantissa * 2.0_f64.powi(random.random_range(-80..80))
        })
        .collect();
    check(&values);
}

#[test]
fn ties_and_neighbours_of_six_decimals() {
    // Odd multiples of 5e-7 are ties as written; as doubles only some are, the others are just beside one.
    let mut values = Vec::new();
    for n in (1..20_000).step_by(2) {
        for value in [
            f64::from(n) * 5e-7,
            f64::from(n) / 128.0,
            f64::from(n) * 5.0,
        ] {
            values.extend([value, value.next_up(), value.next_down(), -value]);
        }
    }
    check(&values);
}

#[test]
fn boundaries() {
    let mut values = vec![0.0, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, f64::NAN];
    for exponent in -1074..=1023 {
        let power = 2.0_f64.powi(exponent / 2) * 2.0_f64.powi(exponent - exponent / 2);
        values.extend([power, power.next_up(), power.next_down()]);
    }
    for exponent in -323..=308 {
        let power: f64 = format!("1e{exponent}").parse().unwrap();
        values.extend([power, power.next_up(), power.next_down()]);
    }
    let negative: Vec<f64> = values.iter().map(|value| -value).collect();
    check(&values);
    check(&negative);
}

#[test]
fn random_integers() {
    let mut random = random();
    let values = Array2::from_shape_fn((N_RANDOM / 4, 4), |_| {
        random.random::<i64>() >> random.random_range(0..64)
    });
    assert_eq!(
        written(2, values.view(), |out, matrix| write_integers(out, matrix)),
        reference(values.view(), |value| value.to_string())
    );
}

#[test]
fn the_same_bytes_for_every_shape_and_any_number_of_threads() {
    let mut random = random();
    for dim in [
        (1, 1),
        (1, 50_001),
        (50_001, 1),
        (3, 16_384),
        (2, 16_385),
        (30_000, 7),
        (137, 500),
    ] {
        let matrix = Array2::from_shape_fn(dim, |_| 1e3 * (random.random::<f64>() - 0.5));
        let expected = reference(matrix.view(), fixed);
        for n_threads in [1, 2, 3, 8] {
            let text = written(n_threads, matrix.view(), |out, matrix| {
                write_fixed(out, matrix)
            });
            assert!(text == expected, "{dim:?} on {n_threads} threads");
        }
    }
}

#[test]
fn strides() {
    let matrix = Array2::from_shape_fn((3_001, 9), |(row, col)| row as f64 - 0.125 * col as f64);
    let mut reversed = matrix.view();
    reversed.invert_axis(Axis(0));
    reversed.invert_axis(Axis(1));
    let one_row = matrix.row(5);
    for view in [
        matrix.t(),
        reversed,
        reversed.reversed_axes(),
        matrix.slice(s![1..;3, ..;2]),
        matrix.slice(s![.., 4..5]),
        one_row.broadcast((700, 9)).unwrap(),
    ] {
        let text = written(2, view, |out, matrix| write_fixed(out, matrix));
        assert!(
            text == reference(view, fixed),
            "strides {:?}",
            view.strides()
        );
    }
}

#[test]
fn no_rows_no_columns() {
    for (dim, expected) in [((0, 3), ""), ((0, 0), ""), ((3, 0), "\n\n\n")] {
        let matrix = Array2::<f64>::zeros(dim);
        assert_eq!(
            written(2, matrix.view(), |out, matrix| write_fixed(out, matrix)),
            expected
        );
    }
    let many_lines = Array2::<i64>::zeros((50_000, 0));
    let text = written(2, many_lines.view(), |out, matrix| {
        write_integers(out, matrix)
    });
    assert_eq!(text, "\n".repeat(50_000));
}

#[test]
fn an_error_of_the_writer_ends_the_writing() {
    /// Takes a few bytes, then is full.
    struct Full(usize);

    impl io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let n_taken = bytes.len().min(self.0);
            self.0 -= n_taken;
            if n_taken > 0 {
                Ok(n_taken)
            } else {
                Err(io::ErrorKind::StorageFull.into())
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let matrix = Array2::<i64>::zeros((100_000, 2));
    let error = write_integers(Full(1_000), matrix.view()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
