//! `gloss doctor` where all is well, and where each thing is not.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::Value;

use super::{Shell, said};

/// The exit code, and the state and words of one check, in this environment.
fn check(shell: &Shell, name: &str, environment: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = shell.command(&["doctor", "--format", "json"]);
    command.envs(environment.iter().copied());
    let (code, out, err) = said(command.output().unwrap());
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!(report["ok"], code == 0, "{out}");
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name).unwrap();
    let text = |key: &str| found[key].as_str().unwrap().to_owned();
    (code, text("state"), text("told"))
}

#[test]
fn all_is_well_without_a_key_on_this_machine() {
    let shell = Shell::new();
    let (code, out, err) = shell.run(&["doctor"]);
    assert_eq!(code, 0, "{out}{err}");
    for words in [
        "ok  configuration",
        "none, and 127.0.0.1 needs none",
        "none on the way to 127.0.0.1",
        "none needed for plain http",
        "127.0.0.1 answered in",
        "that of 127.0.0.1 says the same",
        "479 of 480 requests left",
        "gloss.db can be written",
        "environment, XAI_BASE_URL",
    ] {
        assert!(out.contains(words), "{words}: {out}");
    }
    // Nothing is booked.
    assert_eq!(shell.usage()["rows"], serde_json::json!([]));
}

/// A check's name, the environment that lets it fail, and what is to be done.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn what_fails_is_told_with_what_to_do() {
    let shell = Shell::new();
    let cases: [Case<'_>; 9] = [
        (
            "key",
            &[("XAI_BASE_URL", "https://x.invalid/v1")],
            "gloss auth login",
        ),
        (
            "endpoint",
            &[("XAI_BASE_URL", "https://x.invalid/v1")],
            "check",
        ),
        (
            "endpoint",
            &[("XAI_BASE_URL", "http://127.0.0.1:1/v1")],
            "nothing listens",
        ),
        (
            "endpoint",
            &[("XAI_API_KEY", "incorrect")],
            "was not accepted",
        ),
        ("key", &[("XAI_API_KEY", "two words")], "XAI_API_KEY"),
        (
            "key",
            &[("GLOSS_API_KEY_COMMAND", "[\"false\"]")],
            "`api_key_command`",
        ),
        ("configuration", &[("GLOSS_BUDGET", "much")], "GLOSS_BUDGET"),
        (
            "certificates",
            &[
                ("XAI_BASE_URL", "https://x.invalid/v1"),
                ("GLOSS_CA_FILE", "/nowhere.pem"),
            ],
            "`ca_file` /nowhere.pem: cannot be read",
        ),
        (
            "store",
            &[("GLOSS_DATA_DIR", "/dev/null/data")],
            "/dev/null/data",
        ),
    ];
    for (name, environment, words) in cases {
        let (code, found, told) = check(&shell, name, environment);
        assert_eq!(
            (code, found.as_str()),
            (1, "failure"),
            "{environment:?}: {told}"
        );
        assert!(told.contains(words), "{environment:?}: {told}");
    }
    let (code, state, told) = check(&shell, "configuration", &[("GLOSS_MODLE", "x")]);
    assert_eq!((code, state.as_str()), (0, "warning"), "{told}");
    let (code, _, told) = check(&shell, "key", &[("XAI_API_KEY", "xai-0123456789abcdef")]);
    assert_eq!(
        (code, told.as_str()),
        (0, "found in the environment, XAI_API_KEY")
    );
}

#[test]
fn what_stands_on_the_way_is_told() {
    let shell = Shell::new();
    let far = ("XAI_BASE_URL", "https://x.invalid/v1");
    let proxy = "http://me:secret@127.0.0.1:1";
    for (name, by) in [
        ("GLOSS_PROXY", "the setting `proxy`"),
        ("HTTPS_PROXY", "the environment"),
    ] {
        let (_, state, told) = check(&shell, "proxy", &[far, (name, proxy)]);
        assert_eq!(state, "ok");
        assert!(
            told.starts_with("http://127.0.0.1:1 on the way to x.invalid, by ")
                && told.contains(by),
            "{told}"
        );
        let (_, state, told) = check(&shell, "endpoint", &[far, (name, proxy)]);
        assert_eq!(state, "failure");
        assert!(
            told.starts_with("the proxy on the way to x.invalid"),
            "{told}"
        );
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_told_and_nothing_goes_past_it() {
    let shell = Shell::new();
    let far = ("XAI_BASE_URL", "https://x.invalid/v1");
    let proxy = "socks://me:secret@127.0.0.1:1";
    for (name, checks) in [
        ("ALL_PROXY", ["proxy", "endpoint"]),
        ("HTTPS_PROXY", ["proxy", "endpoint"]),
        ("GLOSS_PROXY", ["configuration", "configuration"]),
    ] {
        for which in checks {
            let (code, state, told) = check(&shell, which, &[far, (name, proxy)]);
            assert_eq!(
                (code, state.as_str()),
                (1, "failure"),
                "{name} {which}: {told}"
            );
            assert!(
                told.contains(name) && told.contains("socks5h://") && !told.contains("secret"),
                "{name} {which}: {told}"
            );
        }
    }
}

/// A server that lives in the past.
#[test]
fn a_clock_that_disagrees_is_a_warning() {
    let shell = Shell::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut some = [0; 4096];
        let _ = socket.read(&mut some).unwrap();
        let answer = "HTTP/1.1 404 Not Found\r\ndate: Sat, 01 Nov 2025 12:00:00 GMT\r\n\
                      content-length: 0\r\nconnection: close\r\n\r\n";
        socket.write_all(answer.as_bytes()).unwrap();
    });
    let (code, state, told) = check(&shell, "clock", &[("XAI_BASE_URL", &url)]);
    answering.join().unwrap();
    assert_eq!((code, state.as_str()), (0, "warning"));
    assert!(
        told.contains("ahead of that of 127.0.0.1: set it"),
        "{told}"
    );
}
