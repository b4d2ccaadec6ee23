//! What a fit that goes on for long has done so far, so that it can be taken up where it was interrupted.
//!
//! A checkpoint holds, for each start, the mixture that its next pass begins with and all else that its iterations depend
//! on. A fit that goes on from it gives the bits that it would have given without the interruption.

use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::config::Progress;
use super::start::Start;
use crate::em::{Em, Run, Snapshot};
use crate::error::GmmError;
use crate::float::Float;

/// What every checkpoint begins with; the digit is that of the format.
const MAGIC: &[u8] = b"gmm_rs checkpoint 1\n";

/// Where a fit takes up an earlier one, and where it leaves what it has done.
pub struct Checkpoints<'a> {
    /// The last that the earlier fit has saved, of the same data and configuration; but `max_iter`, `tol`, `stop` and
    /// `max_time` may be others: a start that has not converged goes on with these.
    pub resume: Option<&'a [u8]>,
    /// How long a fit goes on until it saves again. It does so when it is stopped, too, or fails, or its time is over.
    pub every: Duration,
    /// Is called with what is to be kept, on the calling thread; stops the fit by breaking.
    pub save: &'a mut dyn FnMut(&[u8]) -> ControlFlow<()>,
}

/// How far a start has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum StartState {
    Waiting,
    UnderWay(Box<Snapshot>),
    Ended(Box<Run>),
}

impl StartState {
    fn has_begun(&self) -> bool {
        !matches!(self, Self::Waiting)
    }
}

/// The states of all starts, as their threads leave them.
#[derive(Debug)]
pub(crate) struct Board(Mutex<Saved>);

#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    fingerprint: Option<Fingerprint>,
    starts: Vec<StartState>,
    /// The number of the first start that had not begun when the fit did, or was taken up.
    #[serde(skip)]
    first_to_begin: usize,
    /// Whether the fit goes on from here.
    #[serde(skip)]
    has_begun: bool,
}

/// What must be equal for a fit to go on.
#[derive(Debug, Serialize, Deserialize)]
struct Fingerprint {
    data: DataPrint,
    /// A number that stands for the configuration, but for what may differ, and for class priors.
    settings: u64,
}

/// What is known of data without keeping them.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct DataPrint {
    is_float32: bool,
    n_samples: usize,
    total_weight: f64,
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Board {
    /// Takes up an earlier fit, if there was one.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] for bytes that are no checkpoint of this version.
    pub(crate) fn new(resume: Option<&[u8]>) -> Result<Self, GmmError> {
        let saved = match resume {
            None => Saved {
                fingerprint: None,
                starts: Vec::new(),
                first_to_begin: 0,
                has_begun: false,
            },
            Some(bytes) => bytes
                .strip_prefix(MAGIC)
                .and_then(|bytes| postcard::from_bytes(bytes).ok())
                .ok_or_else(|| refused("no checkpoint of this version of gmm_rs, or damaged"))?,
        };
        Ok(Self(Mutex::new(saved)))
    }

    /// Begins a fit of so many starts, or takes it up.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] for a checkpoint of another fit.
    pub(crate) fn begin<T: Float>(&self, em: &Em<'_, T>, n_starts: usize) -> Result<(), GmmError> {
        let fingerprint = Fingerprint::of(em, n_starts);
        let mut saved = self.lock();
        match &saved.fingerprint {
            None => saved.starts = vec![StartState::Waiting; n_starts],
            Some(earlier) => earlier.check(&fingerprint)?,
        }
        let begun = saved.starts.iter().take_while(|start| start.has_begun());
        saved.first_to_begin = begun.count();
        saved.fingerprint = Some(fingerprint);
        saved.has_begun = true;
        Ok(())
    }

    /// The number of the first start that had not begun when the fit did, or was taken up.
    pub(crate) fn first_to_begin(&self) -> usize {
        self.lock().first_to_begin
    }

    /// How far start number `start` has come.
    pub(crate) fn state(&self, start: usize) -> StartState {
        self.lock().starts[start].clone()
    }

    /// Notes how far it has come.
    pub(crate) fn note(&self, start: usize, state: StartState) {
        self.lock().starts[start] = state;
    }

    /// A checkpoint, if the fit has begun.
    fn to_bytes(&self) -> Option<Vec<u8>> {
        let saved = self.lock();
        let bytes = || postcard::to_allocvec(&*saved).expect("numbers and text can be written");
        saved.has_begun.then(|| [MAGIC, &bytes()].concat())
    }

    fn lock(&self) -> MutexGuard<'_, Saved> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(given: &str) -> GmmError {
    GmmError::Parameter {
        name: "checkpoint",
        given: given.into(),
        needed: "what a fit of the same data with the same settings has left: remove it to begin anew",
    }
}

impl Fingerprint {
    fn of<T: Float>(em: &Em<'_, T>, n_starts: usize) -> Self {
        let config = em.config;
        let mut settings = Digest::default();
        settings.take(&(config.n_components, config.covariance_type, config.seed));
        settings.take(&(n_starts, &config.initial));
        settings.take(&(&config.regularisation, config.acceleration));
        match &config.start {
            Start::Drawn { method, .. } => settings.take(method),
            Start::Responsibilities(arrays) => {
                let entries = arrays.iter().flatten();
                settings.take_all(entries.map(|x| x.to_bits()));
            }
            Start::Partitions(arrays) => {
                let labels = arrays.iter().flatten();
                settings.take_all(labels.map(|&k| k.into()));
            }
        }
        if let Some(log_prior) = &em.knowledge.log_prior {
            settings.take_all(log_prior.view().iter().map(|p| p.to_bits()));
        }
        Self {
            data: DataPrint {
                is_float32: size_of::<T>() == size_of::<f32>(),
                n_samples: em.source.n_samples(),
                total_weight: em.total_weight,
                mean: em.prior.mean.clone(),
                variance: em.prior.variance.clone(),
            },
            settings: settings.0.finish(),
        }
    }

    /// # Errors
    /// [`GmmError::Parameter`] if the fit is another one.
    fn check(&self, of_fit: &Self) -> Result<(), GmmError> {
        if self.data != of_fit.data {
            return Err(refused("of other data or weights"));
        }
        if self.settings != of_fit.settings {
            return Err(refused(
                "of a fit with another number of components, covariance type, seed, start or prior",
            ));
        }
        Ok(())
    }
}

/// Takes in values by what `Debug` writes of them, in full.
#[derive(Default)]
struct Digest(DefaultHasher);

impl Digest {
    fn take(&mut self, value: &impl fmt::Debug) {
        // Arrays are abbreviated without `#`.
        write!(self, "{value:#?}").expect("nothing is written anywhere");
    }

    fn take_all(&mut self, numbers: impl Iterator<Item = u64>) {
        numbers.for_each(|number| self.0.write_u64(number));
    }
}

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

impl Checkpoints<'_> {
    /// `observer`, and after what it hears of, a checkpoint if it is time for one.
    pub(crate) fn after<'a>(
        &'a mut self,
        board: &'a Board,
        mut observer: impl FnMut(Progress) -> ControlFlow<()> + 'a,
    ) -> impl FnMut(Progress) -> ControlFlow<()> + 'a {
        let mut last = Instant::now();
        move |progress| {
            let wish = observer(progress);
            if wish.is_break() || last.elapsed() < self.every {
                return wish;
            }
            last = Instant::now();
            self.save(board)
        }
    }

    /// A checkpoint, if the fit has begun.
    pub(crate) fn save(&mut self, board: &Board) -> ControlFlow<()> {
        match board.to_bytes() {
            None => ControlFlow::Continue(()),
            Some(bytes) => (self.save)(&bytes),
        }
    }
}
