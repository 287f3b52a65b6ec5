//! What kernels in `f32` can hold.

/// Whether a number is still one in `f32`: not infinite, and not so small that it is flushed to zero.
pub(crate) fn holds(number: f64) -> bool {
    number == 0.0 || (number as f32).is_normal()
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn neither_infinities_nor_denormals_are_held() {
        assert!([0.0, 1.0, -1e38, 1.2e-38].into_iter().all(holds));
        assert!(![1e39, -1e39, 1e-38, -1e-50, f64::NAN].into_iter().any(holds));
    }
}
