#!/usr/bin/env bash
# Runs every test of the workspace. Needs Rust, a C compiler and bash. The tests that compile for
# CUDA need NVRTC as well, which is fetched as a wheel into the user's cache where it is missing;
# what cannot run is named, and in CI it is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Prints the folder of the pinned NVRTC, fetching it first where needed; on failure the reason.
nvrtc_folder() {
    local requirement=$PWD/tests/nvrtc.txt cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/buffers
    local version home fetched log
    version=$(sed -n 's/.*==\([0-9.]*\).*/\1/p' "$requirement")
    home=$cache/nvrtc-$version
    if ! is_nvrtc "$home/nvidia/cuda_nvrtc/lib"; then
        if ! python3 -m pip --version >/dev/null 2>&1; then
            echo "python3 with pip is needed to fetch it"
            return 1
        fi
        echo "fetching NVRTC $version into $home" >&2
        if ! fetched=$( (mkdir -p "$cache" && mktemp -d "$cache/fetching-XXXXXX") 2>/dev/null); then
            echo "$cache cannot be written"
            return 1
        fi
        if ! log=$(python3 -m pip install --quiet --disable-pip-version-check --retries 1 --no-deps \
            --only-binary=:all: --require-hashes --target "$fetched" -r "$requirement" 2>&1); then
            rm -rf "$fetched"
            echo "pip: ${log##*$'\n'}"
            return 1
        fi
        # Renamed into place whole; where another run was first, its copy is as good.
        is_nvrtc "$home/nvidia/cuda_nvrtc/lib" || rm -rf "$home"
        mv -T "$fetched" "$home" 2>/dev/null || rm -rf "$fetched"
    fi
    echo "$home/nvidia/cuda_nvrtc/lib"
}

is_nvrtc() {
    compgen -G "$1/libnvrtc.so*" >/dev/null
}

if [[ -n ${BUFFERS_NVRTC:-} ]]; then
    if ! is_nvrtc "$BUFFERS_NVRTC"; then
        echo "failed: BUFFERS_NVRTC names $BUFFERS_NVRTC, where NVRTC is not" >&2
        exit 1
    fi
elif answer=$(nvrtc_folder); then
    export BUFFERS_NVRTC=$answer
else
    # The tests use an installed one, or name what they skip; in CI they fail.
    echo "no NVRTC could be fetched: $answer"
fi

# The tests' kernels stay out of the user's cache.
target=${CARGO_TARGET_DIR:-$PWD/target}
export BUFFERS_CACHE=$target/test-kernels

# One optimised build serves all: the numerical tests are long without it.
cargo test --workspace --release --locked --doc
if cargo nextest --version >/dev/null 2>&1; then
    status=0
    cargo nextest run --workspace --release --locked --no-fail-fast || status=$?
    # nextest shows nothing of what passing tests print.
    grep -o 'skipped: [^<]*' "$target/nextest/default/junit.xml" |
        sed "s/&apos;/'/g" | cut -c 1-100 | sort | uniq -c || true
    exit "$status"
fi
cargo test --workspace --release --locked --no-fail-fast --tests -- --nocapture
