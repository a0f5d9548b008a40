#!/usr/bin/env python3
"""Says what each part of the program weighs: weigh.py PROGRAM

PROGRAM is `gloss` with its symbols, of ELF. C is told by its source file, Rust by the crate that a symbol's
name begins with: so what a crate makes of another's generic code counts as the other's, and what has no
name, such as most texts and tables of Rust, counts by itself.
"""

import re
import subprocess
import sys
from collections import Counter

# Crates by what they are for; whatever is not named is "other crates".
PARTS = {
    "Gloss itself": "gloss",
    "HTTP and TLS": """reqwest hyper hyper_util hyper_rustls h2 http http_body http_body_util httparse rustls
        rustls_pki_types rustls_platform_verifier rustls_native_certs tokio_rustls webpki ring url idna icu_normalizer
        icu_collections icu_properties percent_encoding ipnet tower tower_http base64 compression_codecs
        async_compression subtle untrusted want""",
    "images and drawings": """image image_webp imagesize png gif tiff fax weezl zune_jpeg zune_core resvg usvg
        tiny_skia tiny_skia_path harfrust skrifa read_fonts font_types fontdb fontconfig_parser roxmltree svgtypes
        simplecss kurbo rgb xmlwriter fdeflate unicode_bidi data_url strict_num arrayref color_quant byteorder_lite
        unicode_script unicode_vo ttf_parser float_cmp moxcms""",
    "markup, texts and differences": """html5gum pulldown_cmark similar ropey str_indices unicode_width
        unicode_segmentation unicode_normalization unicase crop""",
    "regular expressions and globs": """regex regex_automata regex_syntax aho_corasick memchr globset ignore walkdir
        same_file""",
    "protocol and JSON": "tower_lsp_server ls_types lsp_types fluent_uri serde serde_core serde_json dashmap itoa ryu zmij",
    "threads and futures": """tokio tokio_util mio futures futures_util futures_core futures_channel futures_io
        futures_task crossbeam_deque crossbeam_epoch crossbeam_utils parking_lot parking_lot_core slab bytes socket2
        signal_hook_registry""",
    "command line, settings and log": """clap clap_builder clap_complete anstream anstyle strsim terminal_size toml
        toml_parser toml_datetime winnow serde_spanned jiff jiff_core tracing tracing_core tracing_subscriber
        sharded_slab dirs dirs_sys rpassword shlex secrecy anyhow""",
    "OpenTelemetry": "opentelemetry_proto prost",
    "SQLite": "rusqlite libsqlite3_sys",
    "the standard library, with what others made of it": """core alloc std hashbrown compiler_builtins gimli addr2line
        object miniz_oxide rustc_demangle std_detect __rustc""",
}
# The same for C, by source file, and by how a name begins that all files know.
FILES = {"parser.c": "grammars", "scanner.c": "grammars", "lib.c": "tree-sitter itself", "sqlite3.c": "SQLite"}
NAMES = {"tree_sitter_": "grammars", "ts_": "tree-sitter itself", "sqlite3": "SQLite"}
SECTIONS = {
    ".eh_frame": "what unwinds the stack after a panic",
    ".eh_frame_hdr": "what unwinds the stack after a panic",
    ".gcc_except_table": "what unwinds the stack after a panic",
    ".rela.dyn": "addresses to set at the start",
    ".relr.dyn": "addresses to set at the start",
}
UNNAMED = "texts and tables without a name"
OTHER = "other crates"

PART_OF = {crate: part for part, crates in PARTS.items() for crate in crates.split()}


def crate(symbol):
    """The crate that a symbol of Rust is of, None for another language's."""
    if symbol.startswith("_R"):
        root = re.search(r"Cs[0-9A-Za-z]*_(\d+)_?(\w+)", symbol)
        return root.group(2)[: int(root.group(1))] if root else "core"
    mangled = re.match(r"_ZN(\d+)(.*)$", symbol)
    if not mangled:
        return None
    first = mangled.group(2)[: int(mangled.group(1))]
    dropped = re.search(r"drop_in_place\$LT\$", symbol)
    if dropped:
        first = "$LT$" + symbol[dropped.end() :]
    if "$LT$" in first[:6]:
        marks = r"^(_?\$LT\$|\$RF\$|mut\$u20\$|\$BP\$(const|mut)\$u20\$|dyn\$u20\$|\$LP\$|\$u5b\$|_)+"
        first = re.match(r"\w*?(?=\.\.|\$|$)", re.sub(marks, "", first)).group(0)
    # A type's parameter, `T` or `F`, or one of the language's own types.
    return first if len(first) > 3 or first == "gif" else "core"


def part(symbol, file):
    """What a symbol is part of, by its name and the source file it is private to."""
    own = crate(symbol)
    if own:
        return PART_OF.get(own, OTHER)
    if file in FILES:
        return FILES[file]
    # All other C and assembler is ring's, save a few words of the C library's.
    return next((name for start, name in NAMES.items() if symbol.startswith(start)), "HTTP and TLS")


def readelf(what, program):
    listed = subprocess.run(["readelf", "-W", what, program], capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def main():
    program = sys.argv[1]
    weights, sizes = Counter(), {}
    for line in readelf("-S", program):
        section = re.match(r"\s*\[ *(\d+)\] (\S+)\s+(\S+)\s+\S+ \S+ (\S+) \S+ +(\w*)", line)
        if section and "A" in section.group(5) and section.group(3) != "NOBITS":
            number, name, size = section.group(1), section.group(2), int(section.group(4), 16)
            if name in SECTIONS:
                weights[SECTIONS[name]] += size
            else:
                sizes[number] = size
    file, seen, named = None, set(), Counter()
    for line in readelf("-s", program):
        fields = line.split()
        if len(fields) < 8 or not fields[0].endswith(":"):
            continue
        address, size, kind, binding, section, symbol = (fields[at] for at in (1, 2, 3, 4, 6, 7))
        if kind == "FILE":
            file = symbol
        elif section in sizes and kind in ("FUNC", "OBJECT") and address not in seen:
            seen.add(address)
            weights[part(symbol, file if binding == "LOCAL" else None)] += int(size, 0)
            named[section] += int(size, 0)
    weights[UNNAMED] += sum(max(0, size - named[number]) for number, size in sizes.items())
    print("| part | kB |\n| --- | --- |")
    for name, weight in weights.most_common():
        print(f"| {name} | {weight / 1000:,.0f} |")
    print(f"| all | {weights.total() / 1000:,.0f} |")


if __name__ == "__main__":
    main()
