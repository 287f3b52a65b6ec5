use buffer_core::{Buffer, Buffers};

/// Keys that named no buffer were accepted, and did nothing.
#[derive(Buffers)]
pub struct CrankNicolson {
    #[buffer(size = 3, location = "local", dxdt_location = "shared")]
    cn_dxdt: Buffer,
}

fn main() {}
