use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Algorithm {
    #[buffer(size = 3, location = "shared", persistent)]
    increment_cache: Buffer,
}

/// The scratch of the initialiser was put over the algorithm's caches, which had just been zeroed.
#[derive(Buffers)]
#[buffers(phases(initialise, loop step { advance }))]
pub struct IvpLoop {
    #[child(call = step)]
    algorithm: Algorithm,
    #[buffer(size = 3, aliases = "algorithm", live = initialise)]
    init_increment: Buffer,
}

/// The same in one factory.
#[derive(Buffers)]
#[buffers(phases(initialise, loop step { advance }))]
pub struct FlatLoop {
    #[buffer(size = 3, location = "shared", persistent)]
    increment_cache: Buffer,
    #[buffer(size = 3, aliases = "increment_cache", live = initialise)]
    init_increment: Buffer,
}

fn main() {}
