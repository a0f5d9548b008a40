# What the tests against real programs share: Gloss, a scratch folder, and the stand-in at an address.

program= # the folder of `gloss`, as cargo builds it for tests
scratch=
address=
started=() # each the leader of a group, for editors have children that outlive them

build_for_tests() {
    # With the tests, so that nothing is built twice for other features of the same crates.
    cargo build --locked --quiet --tests
    program=$(cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug
    scratch=$(mktemp -d)
    trap end_all EXIT
}

build_and_start_stand_in() {
    local line said
    build_for_tests
    mkfifo "$scratch/said"
    exec {said}<>"$scratch/said" # open throughout, for a closed pipe would end it
    setsid "$program/gloss" sim >&"$said" &
    started+=("$!")
    read -r -u "$said" line
    address=$(grep -o 'http://[^ ]*[0-9]/v1' <<<"$line")
}

end_all() {
    local group
    for group in "${started[@]}"; do kill -- "-$group" 2>/dev/null || true; done
    wait
    rm -rf "$scratch"
}
