use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct CrankNicolson {
    #[buffer(size = 3, location = "local")]
    cn_dxdt: Buffer,
}

fn main() {
    let mut registry = buffer_core::BufferRegistry::new();
    let factory = registry.add(&CrankNicolson { cn_dxdt: Buffer::new() }).unwrap();
    // The key of a buffer's place is made of the buffer's name, and of nothing else.
    assert!(registry.update(factory, "dxdt_location", "shared").is_err());
    assert!(registry.update(factory, "cn_dxdt_location", "shared").unwrap().changed);
}
