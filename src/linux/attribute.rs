//! Netlink attributes: what a request carries and what an answer has.

use netlink_packet_core::{DefaultNla, Emitable, NLA_F_NESTED, NlasIterator};

/// The length of an attribute's header in bytes.
const HEADER: usize = 4;

/// Attributes on their way into a request.
#[derive(Debug, Default)]
pub struct Attributes(Vec<DefaultNla>);

impl Attributes {
    /// No attributes.
    pub fn new() -> Self {
        Attributes::default()
    }

    /// With a string, which the kernel wants to end in a NUL.
    pub fn text(self, kind: u16, text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        self.bytes(kind, bytes)
    }

    /// With a number of 8 bits.
    pub fn u8(self, kind: u16, value: u8) -> Self {
        self.bytes(kind, vec![value])
    }

    /// With a number of 16 bits, in the host's order.
    pub fn u16(self, kind: u16, value: u16) -> Self {
        self.bytes(kind, value.to_ne_bytes().to_vec())
    }

    /// With a number of 32 bits, in the host's order.
    pub fn u32(self, kind: u16, value: u32) -> Self {
        self.bytes(kind, value.to_ne_bytes().to_vec())
    }

    /// With a number of 64 bits, in the host's order.
    pub fn u64(self, kind: u16, value: u64) -> Self {
        self.bytes(kind, value.to_ne_bytes().to_vec())
    }

    /// With a flag, whose presence is all it says.
    pub fn flag(self, kind: u16) -> Self {
        self.bytes(kind, Vec::new())
    }

    /// With other attributes in it, and the mark that has them, without which 6.1 refuses newer kinds.
    pub fn nest(self, kind: u16, inner: Attributes) -> Self {
        self.bytes(kind | NLA_F_NESTED, inner.emit())
    }

    /// With bytes as they are.
    pub fn bytes(mut self, kind: u16, bytes: Vec<u8>) -> Self {
        self.0.push(DefaultNla::new(kind, bytes));
        self
    }

    /// The attributes as they go over a socket.
    pub fn emit(&self) -> Vec<u8> {
        let attributes = self.0.as_slice();
        let mut bytes = vec![0; attributes.buffer_len()];
        attributes.emit(&mut bytes);
        bytes
    }
}

/// Attributes of a message, or nested in one of its attributes.
#[derive(Debug, Clone, Copy)]
pub struct Found<'m>(&'m [u8]);

impl<'m> Found<'m> {
    /// The attributes in these bytes; what is cut off is not there.
    pub fn new(bytes: &'m [u8]) -> Self {
        Found(bytes)
    }

    /// Every attribute with its kind.
    pub fn each(self) -> impl Iterator<Item = (u16, &'m [u8])> {
        NlasIterator::new(self.0).map_while(Result::ok).map(|attribute| {
            let (kind, end) = (attribute.kind(), usize::from(attribute.length()));
            (kind, attribute.into_inner().get(HEADER..end).unwrap_or_default())
        })
    }

    /// The value of the first attribute of this kind.
    pub fn get(self, kind: u16) -> Option<&'m [u8]> {
        self.each().find(|(found, _)| *found == kind).map(|(_, value)| value)
    }

    /// The attributes nested in the first of this kind.
    pub fn nested(self, kind: u16) -> Option<Found<'m>> {
        self.get(kind).map(Found)
    }

    /// A string without the NUL at its end.
    pub fn text(self, kind: u16) -> Option<&'m str> {
        let value = self.get(kind)?;
        let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
        std::str::from_utf8(&value[..end]).ok()
    }

    /// A number of 64 bits.
    pub fn long(self, kind: u16) -> Option<u64> {
        self.get(kind)?.try_into().ok().map(u64::from_ne_bytes)
    }

    /// A number of 8, 16 or 32 bits.
    pub fn number(self, kind: u16) -> Option<u32> {
        match *self.get(kind)? {
            [a] => Some(a.into()),
            [a, b] => Some(u16::from_ne_bytes([a, b]).into()),
            [a, b, c, d] => Some(u32::from_ne_bytes([a, b, c, d])),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let bytes = Attributes::new().text(1, "netdevsim").u8(9, 7).u16(4, 2).u32(3, 70_000).flag(80).emit();
        assert_eq!(bytes.len() % 4, 0);
        let found = Found::new(&bytes);
        assert_eq!(found.text(1), Some("netdevsim"));
        assert_eq!((found.number(9), found.number(4), found.number(3)), (Some(7), Some(2), Some(70_000)));
        assert_eq!((found.get(80), found.get(81)), (Some(&[][..]), None));
        assert_eq!(found.each().count(), 5);
    }

    #[test]
    fn what_is_cut_off_is_not_there() {
        let bytes = Attributes::new().u32(3, 1).text(1, "netdevsim").emit();
        for length in 0..bytes.len() {
            let found = Found::new(&bytes[..length]);
            assert_eq!(found.number(3), (length >= 8).then_some(1));
        }
    }
}
