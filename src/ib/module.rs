//! The clients' modules: what their init and exit do, and when their text may go.

use super::{Ib, text_of};
use crate::event::{Client, Errno, Point, Span, Subject};
use crate::sim::Kernel;

/// What a client's module is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing by itself.
    #[default]
    Idle,
    /// So many tasks are in calls it makes into ib_core.
    Calls(u8),
    /// Its exit function runs, or has run.
    Going,
}

/// The module's call of `ib_register_client()`.
pub async fn register(k: &Kernel, ib: &Ib, client: Client) -> Result<(), Errno> {
    enter(ib, client)?;
    let result = ib.register_client(k, client).await;
    leave(ib, client);
    result
}

/// The module's call of `ib_unregister_client()` while it stays loaded.
pub async fn unregister(k: &Kernel, ib: &Ib, client: Client) -> Result<(), Errno> {
    enter(ib, client)?;
    let result = ib.unregister_client(k, client).await;
    leave(ib, client);
    result
}

/// Models `delete_module(2)`: the exit function, then the text goes. Once; a module in a call of its own is busy.
pub async fn exit(k: &Kernel, ib: &Ib, client: Client) -> Result<(), Errno> {
    if is_loaded_by_users(ib, client) {
        return Err(Errno::ENOENT);
    }
    let state = &ib.modules[client.index()];
    match state.get() {
        State::Idle if client == Client::Uverbs && ib.uverbs.is_used() => return Err(Errno::EAGAIN),
        State::Idle if client == Client::Cma && ib.cma.is_used() => return Err(Errno::EAGAIN),
        State::Idle => state.set(State::Going),
        State::Calls(_) => return Err(Errno::EBUSY),
        State::Going => return Err(Errno::ENOENT),
    }
    let module = text_of(client);
    let body = async {
        {
            let _text = k.text(module);
            k.point(Point::ModuleExit).await;
            // A client that is not registered is none to unregister.
            let _registered = ib.unregister_client(k, client).await;
            if client == Client::GidCache && ib.decisions.exit_flushes && !ib.decisions.gid_in_core {
                ib.flush_all(k, Point::ModuleExitFlush).await;
            }
        }
        k.point(Point::ModuleGone).await;
        k.module_gone(module);
        Ok(())
    };
    k.span(Span::ModuleExit, Subject::Module(module), body).await
}

fn enter(ib: &Ib, client: Client) -> Result<(), Errno> {
    if is_loaded_by_users(ib, client) {
        return Err(Errno::ENOENT);
    }
    let state = &ib.modules[client.index()];
    match state.get() {
        State::Idle => state.set(State::Calls(1)),
        State::Calls(calls) => state.set(State::Calls(calls + 1)),
        State::Going => return Err(Errno::ENOENT),
    }
    Ok(())
}

/// These register when they are loaded, and stay registered until they go.
fn is_loaded_by_users(ib: &Ib, client: Client) -> bool {
    ib.users_load.get() && matches!(client, Client::Uverbs | Client::Umad)
}

/// Users have such a module loaded, or unloaded: no user opens a device once it is on its way out.
pub fn set_going(ib: &Ib, client: Client, going: bool) {
    ib.modules[client.index()].set(if going { State::Going } else { State::Idle });
}

fn leave(ib: &Ib, client: Client) {
    let state = &ib.modules[client.index()];
    match state.get() {
        State::Calls(calls @ 2..) => state.set(State::Calls(calls - 1)),
        State::Calls(_) => state.set(State::Idle),
        State::Idle | State::Going => unreachable!("a module does not go while it is in a call"),
    }
}

impl Ib {
    /// Whether the module of a client goes, or has gone.
    pub(super) fn is_module_going(&self, client: Client) -> bool {
        self.modules[client.index()].get() == State::Going
    }
}
