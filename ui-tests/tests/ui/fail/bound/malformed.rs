use buffer_core::Buffers;

#[derive(Buffers)]
#[buffers(vars(n))]
pub struct A {
    n: usize,
}

#[derive(Buffers)]
#[buffers(vars(n >= m))]
pub struct B {
    n: usize,
}

#[derive(Buffers)]
#[buffers(vars(1 <= n >= 3))]
pub struct C {
    n: usize,
}

#[derive(Buffers)]
#[buffers(vars = "n >= 1")]
pub struct D {
    n: usize,
}

#[derive(Buffers)]
#[buffers(vars(n >= -1))]
pub struct E {
    n: usize,
}

fn main() {}
