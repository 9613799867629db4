//! Saving, against a real nginx: killed at any moment, by the thousand, on disks that are full, poor or of
//! another kind, and next to curl. Run with `cargo test --features interop`.

mod at_close;
mod beside_curl;
mod capped;
mod full;
mod killed;
mod many;
mod poor;
mod poor_fs;
mod power_cut;
mod site;
mod volume;
mod volumes;
