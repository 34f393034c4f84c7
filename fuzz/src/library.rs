//! AFL++'s mutator for libFuzzer: a library that looks ahead, because it is not instrumented as the target is.
//!
//! `UNREG_MUTATOR=…/libunreg_afl_mutator.so UNREG_TARGET=devlink cargo +nightly fuzz run devlink`

use libloading::Library;
use std::error::Error;
use std::ffi::{OsStr, c_uint, c_void};
use std::ptr;
use std::slice;

type Init = unsafe extern "C" fn(*mut c_void, c_uint) -> *mut c_void;
type Fuzz =
    unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut *const u8, *const u8, usize, usize) -> usize;
type Deinit = unsafe extern "C" fn(*mut c_void);

/// The library, as AFL++ would have loaded it.
pub struct Loaded {
    state: *mut c_void,
    fuzz: Fuzz,
    deinit: Deinit,
    /// The functions are in it.
    _library: Library,
}

impl Loaded {
    /// Loads the library, and lets it say at the end, however that comes, how many programs it has run.
    pub fn new(file: &OsStr, seed: u32) -> Result<Loaded, String> {
        let loaded = Loaded::open(file, seed).map_err(|error| {
            let cause = error.source().map_or(String::new(), |cause| format!(" ({cause})"));
            format!("{error}{cause}")
        })?;
        let (state, deinit, engines) =
            (loaded.state.expose_provenance(), loaded.deinit, std::panic::take_hook());
        std::panic::set_hook(Box::new(move |info| {
            // SAFETY: the engine's hook does not return, so the state is not used again.
            unsafe { deinit(ptr::with_exposed_provenance_mut(state)) };
            engines(info);
        }));
        Ok(loaded)
    }

    fn open(file: &OsStr, seed: u32) -> Result<Loaded, libloading::Error> {
        // SAFETY: the user who names a library trusts it; the types are those of AFL++'s interface for custom mutators.
        unsafe {
            let library = Library::new(file)?;
            let init: Init = *library.get(b"afl_custom_init\0")?;
            let fuzz = *library.get(b"afl_custom_fuzz\0")?;
            let deinit = *library.get(b"afl_custom_deinit\0")?;
            Ok(Loaded { state: init(ptr::null_mut(), seed), fuzz, deinit, _library: library })
        }
    }

    /// An input that was changed, with another one at hand if there is one; it has at most `size_max` bytes.
    pub fn mutate(&mut self, input: &[u8], other: Option<&[u8]>, size_max: usize) -> &[u8] {
        let mut bytes = ptr::null();
        let (other, other_size) = other.map_or((ptr::null(), 0), |other| (other.as_ptr(), other.len()));
        // SAFETY: as AFL++ calls it; what it hands over stays until the next call.
        unsafe {
            let size =
                (self.fuzz)(self.state, input.as_ptr(), input.len(), &mut bytes, other, other_size, size_max);
            slice::from_raw_parts(bytes, size)
        }
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // SAFETY: the state is the library's own, and this is its last use.
        unsafe { (self.deinit)(self.state) }
    }
}
