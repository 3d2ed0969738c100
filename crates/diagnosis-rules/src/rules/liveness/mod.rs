//! Whether a server answers at all.

pub(super) mod hung;
