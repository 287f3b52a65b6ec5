use buffer_core::Buffers;

#[derive(Buffers)]
#[buffers(prefix = "")]
pub struct A {

}

#[derive(Buffers)]
#[buffers(prefix = "dirk step")]
pub struct B {

}

#[derive(Buffers)]
#[buffers(prefix = "switch")]
pub struct C {

}

#[derive(Buffers)]
pub struct Union {

}

fn main() {}
