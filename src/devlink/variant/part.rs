//! How parts change, and what is told of it.

use crate::devlink::rules::Rules;
use crate::mail::{Cite, REGISTER};
use crate::variant::Variant;

pub(super) const VARIANTS: &[Variant<Rules>] = &[
    Variant {
        id: 10,
        name: "eswitch-set-in-steps",
        says: "an eswitch change is applied attribute by attribute, as 6.12 does, and stays half done on an error",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["error-leaves-state"],
        with: &[],
        apply: |rules| rules.eswitch_in_steps = true,
    },
    Variant {
        id: 12,
        name: "rate-set-in-steps",
        says: "a rate object is changed attribute by attribute, as 6.12 does, and an error leaves those before it set",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["error-leaves-state"],
        with: &[],
        apply: |rules| rules.rate_set_in_steps = true,
    },
    Variant {
        id: 17,
        name: "trap-group-set-in-steps",
        says: "the traps of a group are changed, as 6.12 does, before it is known whether there is such a policer",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["error-leaves-state"],
        with: &[],
        apply: |rules| rules.trap_group_set_in_steps = true,
    },
    Variant {
        id: 13,
        name: "silent-rate-nodes",
        says: "a driver that goes down unmakes the rate nodes without a word, as 6.12 does",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made after register too",
        }],
        breaks: &["stream-converges"],
        with: &[],
        apply: |rules| rules.rate_nodes_end_silently = true,
    },
    Variant {
        id: 14,
        name: "snapshot-ids-kept",
        says: "a snapshot's id that devlink chose is held for ever, as 6.12 does, and cannot be wanted again",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["references-balance"],
        with: &[],
        apply: |rules| rules.snapshot_ids_kept = true,
    },
    Variant {
        id: 18,
        name: "broken-counter-hides",
        says: "a trap or policer whose counter cannot be read is neither announced nor shown, as in 6.12",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made after register too",
        }],
        breaks: &["stream-converges"],
        with: &[],
        apply: |rules| rules.broken_counter_hides = true,
    },
];
