//! The kernel cache: what it keeps, what it finds damaged, and that it never fails a build.

// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::convert::Infallible;
use std::path::Path;
use std::process::{Command, Stdio};

use integrators::device::cache::{CacheKey, CacheOutcome, KernelCache, private_file};

/// Names the folder that a test's child processes share.
const WORKER_FOLDER: &str = "BUFFERS_TEST_WORKER_FOLDER";

fn key(name: &str) -> CacheKey {
    CacheKey::new([name.as_bytes()])
}

fn build(cache: &KernelCache, key: &CacheKey, payload: &[u8]) -> (Vec<u8>, CacheOutcome) {
    let Ok(result) = cache.get_or_build(key, || Ok::<_, Infallible>(payload.to_vec()));
    result
}

/// Asks for an entry that must be there.
fn hit(cache: &KernelCache, key: &CacheKey) -> Vec<u8> {
    let result = cache.get_or_build(key, || Err("the entry should have been a hit"));
    let (payload, outcome) = result.unwrap();
    assert_eq!(outcome, CacheOutcome::Hit);
    payload
}

fn not_stored(cache: &KernelCache, expected: &str) {
    let (payload, outcome) = build(cache, &key("text"), b"machine code");
    assert_eq!(payload, b"machine code");
    let CacheOutcome::NotStored { reason } = outcome else {
        panic!("{outcome:?} in {cache:?}");
    };
    assert!(reason.contains(expected), "{reason}");
}

#[test]
fn an_entry_is_built_once() {
    let folder = tempfile::tempdir().unwrap();
    let cache = KernelCache::in_folder(folder.path().join("made/when/needed"));
    for payload in [b"".as_slice(), b"machine code"] {
        let key = CacheKey::new([payload]);
        assert_eq!(build(&cache, &key, payload), (payload.to_vec(), CacheOutcome::Stored));
        assert_eq!(hit(&cache, &key), payload);
        let other_process = KernelCache::in_folder(cache.folder().unwrap());
        assert_eq!(hit(&other_process, &key), payload);
    }
}

#[test]
fn every_part_of_a_key_counts() {
    let parts: [&[&[u8]]; 6] = [
        &[],
        &[b""],
        &[b"text", b"options"],
        &[b"texto", b"ptions"],
        &[b"textoptions"],
        &[b"text"],
    ];
    for (index, one) in parts.iter().enumerate() {
        for (other_index, other) in parts.iter().enumerate() {
            let equal = CacheKey::new(one.iter().copied()) == CacheKey::new(other.iter().copied());
            assert_eq!(equal, index == other_index, "{one:?} and {other:?}");
        }
    }
}

#[test]
fn a_failed_build_is_reported_and_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    let cache = KernelCache::in_folder(folder.path());
    assert_eq!(cache.get_or_build(&key("text"), || Err("syntax error")), Err("syntax error"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn any_damage_is_found_and_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let cache = KernelCache::in_folder(folder.path());
    let key = key("text");
    build(&cache, &key, b"machine code");
    let path = cache.path(&key).unwrap();
    let whole = std::fs::read(&path).unwrap();

    let flipped = (0..whole.len()).map(|index| {
        let mut entry = whole.clone();
        entry[index] ^= 0x10;
        entry
    });
    let truncated = (0..whole.len()).map(|length| whole[..length].to_vec());
    let longer = [[whole.as_slice(), b"\0"].concat(), [whole.as_slice(), &whole].concat()];
    for damaged in flipped.chain(truncated).chain(longer) {
        std::fs::write(&path, &damaged).unwrap();
        let result = build(&cache, &key, b"machine code");
        assert_eq!(result, (b"machine code".to_vec(), CacheOutcome::Rebuilt), "{damaged:?}");
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
    assert_eq!(hit(&cache, &key), b"machine code");
}

#[test]
fn an_entry_under_another_name_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let cache = KernelCache::in_folder(folder.path());
    let (one, other) = (key("one"), key("other"));
    build(&cache, &one, b"one");
    std::fs::rename(cache.path(&one).unwrap(), cache.path(&other).unwrap()).unwrap();
    assert_eq!(build(&cache, &other, b"other"), (b"other".to_vec(), CacheOutcome::Rebuilt));
}

#[test]
fn a_folder_that_is_a_file_only_costs_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    not_stored(&KernelCache::in_folder(&file), "file");
    not_stored(&KernelCache::in_folder(file.join("below")), "file");
    assert_eq!(std::fs::read(&file).unwrap(), b"not a folder");
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_folder_is_read_and_not_written() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let cache = KernelCache::in_folder(folder.path());
    build(&cache, &key("there"), b"machine code");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o555)).unwrap();
    assert_eq!(hit(&cache, &key("there")), b"machine code");
    if std::fs::write(folder.path().join("probe"), "").is_ok() {
        // The superuser may write anywhere but to the kernel's own folders.
        println!("skipped: this user may write to read-only folders");
        not_stored(&KernelCache::in_folder("/proc/buffers"), "/proc/buffers");
    } else {
        not_stored(&cache, "Permission denied");
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_only_costs_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    // A limit on the size of files refuses a write as a full disk does: halfway through an entry.
    let output = Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "bash"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "full_disk_worker"])
        .env(WORKER_FOLDER, folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a partial file was left");
}

#[test]
#[ignore = "started by another test, in a process that may write no files"]
fn full_disk_worker() {
    let Some(folder) = std::env::var_os(WORKER_FOLDER) else { return };
    not_stored(&KernelCache::in_folder(Path::new(&folder)), "large");
}

#[test]
fn processes_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let start_worker = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "sharing_worker"])
            .env(WORKER_FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let workers: Vec<_> = (0..4).map(|_| start_worker()).collect();
    for worker in workers {
        let output = worker.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
    let mut entries: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let cache = KernelCache::in_folder(folder.path());
    let mut expected: Vec<_> =
        (0..KEYS).map(|index| cache.path(&CacheKey::new([[index].as_slice()])).unwrap()).collect();
    expected.sort();
    assert_eq!(entries, expected, "temporary files were left");
}

const KEYS: u8 = 4;

#[test]
#[ignore = "started by another test, several times at once"]
fn sharing_worker() {
    let Some(folder) = std::env::var_os(WORKER_FOLDER) else { return };
    let cache = KernelCache::in_folder(Path::new(&folder));
    for round in 0..50 {
        for index in 0..KEYS {
            let key = CacheKey::new([[index].as_slice()]);
            let expected = vec![index; 100_000];
            let (payload, outcome) = build(&cache, &key, &expected);
            assert!(payload == expected, "a torn entry was read");
            assert!(
                matches!(outcome, CacheOutcome::Hit | CacheOutcome::Stored),
                "{outcome:?}: an entry was seen half written"
            );
            if round % 5 == 0 {
                // Whoever deletes first wins; the others find nothing to delete.
                let _ = std::fs::remove_file(cache.path(&key).unwrap());
            }
        }
    }
    for index in 0..KEYS {
        build(&cache, &CacheKey::new([[index].as_slice()]), &vec![index; 100_000]);
    }
}

#[test]
fn a_private_file_lives_as_long_as_its_owner() {
    let file = private_file(b"machine code", ".so").unwrap();
    let path = file.to_path_buf();
    assert_eq!(std::fs::read(&path).unwrap(), b"machine code");
    assert_eq!(path.extension().unwrap(), "so");
    drop(file);
    assert!(!path.exists());
}

#[test]
fn outcomes_say_what_happened() {
    assert_eq!(CacheOutcome::Hit.to_string(), "from the cache");
    let outcome = CacheOutcome::NotStored { reason: "no room".to_owned() };
    assert_eq!(outcome.to_string(), "compiled and not stored: no room");
}
