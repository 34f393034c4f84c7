//! Code that runs before and after a body, as one future.
//!
//! Written by hand because an `async fn` that takes a future keeps it twice, once as its argument and once to
//! poll it: nested spans and callbacks would double the size of a task, which is copied for every run.

use super::kernel::Kernel;
use crate::event::Errno;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// Runs `enter`, then the body, then `leave` with what `enter` returned and how the body ended.
    #[must_use = "a body that is not awaited does not run"]
    pub(super) struct Around<'k, E, S, F, L> {
        kernel: &'k Kernel,
        enter: E,
        entered: Option<S>,
        #[pin]
        body: F,
        leave: L,
    }
}

impl<'k, E, S, F, L> Around<'k, E, S, F, L> {
    pub(super) fn new(kernel: &'k Kernel, enter: E, body: F, leave: L) -> Self {
        Around { kernel, enter, entered: None, body, leave }
    }
}

impl<E, S, F, L, T> Future for Around<'_, E, S, F, L>
where
    E: Fn(&Kernel) -> S,
    F: Future<Output = Result<T, Errno>>,
    L: Fn(&Kernel, S, Option<Errno>),
{
    type Output = Result<T, Errno>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.entered.is_none() {
            *this.entered = Some((this.enter)(this.kernel));
        }
        let result = ready!(this.body.poll(context));
        if let Some(entered) = this.entered.take() {
            (this.leave)(this.kernel, entered, result.as_ref().err().copied());
        }
        Poll::Ready(result)
    }
}
