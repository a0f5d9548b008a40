# What tests/run and tests/long share: named steps, and the tools that they install.

readonly CARGO_DENY_VERSION=0.20.2
readonly CARGO_FUZZ_VERSION=0.13.2
readonly CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/gloss-tests"
readonly CARGO_DENY="$CACHE/cargo-deny-$CARGO_DENY_VERSION/bin/cargo-deny"
readonly CARGO_FUZZ="$CACHE/cargo-fuzz-$CARGO_FUZZ_VERSION/bin/cargo-fuzz"

missing=()
failed=()
passed=0

want() { # name, command that shows it is here…, what to do when it is not
    "${@:2:$#-2}" >/dev/null 2>&1 || missing+=("$1: ${*: -1}")
}

# The same for what Debian has: root gets it installed, others are told what to install.
want_from_debian() { # name, packages, command that shows it is here…
    "${@:3}" >/dev/null 2>&1 && return
    if ((EUID == 0)) && command -v apt-get >/dev/null; then
        echo "Installing $2 from Debian"
        quietly apt update || true # older lists may do
        # shellcheck disable=SC2086 # one argument a package
        quietly apt install --yes --no-install-recommends $2 || true
        "${@:3}" >/dev/null 2>&1 && return
    fi
    missing+=("$1: install it (Debian: apt install --no-install-recommends $2)")
}

# Another installation may be under way, and servers have their moments.
apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

quietly() { # command…: what it said matters where it fails
    local said
    said=$("$@" 2>&1) || {
        tail -40 <<<"$said" >&2
        return 1
    }
}

stop_if_missing() {
    ((${#missing[@]} == 0)) && return
    printf 'Missing %s\n' "${missing[@]}" >&2
    exit 1
}

want_rust_and_cc() {
    want cargo command -v cargo "install Rust (stable) from https://rustup.rs"
    want cc command -v cc "install a C compiler (Debian: apt install gcc libc6-dev; macOS: xcode-select --install)"
}

step() { # heading, command…
    local heading=$1 begun=$SECONDS
    shift
    printf '\n== %s\n' "$heading"
    if "$@"; then
        passed=$((passed + 1))
        printf -- '-- %s: passed, %d s\n' "$heading" $((SECONDS - begun))
    else
        failed+=("$heading")
        printf -- '-- %s: FAILED, %d s\n' "$heading" $((SECONDS - begun))
    fi
}

finish() { # name of the script
    echo
    if ((${#failed[@]} > 0)); then
        printf '%s: %d passed, %d FAILED in %d s:' "$1" "$passed" "${#failed[@]}" "$SECONDS"
        printf ' [%s]' "${failed[@]}"
        echo
        exit 1
    fi
    printf '%s: all %d steps passed in %d s\n' "$1" "$passed" "$SECONDS"
}

install_cargo_deny() {
    cargo_into "$CARGO_DENY" cargo-deny "$CARGO_DENY_VERSION"
}

install_cargo_fuzz() {
    cargo_into "$CARGO_FUZZ" cargo-fuzz "$CARGO_FUZZ_VERSION"
}

cargo_into() { # program, crate, version
    if [[ "$("$1" --version 2>/dev/null)" == "$2 $3" ]]; then
        echo "Found $1"
        return
    fi
    local root=${1%/bin/*}
    echo "Installing $2 $3 from crates.io into $root (a few minutes, once)"
    # It runs for a second: an optimised build would cost minutes and save none.
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
        cargo install "$2" --version "$3" --locked --quiet --root "$root"
}

# A mark says that it is all there, for an installation may have been ended.
npm_into() { # folder, package, what it takes
    if [[ -e $1/complete ]]; then
        echo "Found $1"
        return
    fi
    echo "Installing ${2%@*} ${2##*@} from npm into $1 (${3:-seconds, once})"
    rm -rf "$1"
    mkdir -p "$1"
    echo '{ "private": true }' >"$1/package.json"
    quietly npm --prefix "$1" install --save-exact --foreground-scripts --no-audit --no-fund "$2" && touch "$1/complete"
}
