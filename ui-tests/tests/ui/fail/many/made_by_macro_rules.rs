use buffer_core::{Buffer, Buffers};

macro_rules! factory {
    ($(#[$attribute:meta])* $field:ident: $ty:ty) => {
        #[derive(Buffers)]
        pub struct Step {
            #[buffer(size = 3, location = "local")]
            parent: Buffer,
            $(#[$attribute])*
            $field: $ty,
        }
    };
}

factory! {
    #[buffer(sise = 3, aliases = "parnet", overflow = "grow")]
    volatile: Buffer
}

fn main() {}
