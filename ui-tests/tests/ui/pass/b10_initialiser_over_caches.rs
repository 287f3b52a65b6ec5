use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(initialise, loop step { advance, error }))]
pub struct FlatLoop {
    #[buffer(size = 3, location = "shared", persistent)]
    increment_cache: Buffer,
    #[buffer(size = 3, location = "shared", live = step)]
    error: Buffer,
    // Over what is not live yet.
    #[buffer(size = 3, aliases = "error", live = initialise)]
    init_increment: Buffer,
}

fn main() {
    let [increment_cache, error, init_increment] = [Buffer::new(); 3];
    let mut registry = buffer_core::BufferRegistry::new();
    let factory = registry.add(&FlatLoop { increment_cache, error, init_increment }).unwrap();
    assert_eq!(registry.shared_buffer_size(factory), 6);
}
