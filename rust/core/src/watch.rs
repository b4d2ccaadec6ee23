//! The threads of a fit and the one that waits for it: what they tell one another.
//!
//! A fit runs on threads of its own. The calling one looks every now and then what they have done, tells the observer,
//! and tells them to stop if the observer wants that. So an observer is called on the calling thread, however many starts
//! run at the same time, and a fit can be stopped in the middle of long work.

use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::GmmError;
use crate::fit::{Board, Progress};

/// How often the calling thread looks.
const PERIOD: Duration = Duration::from_millis(20);

/// What the threads of a fit look at and write to.
#[derive(Debug)]
pub struct Watch {
    /// Where starts leave their states, if a fit is to be taken up later.
    board: Option<Arc<Board>>,
    stopped: AtomicBool,
    deadline: Option<Instant>,
    /// Whether the end of the time was met where there was more to do.
    cut_short: AtomicBool,
    /// Nothing, where nobody wants to hear of iterations.
    news: Option<Mutex<Vec<Progress>>>,
}

impl Watch {
    /// Of a fit that starts now and has so much time. A time that is longer than the clock can count is no limit.
    pub(crate) fn new(max_time: Option<Duration>) -> Self {
        Self {
            board: None,
            stopped: AtomicBool::new(false),
            deadline: max_time.and_then(|time| Instant::now().checked_add(time)),
            cut_short: AtomicBool::new(false),
            news: Some(Mutex::default()),
        }
    }

    /// The same, where starts leave their states on `board`.
    pub(crate) fn with_board(max_time: Option<Duration>, board: Arc<Board>) -> Self {
        Self {
            board: Some(board),
            ..Self::new(max_time)
        }
    }

    /// Where starts leave their states, if anywhere.
    pub(crate) fn board(&self) -> Option<&Board> {
        self.board.as_deref()
    }

    /// Of work that takes as long as it takes, and whose observer hears of no iteration.
    pub(crate) fn of_many_fits() -> Self {
        Self {
            news: None,
            ..Self::new(None)
        }
    }

    /// Leaves `progress` for the observer.
    pub(crate) fn tell(&self, progress: Progress) {
        if let Some(news) = &self.news {
            let mut news = news.lock().unwrap_or_else(PoisonError::into_inner);
            news.push(progress);
        }
    }

    /// Stops the fit, as the observer wants it.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the observer wants the fit to stop. What is computed from then on will not be used.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// The error of a fit that was stopped.
    pub(crate) fn check(&self) -> Result<(), GmmError> {
        match self.is_stopped() {
            true => Err(GmmError::Interrupted),
            false => Ok(()),
        }
    }

    /// Whether the time of the fit is over: to be asked only where there is more to do, which is then left.
    pub(crate) fn is_out_of_time(&self) -> bool {
        let is_over = self.deadline.is_some_and(|end| Instant::now() >= end);
        if is_over {
            self.cut_short.store(true, Ordering::Relaxed);
        }
        is_over
    }

    /// Whether something was left undone because time was over.
    pub(crate) fn is_cut_short(&self) -> bool {
        self.cut_short.load(Ordering::Relaxed)
    }

    /// What has been told since the last call.
    fn news(&self) -> Vec<Progress> {
        let Some(news) = &self.news else {
            return Vec::new();
        };
        std::mem::take(&mut *news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `work` on another thread and calls `observer` on this one.
    ///
    /// # Errors
    /// Those of `work`; [`GmmError::Interrupted`] from the observer.
    pub(crate) fn run<R: Send>(
        &self,
        mut observer: impl FnMut(Progress) -> ControlFlow<()>,
        work: impl FnOnce() -> Result<R, GmmError> + Send,
    ) -> Result<R, GmmError> {
        let (at_work, end) = channel::<()>();
        let work = move || {
            let _at_work = at_work;
            work()
        };
        thread::scope(|scope| {
            let worker = thread::Builder::new()
                .name("gmm-fit".into())
                .spawn_scoped(scope, work)
                .map_err(|error| GmmError::Parameter {
                    name: "num_threads",
                    given: format!("more than the system can start ({error})"),
                    needed: "fewer",
                })?;
            loop {
                let is_over = end.recv_timeout(PERIOD) == Err(RecvTimeoutError::Disconnected);
                let mut news = self.news();
                if news.is_empty() && !is_over {
                    news.push(Progress::Working);
                }
                self.pass_on(news, &mut observer);
                if is_over {
                    let result = worker.join().unwrap_or_else(|panic| resume_unwind(panic))?;
                    return self.check().map(|()| result);
                }
            }
        })
    }

    /// The same for work that ends before anybody looks: it needs no other thread, whose start takes as long as a small fit.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub(crate) fn run_short<R>(
        &self,
        mut observer: impl FnMut(Progress) -> ControlFlow<()>,
        work: impl FnOnce() -> Result<R, GmmError>,
    ) -> Result<R, GmmError> {
        let result = work();
        self.pass_on(self.news(), &mut observer);
        let result = result?;
        self.check().map(|()| result)
    }

    /// Tells `observer` what there is, until it wants the fit to stop.
    fn pass_on(&self, news: Vec<Progress>, observer: &mut impl FnMut(Progress) -> ControlFlow<()>) {
        if !self.is_stopped() && news.into_iter().any(|p| observer(p).is_break()) {
            self.stop();
        }
    }
}
