#!/usr/bin/env bash
# Runs every test of the workspace. Needs Rust, a C compiler and bash. The tests that compile for
# CUDA need NVRTC as well, which is fetched as a wheel into the user's cache where it is missing;
# what cannot run is named, and in CI it is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

nvrtc_version=12.9.86

# Prints the folder of the pinned NVRTC, fetching it first where needed; on failure the reason.
nvrtc_folder() {
    local cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/buffers
    local home=$cache/nvrtc-$nvrtc_version fetched log
    if [[ ! -e $home ]]; then
        if ! python3 -m pip --version >/dev/null 2>&1; then
            echo "python3 with pip is needed to fetch it"
            return 1
        fi
        echo "fetching NVRTC $nvrtc_version into $home" >&2
        if ! fetched=$( (mkdir -p "$cache" && mktemp -d "$cache/fetching-XXXXXX") 2>/dev/null); then
            echo "$cache cannot be written"
            return 1
        fi
        if ! log=$(python3 -m pip install --quiet --disable-pip-version-check --retries 1 --no-deps \
            --only-binary=:all: --target "$fetched" "nvidia-cuda-nvrtc-cu12==$nvrtc_version" 2>&1); then
            rm -rf "$fetched"
            echo "pip: ${log##*$'\n'}"
            return 1
        fi
        # Renamed into place whole; where another run was first, its copy is as good.
        mv -T "$fetched" "$home" 2>/dev/null || rm -rf "$fetched"
    fi
    echo "$home/nvidia/cuda_nvrtc/lib"
}

libraries=$(ldconfig -p 2>/dev/null || true)
if [[ -z ${BUFFERS_NVRTC:-} ]]; then
    if answer=$(nvrtc_folder); then
        export BUFFERS_NVRTC=$answer
    elif [[ $libraries == *libnvrtc.so* ]]; then
        echo "no NVRTC $nvrtc_version ($answer): using the one installed"
    elif [[ ${CI:-} == true ]]; then
        echo "failed: no NVRTC ($answer)" >&2
        exit 1
    else
        echo "skipped: compiling for CUDA: no NVRTC ($answer)"
    fi
fi
if [[ $libraries != *libcuda.so* ]]; then
    echo "skipped: running on a GPU: no NVIDIA driver"
fi

# The tests' kernels stay out of the user's cache.
export BUFFERS_CACHE=${CARGO_TARGET_DIR:-$PWD/target}/test-kernels

# One optimised build serves all: the numerical tests are long without it.
cargo test --workspace --release --locked --doc
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --release --locked --no-fail-fast
else
    cargo test --workspace --release --locked --no-fail-fast --tests
fi
