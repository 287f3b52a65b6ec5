//! Compiled kernels on disk.
//!
//! One file per entry, named after a hash of everything that decides its contents. A file is
//! written beside its place and renamed into it, so that processes share a folder without locks:
//! a reader sees a whole entry or none, and writers of one key write the same. Nothing is
//! synchronised to disk; what a crash damages, the checksum finds.
//!
//! The cache never makes a solve fail: where it cannot read or write, the kernel is compiled, and
//! the [`CacheOutcome`] says why. Its folder may be deleted at any time.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

/// The variable that names the cache's folder, in place of the user's cache folder.
pub const FOLDER_VARIABLE: &str = "BUFFERS_CACHE";

/// Names the format of an entry, and is its first bytes. Another format has another name.
const FORMAT: &[u8; 8] = b"buffers1";
const HEADER: usize = FORMAT.len() + blake3::OUT_LEN;

/// What decides an entry's contents, as one hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheKey(blake3::Hash);

impl CacheKey {
    /// Hashes the parts: the kernel's text, the options, the compiler's identity and version, and
    /// the CPU's features or the GPU's compute capability.
    pub fn new<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            // With its length, so that no two lists of parts are one run of bytes.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize())
    }

    /// The checksum of a payload. Keyed, so that an entry under another entry's name is damaged.
    fn checksum(&self, payload: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(self.0.as_bytes(), payload)
    }
}

/// What the cache did for one kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheOutcome {
    /// The entry was there and whole.
    Hit,
    /// There was no entry; the kernel was compiled and stored.
    Stored,
    /// The entry was damaged, or could not be loaded; the kernel was compiled and stored in its
    /// place.
    Rebuilt,
    /// The kernel was compiled and could not be stored.
    NotStored {
        /// What was in the way.
        reason: String,
    },
}

impl fmt::Display for CacheOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hit => f.write_str("from the cache"),
            Self::Stored => f.write_str("compiled and stored in the cache"),
            Self::Rebuilt => f.write_str("compiled, as the cache's entry was of no use"),
            Self::NotStored { reason } => write!(f, "compiled and not stored: {reason}"),
        }
    }
}

/// A folder of compiled kernels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelCache {
    folder: Option<PathBuf>,
}

impl KernelCache {
    /// The cache in the folder that `BUFFERS_CACHE` names, else in the user's cache folder.
    pub fn from_environment() -> Self {
        let named = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty());
        let folder = named.map(PathBuf::from).or_else(|| {
            let user = etcetera::choose_base_strategy().ok()?;
            Some(user.cache_dir().join("buffers"))
        });
        Self { folder }
    }

    /// The cache in a folder, which is made when the first kernel is stored.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()) }
    }

    /// The folder; none where the user has no home and `BUFFERS_CACHE` is not set.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The file that holds an entry.
    pub fn path(&self, key: &CacheKey) -> Option<PathBuf> {
        Some(self.folder()?.join(format!("{}.kernel", key.0.to_hex())))
    }

    /// The bytes of an entry: from the folder where they are whole, else from `build`.
    ///
    /// # Errors
    /// Those of `build`, and no others.
    pub fn get_or_build<E>(
        &self,
        key: &CacheKey,
        build: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<(Vec<u8>, CacheOutcome), E> {
        // A file that cannot be read is an entry that is not there: storing it says why.
        let stored = self.path(key).and_then(|path| std::fs::read(path).ok());
        let outcome = if stored.is_some() { CacheOutcome::Rebuilt } else { CacheOutcome::Stored };
        match stored.and_then(|entry| verify(key, entry)) {
            Some(payload) => Ok((payload, CacheOutcome::Hit)),
            None => self.build(key, build, outcome),
        }
    }

    /// The bytes of an entry from `build`, whatever the folder holds: for an entry that is whole and
    /// of no use, as what it was built for has changed.
    ///
    /// # Errors
    /// Those of `build`, and no others.
    pub fn rebuild<E>(
        &self,
        key: &CacheKey,
        build: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<(Vec<u8>, CacheOutcome), E> {
        self.build(key, build, CacheOutcome::Rebuilt)
    }

    /// Builds an entry; the outcome is `stored` where it could be stored.
    fn build<E>(
        &self,
        key: &CacheKey,
        build: impl FnOnce() -> Result<Vec<u8>, E>,
        stored: CacheOutcome,
    ) -> Result<(Vec<u8>, CacheOutcome), E> {
        let payload = build()?;
        let Some(path) = self.path(key) else {
            let reason =
                format!("the user has no cache folder; set {FOLDER_VARIABLE} to a folder to use");
            return Ok((payload, CacheOutcome::NotStored { reason }));
        };
        let outcome = match store(key, &payload, &path) {
            Ok(()) => stored,
            Err(error) => {
                CacheOutcome::NotStored { reason: format!("{}: {error}", path.display()) }
            }
        };
        Ok((payload, outcome))
    }
}

/// The payload of an entry; none where any byte of the entry has changed.
fn verify(key: &CacheKey, mut entry: Vec<u8>) -> Option<Vec<u8>> {
    let (format, rest) = entry.split_first_chunk()?;
    let (checksum, payload) = rest.split_first_chunk()?;
    let whole = format == FORMAT && key.checksum(payload) == blake3::Hash::from_bytes(*checksum);
    whole.then(|| entry.split_off(HEADER))
}

fn store(key: &CacheKey, payload: &[u8], path: &Path) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidFilename)?;
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(FORMAT)?;
    file.write_all(key.checksum(payload).as_bytes())?;
    file.write_all(payload)?;
    file.persist(path)?;
    Ok(())
}

/// A file that holds `bytes`, for what can only be loaded by path; deleted when dropped.
///
/// To load an entry's own file would be to verify one file and load another, where a process
/// renames a new entry into its place between the two. This file is the caller's alone.
///
/// # Errors
/// Where the system's folder for temporary files (`TMPDIR`) cannot be written.
pub fn private_file(bytes: &[u8], suffix: &str) -> io::Result<tempfile::TempPath> {
    let mut file = tempfile::Builder::new().prefix("buffers-").suffix(suffix).tempfile()?;
    file.write_all(bytes)?;
    Ok(file.into_temp_path())
}
