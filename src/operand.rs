//! Operands: the few names a command can say, each with a frozen number.
//!
//! A name's place in its list is its byte in a record, so names are appended and never moved. The width
//! of an operand is fixed when it is made and leaves room: a byte is masked to that width, and a masked
//! value that has no name yet makes the whole record mean nothing.

/// One operand of a command: how it is spelled in text and what byte stands for it in a record.
pub trait Operand: Copy + Eq + std::fmt::Debug + 'static {
    /// What the operand is, for people: `a devlink handle`.
    const WHAT: &'static str;
    /// How many low bits of a record's byte count.
    const BITS: u32;
    /// The first name is the default, and a command that ends in defaults is written without them.
    const OPTIONAL: bool;
    /// The names in the order of their numbers.
    const WORDS: &'static [&'static str];

    /// The operand with this number, once the bits that do not count are masked off.
    fn from_byte(byte: u8) -> Option<Self>;
    /// The number of this operand, always below the length of [`Operand::WORDS`].
    fn to_byte(self) -> u8;
    /// The operand with this name.
    fn named(word: &str) -> Option<Self> {
        let number = Self::WORDS.iter().position(|known| *known == word)?;
        u8::try_from(number).ok().and_then(Self::from_byte)
    }
    /// The name of this operand.
    fn word(self) -> &'static str {
        Self::WORDS[usize::from(self.to_byte())]
    }
}

/// An operand as data, for parsers, printers, generators and `unreg list commands`.
#[derive(Debug, Clone, Copy)]
pub struct OperandSpec {
    /// [`Operand::WHAT`].
    pub what: &'static str,
    /// [`Operand::BITS`].
    pub bits: u32,
    /// [`Operand::OPTIONAL`].
    pub optional: bool,
    /// [`Operand::WORDS`].
    pub words: &'static [&'static str],
}

impl OperandSpec {
    /// The description of one operand type.
    pub const fn of<T: Operand>() -> Self {
        Self { what: T::WHAT, bits: T::BITS, optional: T::OPTIONAL, words: T::WORDS }
    }
}

/// A command as data: its frozen number, its spelling and its operands.
#[derive(Debug, Clone, Copy)]
pub struct CommandSpec {
    /// The first byte of the command's record.
    pub opcode: u8,
    /// How the command is spelled in text: `devlink.reload`.
    pub name: &'static str,
    /// What the command does, in a line.
    pub doc: &'static str,
    /// The operands in the order of the record's bytes.
    pub operands: &'static [OperandSpec],
}

/// The most operands a command may have: a record has eight bytes, and the first is the opcode.
pub const OPERANDS_MAX: usize = 7;

/// Declares operand types: names in frozen order, with the width in bits and a description.
#[macro_export]
macro_rules! operands {
    ($(
        $(#[$doc:meta])*
        $what:literal ($bits:literal bits $(, $optional:ident)?) enum $name:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+
        }
    )+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$variant_doc])* #[doc = concat!("`", $word, "`")] $variant,)+ }

        impl $name {
            /// Every value, in the order of their numbers.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];
            /// How many values there are.
            pub const COUNT: usize = Self::ALL.len();
            /// The number of this value as an index.
            pub const fn index(self) -> usize { self as usize }
        }

        impl $crate::operand::Operand for $name {
            const WHAT: &'static str = $what;
            const BITS: u32 = $bits;
            const OPTIONAL: bool = false $(|| stringify!($optional).len() > 0)?;
            const WORDS: &'static [&'static str] = &[$($word,)+];

            fn from_byte(byte: u8) -> Option<Self> {
                const { assert!($name::COUNT <= 1 << $bits, "the width has no room for the names") };
                Self::ALL.get(usize::from(byte & ((1u16 << $bits) - 1) as u8)).copied()
            }
            fn to_byte(self) -> u8 { self as u8 }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad($crate::operand::Operand::word(*self))
            }
        }
    )+};
}

/// Declares the commands of one subsystem: opcode, spelling, variant and operands, one a line.
#[macro_export]
macro_rules! commands {
    (
        $(#[$doc:meta])*
        pub enum $enum:ident {
            $($(#[doc = $about:literal])+ $opcode:literal $name:literal $variant:ident($($field:ident: $type:ty),*),)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $enum {
            $($(#[doc = $about])+ #[allow(missing_docs, reason = "fields are described by their types")]
            $variant { $($field: $type),* },)+
        }

        impl $enum {
            /// Every command of this subsystem, as data.
            pub const SPECS: &'static [$crate::operand::CommandSpec] = &[$($crate::operand::CommandSpec {
                opcode: $opcode,
                name: $name,
                doc: concat!($($about),+),
                operands: &[$($crate::operand::OperandSpec::of::<$type>()),*],
            }),+];

            /// The command with this opcode, unless the opcode or an operand has no meaning (yet).
            #[allow(unused_mut, unused_variables, unused_assignments, reason = "some commands have no operand")]
            pub fn decode(opcode: u8, operands: &[u8; $crate::operand::OPERANDS_MAX]) -> Option<Self> {
                use $crate::operand::Operand;
                match opcode {
                    $($opcode => {
                        let mut bytes = operands.iter();
                        Some(Self::$variant { $($field: <$type>::from_byte(*bytes.next()?)?),* })
                    })+
                    _ => None,
                }
            }

            /// The opcode and the operands' bytes; the exact inverse of [`Self::decode`].
            #[allow(unused_mut, unused_assignments, unused_variables, reason = "some commands have no operand")]
            pub fn encode(&self) -> (u8, [u8; $crate::operand::OPERANDS_MAX]) {
                use $crate::operand::Operand;
                let mut bytes = [0; $crate::operand::OPERANDS_MAX];
                let mut at = 0;
                match *self {
                    $(Self::$variant { $($field),* } => {
                        $(bytes[at] = $field.to_byte(); at += 1;)*
                        ($opcode, bytes)
                    })+
                }
            }
        }
    };
}
