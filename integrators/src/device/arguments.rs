//! The arguments of a kernel, as one block of 8-byte words that both devices read.
//!
//! The kernel text declares the same fields, in the same order, as a struct named `arguments`:
//!
//! | argument | field of the struct |
//! |---|---|
//! | [`input`](Arguments::input) | `const T *` |
//! | [`output`](Arguments::output) | `T *` |
//! | [`integer`](Arguments::integer) | `long long` |
//! | [`pair`](Arguments::pair) | `pair`: two reals, 8 bytes in `f32` and 16 in `f64` |
//!
//! Every field is a multiple of 8 bytes, so the struct has no padding on either device.

use buffer_core::Precision;
use bytemuck::Pod;

/// One argument of a kernel.
#[derive(Debug)]
pub enum Argument<'a> {
    /// Memory that the kernel reads.
    Input(&'a [u8]),
    /// Memory that the kernel writes, every byte of it.
    Output(&'a mut [u8]),
    /// A whole number.
    Integer(i64),
    /// A number in two reals of the run's precision, the nearest one and what it leaves.
    Pair(Precision, f64),
}

/// The arguments of a kernel, in the order of its struct.
#[derive(Debug, Default)]
pub struct Arguments<'a> {
    list: Vec<Argument<'a>>,
}

impl<'a> Arguments<'a> {
    /// No arguments yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds memory that the kernel reads.
    #[must_use]
    pub fn input<T: Pod>(mut self, values: &'a [T]) -> Self {
        self.list.push(Argument::Input(bytemuck::cast_slice(values)));
        self
    }

    /// Adds memory that the kernel writes, every byte of it: a device need not upload it first.
    #[must_use]
    pub fn output<T: Pod>(mut self, values: &'a mut [T]) -> Self {
        self.list.push(Argument::Output(bytemuck::cast_slice_mut(values)));
        self
    }

    /// Adds a whole number.
    #[must_use]
    pub fn integer(mut self, value: i64) -> Self {
        self.list.push(Argument::Integer(value));
        self
    }

    /// Adds a number with more digits than one real of `precision` holds.
    #[must_use]
    pub fn pair(mut self, precision: Precision, value: f64) -> Self {
        self.list.push(Argument::Pair(precision, value));
        self
    }

    /// The arguments, in order, for a device that moves their memory.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Argument<'a>> {
        self.list.iter_mut()
    }

    /// The block that the kernel reads. `address` says where the memory of an input or an output
    /// lies; it is asked in order.
    ///
    /// # Errors
    /// Those of `address`, and no others.
    pub fn block<E>(
        &mut self,
        mut address: impl FnMut(&mut Argument<'a>) -> Result<u64, E>,
    ) -> Result<Vec<u64>, E> {
        let mut words = Vec::with_capacity(2 * self.list.len());
        for argument in &mut self.list {
            match argument {
                Argument::Input(_) | Argument::Output(_) => words.push(address(argument)?),
                Argument::Integer(value) => words.push(value.cast_unsigned()),
                Argument::Pair(Precision::F32, value) => {
                    let high = *value as f32;
                    let low = (*value - f64::from(high)) as f32;
                    words.push(bytemuck::cast([high, low]));
                }
                Argument::Pair(Precision::F64, value) => {
                    words.extend(bytemuck::cast::<_, [u64; 2]>([*value, 0.0]));
                }
            }
        }
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn the_block_holds_one_word_per_field_and_two_per_pair_of_f64() {
        let input = [1.0_f32, 2.0];
        let mut output = [0.0_f64; 3];
        let mut arguments = Arguments::new()
            .input(&input)
            .integer(-7)
            .output(&mut output)
            .pair(Precision::F32, 0.1)
            .pair(Precision::F64, 0.1);
        let mut lengths = Vec::new();
        let block = arguments
            .block(|argument| {
                lengths.push(match argument {
                    Argument::Input(bytes) => bytes.len(),
                    Argument::Output(bytes) => bytes.len(),
                    Argument::Integer(_) | Argument::Pair(..) => panic!("has no address"),
                });
                Ok::<_, Infallible>(lengths.len() as u64)
            })
            .unwrap();
        assert_eq!(lengths, [8, 24]);
        assert_eq!(block.len(), 6);
        assert_eq!((block[0], block[1], block[2]), (1, (-7_i64) as u64, 2));
        let [high, low]: [f32; 2] = bytemuck::cast(block[3]);
        assert_eq!(high, 0.1_f32);
        assert!((f64::from(high) + f64::from(low) - 0.1).abs() < 1e-16);
        assert_eq!((f64::from_bits(block[4]), f64::from_bits(block[5])), (0.1, 0.0));
    }
}
