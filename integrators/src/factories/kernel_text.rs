//! The text of a kernel while factories write it.

use buffer_core::{BufferError, Layout, Precision};

use crate::device::KernelSource;

/// What every kernel text may use.
const PRELUDE: &str = include_str!("../../kernels/prelude.cuh");

/// The text of a kernel for one layout.
#[derive(Debug)]
pub struct KernelText<'a> {
    layout: &'a Layout,
    sanitizer: bool,
    text: String,
}

impl<'a> KernelText<'a> {
    /// A text that begins with the layout's preamble and the prelude.
    pub fn new(layout: &'a Layout) -> Self {
        Self::begin(layout, layout.preamble(), false)
    }

    /// The same for the sanitizer build: factories write the text that they write for a release.
    pub fn sanitizer(layout: &'a Layout) -> Self {
        Self::begin(layout, layout.sanitizer_preamble(), true)
    }

    fn begin(layout: &'a Layout, preamble: String, sanitizer: bool) -> Self {
        let bits = match layout.target().precision() {
            Precision::F32 => 32,
            Precision::F64 => 64,
        };
        let text = format!("{preamble}#define REAL_BITS {bits}\n{PRELUDE}");
        Self { layout, sanitizer, text }
    }

    /// The run's precision.
    pub fn precision(&self) -> Precision {
        self.layout.target().precision()
    }

    /// The path of the child in `field` of the instance at `path`.
    pub fn child(&self, path: &str, field: &str) -> String {
        let is_root = self.layout.instances().first().is_some_and(|root| root.path() == path);
        if is_root { field.to_owned() } else { format!("{path}_{field}") }
    }

    /// Adds the allocators of the instance at `path`.
    ///
    /// # Errors
    /// [`BufferError::UnknownInstance`] where the layout holds no such instance.
    pub fn header(&mut self, path: &str) -> Result<(), BufferError> {
        let header = match self.sanitizer {
            true => self.layout.sanitizer_header(path)?,
            false => self.layout.header(path)?,
        };
        self.text.push_str(&header);
        Ok(())
    }

    /// Adds text as it is.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The whole text as the source of a kernel, whose entry `KERNEL(entry)` has defined.
    pub fn finish(self, entry: &str) -> KernelSource {
        let target = self.layout.target();
        KernelSource {
            text: self.text,
            entry: entry.to_owned(),
            precision: target.precision(),
            lanes: target.lanes(),
            shared_bytes: self.layout.shared_bytes(),
            is_sanitizer: self.sanitizer,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// On a scalar `~` makes every mask true, so texts say `NOT`.
    #[test]
    fn no_kernel_text_uses_the_complement() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
        let mut texts = 0;
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            assert!(!text.contains('~'), "{} uses `~`", path.display());
            texts += 1;
        }
        assert!(texts >= 6, "only {texts} texts were found");
    }
}
