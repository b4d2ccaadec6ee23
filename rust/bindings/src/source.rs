//! Rows wherever they are: in an array, in an object that Python reads block by block, or on a cluster.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use gmm_core::{
    Block, BlockReader, BlockRows, Blocks, Cluster, ClusterRows, Float, GmmError, Part, Rows,
    Source,
};
use numpy::ndarray::{ArrayView1, s};
use numpy::{
    Element, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, ToPyArray,
};
use pyo3::types::{PyAnyMethods, PyBytes, PyBytesMethods, PyIterator};
use pyo3::{Borrowed, Bound, FromPyObject, Py, PyAny, PyErr, PyResult, Python, pyfunction};

use crate::arrays::{FloatMatrix, FloatView, with_view};
use crate::compute::compute;

/// What a fit gets its rows from.
#[derive(FromPyObject)]
pub(crate) enum PySource<'py> {
    Matrix(FloatMatrix<'py>),
    Elsewhere(Elsewhere),
}

/// The same for other threads.
#[derive(Clone, Copy)]
pub(crate) enum SourceView<'a> {
    Matrix(FloatView<'a>),
    Elsewhere(&'a Elsewhere),
}

impl PySource<'_> {
    pub(crate) fn view(&self) -> SourceView<'_> {
        match self {
            Self::Matrix(matrix) => SourceView::Matrix(matrix.view()),
            Self::Elsewhere(elsewhere) => SourceView::Elsewhere(elsewhere),
        }
    }

    /// The exception that Python raised while it was asked for rows, or else `other`.
    pub(crate) fn raised_or(&self, other: PyErr) -> PyErr {
        match self {
            Self::Matrix(_) => other,
            Self::Elsewhere(elsewhere) => elsewhere.raised_or(other),
        }
    }
}

/// Work on rows of either type.
pub(crate) trait OnSource {
    /// What comes of it.
    type Result;

    /// Does it.
    fn on<T: Float>(self, source: Source<'_, T>) -> Result<Self::Result, GmmError>;
}

impl SourceView<'_> {
    /// Says that nobody waits for rows, or for the answer of a cluster, any more.
    pub(crate) fn give_up(self) {
        if let Self::Elsewhere(rows) = self {
            rows.is_given_up.store(true, Ordering::Relaxed);
            if rows.lengths.is_some() {
                let _ = Python::attach(|py| rows.object.call_method0(py, "give_up"));
            }
        }
    }

    /// Runs `work` on the rows, once they have been checked. Weights are those of all rows.
    pub(crate) fn run<W: OnSource>(
        self,
        work: W,
        sample_weight: Option<ArrayView1<'_, f64>>,
    ) -> Result<W::Result, GmmError> {
        match self {
            Self::Matrix(FloatView::F64(view)) => work.on(Rows::new(view)?.into()),
            Self::Matrix(FloatView::F32(view)) => work.on(Rows::new(view)?.into()),
            Self::Elsewhere(rows) if rows.is_float32 => rows.run::<f32, W>(work, sample_weight),
            Self::Elsewhere(rows) => rows.run::<f64, W>(work, sample_weight),
        }
    }
}

/// How many rows there are, and the least and the largest value of each feature.
type Extent = (usize, (Vec<f64>, Vec<f64>));

/// An object with the attributes of `gmm_rs.RowSource`, or of a cluster.
pub(crate) struct Elsewhere {
    object: Py<PyAny>,
    n_features: usize,
    is_float32: bool,
    /// The rows of each part of a cluster.
    lengths: Option<Vec<usize>>,
    /// What `extent` has found before.
    extent: Option<Extent>,
    is_given_up: AtomicBool,
    raised: Mutex<Option<PyErr>>,
}

impl FromPyObject<'_, '_> for Elsewhere {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let dtype = object.getattr("dtype")?.getattr("name")?;
        Ok(Self {
            n_features: object.getattr("n_features")?.extract()?,
            is_float32: dtype.eq("float32")?,
            lengths: attribute(object, "lengths")?,
            extent: attribute(object, "extent")?,
            object: object.to_owned().unbind(),
            is_given_up: AtomicBool::new(false),
            raised: Mutex::default(),
        })
    }
}

/// An attribute that not all objects have.
fn attribute<R: for<'a, 'py> FromPyObject<'a, 'py>>(
    object: Borrowed<'_, '_, PyAny>,
    name: &str,
) -> PyResult<Option<R>> {
    let Some(value) = object.getattr_opt(name)? else {
        return Ok(None);
    };
    value.extract().map_err(Into::into)
}

impl Elsewhere {
    fn run<T: Float + Element, W: OnSource>(
        &self,
        work: W,
        sample_weight: Option<ArrayView1<'_, f64>>,
    ) -> Result<W::Result, GmmError> {
        match &self.lengths {
            None => work.on(Source::from(&self.block_rows::<T>()?)),
            Some(lengths) => {
                let rows = ClusterRows::new::<T>(self, lengths, self.n_features, sample_weight)?;
                work.on::<T>(Source::from(&rows))
            }
        }
    }

    /// All rows, read once unless that has been done before. Ctrl-C is looked for after each block.
    fn block_rows<T: Float + Element>(&self) -> Result<BlockRows<'_, T>, GmmError> {
        if let Some((n_rows, (low, high))) = self.extent.clone() {
            return BlockRows::checked_before(Reader(self), n_rows, low, high);
        }
        let go_on = || Python::attach(|py| self.kept(py.check_signals())).is_ok();
        BlockRows::new(Reader(self), go_on)
    }

    /// Keeps the first exception; the engine gets an error that says that there was one.
    fn kept<R>(&self, result: PyResult<R>) -> Result<R, GmmError> {
        result.map_err(|error| {
            let message = error.to_string();
            let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
            raised.get_or_insert(error);
            GmmError::Reading(message)
        })
    }

    fn raised_or(&self, other: PyErr) -> PyErr {
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        raised.take().unwrap_or(other)
    }
}

impl Cluster for Elsewhere {
    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, GmmError> {
        let ask = |py: Python<'_>| {
            let answer = self
                .object
                .bind(py)
                .call_method1("ask", (PyBytes::new(py, request),))?;
            answer.extract()
        };
        self.kept(Python::attach(ask))
    }
}

/// Reads blocks of rows.
struct Reader<'a>(&'a Elsewhere);

impl<T: Float + Element> BlockReader<T> for Reader<'_> {
    fn n_features(&self) -> usize {
        self.0.n_features
    }

    fn blocks(&self) -> Result<Box<dyn Blocks<T> + '_>, GmmError> {
        let iterate = |py: Python<'_>| {
            let pieces = self.0.object.bind(py).call_method0("_parts")?;
            Ok(pieces.try_iter()?.unbind())
        };
        Ok(Box::new(Pieces {
            rows: self.0,
            iterator: self.0.kept(Python::attach(iterate))?,
            rest: None,
            element: PhantomData::<T>,
        }))
    }
}

/// An iterator of Python over pieces of any numbers of rows, which become blocks.
struct Pieces<'a, T> {
    rows: &'a Elsewhere,
    iterator: Py<PyIterator>,
    /// A piece of which this row is the next to come.
    rest: Option<(Py<PyAny>, usize)>,
    element: PhantomData<T>,
}

/// Some rows: a matrix or its columns.
enum Piece<'py, T: Element> {
    Rows(PyReadonlyArray2<'py, T>),
    Columns(Vec<PyReadonlyArray1<'py, T>>),
}

impl<'py, T: Float + Element> Piece<'py, T> {
    fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Ok(match object.cast::<PyArray2<T>>() {
            Ok(rows) => Self::Rows(rows.try_readonly()?),
            Err(_) => Self::Columns(object.extract()?),
        })
    }

    fn n_rows(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.as_array().nrows(),
            Self::Columns(columns) => columns.first().map_or(0, |column| column.as_array().len()),
        }
    }

    /// Appends some of the rows to `block`.
    fn append_to(&self, block: &mut Block<T>, span: Range<usize>) -> Result<(), GmmError> {
        match self {
            Self::Rows(rows) => block.append(rows.as_array().slice(s![span, ..])),
            Self::Columns(columns) => {
                let columns = columns.iter().map(|column| column.as_array());
                let columns: Vec<_> = columns
                    .map(|column| column.slice_move(s![span.clone()]))
                    .collect();
                block.append_columns(&columns)
            }
        }
    }
}

impl<T: Float + Element> Blocks<T> for Pieces<'_, T> {
    fn read(&mut self, block: &mut Block<T>) -> Result<(), GmmError> {
        while block.n_missing() > 0 {
            if self.rows.is_given_up.load(Ordering::Relaxed) {
                return Err(GmmError::Interrupted);
            }
            let appended = Python::attach(|py| self.append(py, block));
            if !self.rows.kept(appended)?? {
                break;
            }
        }
        Ok(())
    }
}

impl<T: Float + Element> Pieces<'_, T> {
    /// Appends rows of the next piece; whether there is one.
    fn append(&mut self, py: Python<'_>, block: &mut Block<T>) -> PyResult<Result<bool, GmmError>> {
        let (object, start) = match self.rest.take() {
            Some((object, start)) => (object.into_bound(py), start),
            None => match self.iterator.bind(py).clone().next() {
                None => return Ok(Ok(false)),
                Some(object) => (object?, 0),
            },
        };
        let piece = Piece::new(&object)?;
        let end = piece.n_rows().min(start + block.n_missing());
        let appended = piece.append_to(block, start..end);
        if end < piece.n_rows() {
            self.rest = Some((object.unbind(), end));
        }
        Ok(appended.map(|()| true))
    }
}

impl<T> Drop for Pieces<'_, T> {
    /// Ends a generator that has not come to its end.
    fn drop(&mut self) {
        Python::attach(|py| {
            let iterator = self.iterator.bind(py);
            if let Ok(close) = iterator.getattr("close") {
                let _ = self.rows.kept(close.call0());
            }
        });
    }
}

/// The least and the largest value of each feature.
type Bounds<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

/// How many rows an object with blocks has, and the least and the largest value of each feature.
#[pyfunction]
pub(crate) fn extent<'py>(py: Python<'py>, rows: Elsewhere) -> PyResult<(usize, Bounds<'py>)> {
    let measured = compute(py, 1, |_| {
        Ok(match rows.is_float32 {
            true => measure(&rows.block_rows::<f32>()?),
            false => measure(&rows.block_rows::<f64>()?),
        })
    });
    let (n_rows, (low, high)) = measured.map_err(|error| rows.raised_or(error))?;
    Ok((n_rows, (low.to_pyarray(py), high.to_pyarray(py))))
}

fn measure<T: Float>(rows: &BlockRows<'_, T>) -> Extent {
    let (low, high) = rows.bounds();
    (rows.n_samples(), (low.to_vec(), high.to_vec()))
}

/// The answer of one part of the rows on a cluster to a request of the engine.
#[pyfunction]
#[pyo3(signature = (X, request, *, partition, first_row, sample_weight, num_threads))]
#[expect(non_snake_case, reason = "X is the data's name in Python")]
pub(crate) fn answer<'py>(
    py: Python<'py>,
    X: FloatMatrix<'py>,
    request: &[u8],
    partition: usize,
    first_row: usize,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    num_threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let sample_weight = sample_weight.as_ref().map(|array| array.as_array());
    let answer = with_view!(X, |view| compute(py, num_threads, |threads| {
        let part = Part {
            rows: view,
            number: partition,
            first_row,
            sample_weight,
        };
        gmm_core::answer(part, request, threads)
    }))?;
    Ok(PyBytes::new(py, &answer))
}

/// The answer of neighbouring parts, from theirs in order.
#[pyfunction]
pub(crate) fn merge<'py>(
    py: Python<'py>,
    answers: Vec<Bound<'py, PyBytes>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let answers: Vec<&[u8]> = answers.iter().map(|bytes| bytes.as_bytes()).collect();
    let merged = compute(py, 1, |_| gmm_core::merge_answers(&answers))?;
    Ok(PyBytes::new(py, &merged))
}
