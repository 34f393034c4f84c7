//! Whatever the bytes, reading and writing a program are inverse, in both forms.
#![cfg_attr(fuzzing, no_main)]
unreg_fuzz::target!(unreg_fuzz::text());
