//! Kernel text that uses a buffer in a phase in which it is dead: refused by the compilers of both
//! devices, with an error that names the buffer and the phase.

// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use buffer_core::{BufferEntry, DeadBuffer, Location, Phases, Precision, Target};
use buffer_tests::cuda::nvrtc;
use buffer_tests::planted::{Build, Planted};
use integrators::device::DeviceError;
use integrators::device::host::HostError;
use integrators::device::nvrtc::NvrtcError;
use integrators::factories::KernelText;

/// A step with a guess that is dead once it is used, and a use of it.
fn planted(body: &str) -> Planted {
    let child = Planted::new("child")
        .text("INLINE real SELF(first)(BUFFER(const real) values)\n{\n    return values[0];\n}\n");
    let body = format!(
        "#define FIRST(buffer) buffer[0]\n\
         ALLOCATE(guess, m); ALLOCATE(sum, m);\n\
         {{ PHASE(start); guess[0] = x; sum[0] = guess[0]; }}\n\
         {{ PHASE(solve); {body} }}\nreturn sum[0];"
    );
    Planted::step(&body)
        .phases(Phases::new().phase("start").phase("solve"))
        .buffer(BufferEntry::new("guess", 2).location(Location::Shared).live(["start"]))
        .buffer(BufferEntry::new("sum", 2).location(Location::Local))
        .child("child", child, [])
}

const MISUSES: [&str; 7] = [
    "sum[0] = guess[0];",
    "guess[1] = sum[0];",
    "sum[0] = FIRST(guess);",
    "for (int i = 0; i < 2; i++) sum[i] = sum[i] + guess[i];",
    "sum[0] = CHILD(child, first)(guess);",
    "BUFFER(real) p = guess + 1; sum[0] = p[0];",
    "sum[0] = *guess;",
];

fn host(precision: Precision, lanes: usize) -> Build {
    Build::host(precision, lanes).unwrap()
}

fn expected() -> DeadBuffer {
    DeadBuffer::in_log("guess_is_dead_in_solve").unwrap()
}

#[test]
fn the_host_names_buffer_and_phase() {
    for body in MISUSES {
        for (precision, lanes) in [(Precision::F64, 1), (Precision::F32, 8)] {
            let error = planted(body).compile(&host(precision, lanes)).unwrap().unwrap_err();
            let message = error.to_string();
            let DeviceError::Host(HostError::DeadBuffer { dead, log }) = error else {
                panic!("{body}: {message}")
            };
            assert_eq!(dead, expected(), "{body}");
            assert!(log.contains("error:") && message.ends_with(&log), "{message}");
            assert!(
                message.starts_with(
                    "kernel text uses `guess` in `solve`, where it is dead [SB016]\nhelp: add `solve` \
                     to its `live`, or use it in its live phases only\n"
                ),
                "{message}"
            );
        }
    }
}

#[test]
fn nvrtc_names_buffer_and_phase() {
    let Some(nvrtc) = nvrtc() else { return };
    let capability = "8.0".parse().unwrap();
    for body in MISUSES {
        for precision in [Precision::F32, Precision::F64] {
            let factory = planted(body);
            let layout = factory.layout(&Target::cuda(capability, precision)).unwrap();
            let source = factory.kernel(KernelText::new(&layout)).unwrap();
            let error = nvrtc.compile(&source.text, capability, precision).unwrap_err();
            let message = error.to_string();
            let NvrtcError::DeadBuffer { dead, log } = error else { panic!("{body}: {message}") };
            assert_eq!(dead, expected(), "{body}");
            assert!(message.contains("[SB016]\nhelp: ") && message.ends_with(&log), "{message}");
        }
    }
}

#[test]
fn the_sanitizer_tells_of_the_use_instead() {
    for body in MISUSES {
        let (faults, _) = planted(body).sanitize(&host(Precision::F64, 1), 1).unwrap();
        let first = faults.first().unwrap();
        assert_eq!(first.buffer, "probe.guess", "{body}");
        assert!(first.to_string().contains("in `solve`, where it is dead [SB016]"), "{first}");
    }
}

#[test]
fn other_mistakes_keep_their_logs() {
    for body in ["sum[0] = none;", "sum = sum;", "sum[0] = x x;", "PHASE(stop);"] {
        let error = planted(body).compile(&host(Precision::F64, 1)).unwrap().unwrap_err();
        let refused = matches!(error, DeviceError::Host(HostError::Compile { .. }));
        assert!(refused, "{body}: {error}");
    }
}
