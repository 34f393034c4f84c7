//! mdev's decisions, each where the mails or the kernels differ.

/// When the `registered` uevent goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registered {
    /// Once the types can be used.
    #[default]
    AfterSysfs,
    /// Before there are any.
    BeforeSysfs,
    /// Never, as up to 5.2.
    Never,
}

/// When the `unregistered` uevent goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unregistered {
    /// After mdev core put its last reference: it is over.
    #[default]
    AfterPut,
    /// While mdev core still holds one: the device is there even if the caller holds none.
    BeforePut,
    /// Before anything is taken down.
    BeforeTeardown,
    /// Never, as up to 5.2.
    Never,
}

/// What the vendor driver does with the reference it made the device with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VendorReference {
    /// Keeps it until it has unregistered.
    #[default]
    Own,
    /// Puts it after registering and relies on mdev core's.
    Borrowed,
}

/// What a second registration of one device meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// `EEXIST`.
    #[default]
    Refused,
    /// Nothing: mdev core trusts its drivers.
    Unchecked,
    /// A warning, and so does unregistering what is not registered.
    Warned,
}

/// How creation and removal of a child keep apart from the end of the parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronisation {
    /// They hold `unreg_sem` for reading, and give up if they cannot have it at once.
    #[default]
    Trylock,
    /// Creation waits for `unreg_sem`.
    Wait,
    /// Not at all.
    None,
}

/// What keeps a child while a user writes to its `remove` file, or to its driver's `unbind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RemoveFile {
    /// The write itself: deletion of the device waits for it until it holds `unreg_sem`.
    #[default]
    KeepsDevice,
    /// Nothing, once the file has removed itself; a writer of `unbind` has a reference, which only keeps memory.
    LetsGo,
}

/// What mdev core tracks a registered parent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ParentObject {
    /// An object of its own in a list of all parents, counted, with a reference to the device.
    #[default]
    Counted,
    /// Memory of the vendor driver, in no list; the types have references to the device. Since 6.1.
    Embedded,
}

/// How unregistering comes to the parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lookup {
    /// It looks the device up, and refuses one that is not registered.
    #[default]
    List,
    /// The caller has a handle from when it registered.
    Handle,
}

/// How long a UUID is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UuidTaken {
    /// Until the device with it is released.
    #[default]
    UntilRelease,
    /// Until the device with it is removed.
    UntilRemoval,
    /// From its first use on.
    ForEver,
}

/// When the vendor driver unregisters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unregistration {
    /// When it is asked to give the device back.
    #[default]
    Now,
    /// Later, in a work item, with the reference to the device that the driver has.
    Deferred,
    /// Later, and its own reference is gone by then.
    DeferredWithoutReference,
}

/// The decisions of mdev core; the default is what was settled.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the types say it")]
pub struct Decisions {
    pub registered: Registered,
    pub unregistered: Unregistered,
    pub vendor_reference: VendorReference,
    pub duplicates: Duplicates,
    pub synchronisation: Synchronisation,
    pub remove_file: RemoveFile,
    pub parent_object: ParentObject,
    pub lookup: Lookup,
    pub uuid_taken: UuidTaken,
    pub unregistration: Unregistration,
    /// Whether a removal is noted before it begins, so that no task begins another.
    pub removal_is_noted: bool,
    /// Whether the driver of a child waits, when it is unbound, for the users that have the child open.
    pub driver_waits_for_users: bool,
    /// Whether the removal of a child that a user has open is refused, as up to 5.1.
    pub open_is_refused: bool,
    /// Whether an instance that was counted stays so when there is no memory for the device.
    pub instance_lost_without_memory: bool,
    /// Whether a module is loaded when it makes its virtual parent, and goes with it.
    pub module_comes_with_parent: bool,
    /// Whether unregistering and unloading wait until releases have run.
    pub release_fence: bool,
    /// Whether mdev core holds a reference to the device of a registered parent.
    pub core_reference: bool,
}

impl Default for Decisions {
    fn default() -> Self {
        Decisions {
            registered: Registered::default(),
            unregistered: Unregistered::default(),
            vendor_reference: VendorReference::default(),
            duplicates: Duplicates::default(),
            synchronisation: Synchronisation::default(),
            remove_file: RemoveFile::default(),
            parent_object: ParentObject::default(),
            lookup: Lookup::default(),
            uuid_taken: UuidTaken::default(),
            unregistration: Unregistration::default(),
            removal_is_noted: true,
            driver_waits_for_users: true,
            open_is_refused: false,
            instance_lost_without_memory: false,
            module_comes_with_parent: false,
            release_fence: true,
            core_reference: true,
        }
    }
}
