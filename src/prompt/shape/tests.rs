//! Keys and private keys of each kind, made up here of pieces, and names that are none.

use super::*;

fn check(text: &str, expected: &[&str]) {
    let mut found = shaped(text);
    found.sort_by_key(|range| range.start);
    let found: Vec<&str> = found.into_iter().map(|range| &text[range]).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn every_shape_has_signs_and_is_a_regular_expression() {
    for shape in &SHAPES {
        let is_whole = matches!(shape.form, Form::Whole(..));
        assert_eq!(shape.regex().is_some(), is_whole, "{:?}", shape.signs);
        assert!(!shape.signs.is_empty());
        assert!(shape.signs.iter().all(|sign| sign.len() > 1));
    }
}

/// What is of one kind of sign, and of chance: `x` a letter or digit, `h` hexadecimal, `C` a
/// capital or digit, `c` a small letter or digit, `9` a digit; each as often as is said.
fn made(parts: &[(&str, usize)]) -> String {
    const SIGNS: &[u8; 62] = b"a0Z1by2Xc3Wd4Ve5Uf6T7gS8hR9iQjPkOlNmMnLoKpJqIrHsGtFuEvDwCxBzAY";
    let mut dice = 7_usize;
    let mut made = String::new();
    for (part, count) in parts {
        let is_of: fn(u8) -> bool = match *part {
            "x" => letter,
            "h" => |b| matches!(b, b'0'..=b'9' | b'a'..=b'f'),
            "C" => capital,
            "c" => small,
            "9" => digit,
            text => {
                made.push_str(&text.repeat(*count));
                continue;
            }
        };
        let mut left = *count;
        while left > 0 {
            dice = (dice * 31 + 17) % 9973;
            let sign = SIGNS[dice % SIGNS.len()];
            if is_of(sign) {
                made.push(char::from(sign));
                left -= 1;
            }
        }
    }
    made
}

#[test]
fn the_keys_of_providers_are_found_anywhere() {
    let uuid: [(&str, usize); 9] = [
        ("h", 8),
        ("-", 1),
        ("h", 4),
        ("-", 1),
        ("h", 4),
        ("-", 1),
        ("h", 4),
        ("-", 1),
        ("h", 12),
    ];
    let plaid = [&[("access-sandbox-", 1)][..], &uuid].concat();
    let langfuse = [&[("sk-lf-", 1)][..], &uuid].concat();
    let teams = [
        &[("acme", 1), (".webhook.office.com/webhookb2/", 1)][..],
        &uuid,
        &[("@", 1)],
        &uuid,
        &[("/IncomingWebhook/", 1), ("h", 32), ("/", 1)],
        &uuid,
    ]
    .concat();
    for parts in [
        &[("xai-", 1), ("x", 80)][..],
        &[("sk-", 1), ("h", 32)],
        &[("sk-ant-api03-", 1), ("x", 40), ("-", 1), ("x", 52)],
        &langfuse,
        &[("sk_prod_", 1), ("x", 24)],
        &[("glcbt-64_", 1), ("x", 20)],
        &[("gloas-", 1), ("h", 64)],
        &[("GR1348941", 1), ("x", 20)],
        &[("ABIA", 1), ("C", 16)],
        &[("ABSK", 1), ("x", 110), ("=", 2)],
        &[("1//0", 1), ("x", 60)],
        &[("aB3", 1), ("8Q~", 1), ("x", 34)],
        &[("sig=", 1), ("x", 43), ("%3D", 1)],
        &[("oy2", 1), ("c", 43)],
        &[("xoxe-1-", 1), ("x", 146)],
        &[
            ("xoxb-", 1),
            ("9", 12),
            ("-", 1),
            ("9", 13),
            ("-", 1),
            ("x", 24),
        ],
        &[
            ("hooks.slack.com/workflows/", 1),
            ("C", 10),
            ("/", 1),
            ("x", 40),
        ],
        &[
            ("MTk4", 1),
            ("x", 20),
            (".", 1),
            ("x", 6),
            (".", 1),
            ("x", 38),
        ],
        &[
            ("discord.com/api/webhooks/", 1),
            ("9", 18),
            ("/", 1),
            ("x", 68),
        ],
        &[("EAAM", 1), ("x", 120)],
        &[("EAAAE", 1), ("x", 59)],
        &[("sq0csp-", 1), ("x", 43)],
        &[("cio", 1), ("x", 32)],
        &[("pplx-", 1), ("x", 48)],
        &[("nvapi-", 1), ("x", 64)],
        &[("lsv2_pt_", 1), ("h", 32), ("_", 1), ("h", 10)],
        &[("xkeysib-", 1), ("h", 64), ("-", 1), ("x", 16)],
        &[("key-", 1), ("h", 32)],
        &[("h", 32), ("-us12", 1)],
        &[("SK", 1), ("h", 32)],
        &[("fo1_", 1), ("x", 43)],
        &[("HRKU-AA", 1), ("x", 58)],
        &[("nfp_", 1), ("x", 36)],
        &[("sha256~", 1), ("x", 43)],
        &[("sbp_", 1), ("h", 40)],
        &[("hvs.", 1), ("x", 95)],
        &[("hvb.", 1), ("x", 140)],
        &[("x", 14), (".atlasv1.", 1), ("x", 64)],
        &[("dp.pt.", 1), ("x", 43)],
        &[("pul-", 1), ("h", 40)],
        &[("dapi", 1), ("h", 32)],
        &[("pscale_pw_", 1), ("x", 43)],
        &[("glc_", 1), ("x", 60)],
        &[("sntryu_", 1), ("h", 64)],
        &[("NRAK-", 1), ("C", 27)],
        &[("dt0c01.", 1), ("C", 24), (".", 1), ("C", 64)],
        &[("phx_", 1), ("x", 43)],
        &[("squ_", 1), ("h", 40)],
        &[("sgp_", 1), ("h", 40)],
        &[("shippo_live_", 1), ("h", 40)],
        &plaid,
        &[("ntn_", 1), ("x", 46)],
        &[("secret_", 1), ("x", 43)],
        &[("pat", 1), ("x", 14), (".", 1), ("h", 64)],
        &[("figd_", 1), ("x", 40)],
        &[("sl.", 1), ("x", 135)],
        &[("PMAK-", 1), ("h", 24), ("-", 1), ("h", 34)],
        &[("v1.0-", 1), ("h", 24), ("-", 1), ("h", 146)],
        &[("tskey-auth-", 1), ("x", 12), ("-", 1), ("x", 32)],
        &[("LTAI", 1), ("x", 20)],
        &[("AKCp", 1), ("x", 69)],
        &[("ops_eyJ", 1), ("x", 250)],
        &[
            ("eyJ", 1),
            ("x", 20),
            (".eyJ", 1),
            ("x", 60),
            (".", 1),
            ("x", 43),
        ],
    ] {
        let key = made(parts);
        for written in ["f(\"KEY\")", "KEY", "\"a\\nKEY\\n\"", "?a=1&k%3DKEY&x"] {
            let text = written.replace("KEY", &key);
            let found = shaped(&text);
            assert_eq!(found.len(), 1, "{text}");
            assert!(text[found[0].clone()].len() + 4 >= key.len(), "{text}");
        }
    }
    let teams = made(&teams);
    check(&teams, &[&teams[4..]]);
}

#[test]
fn names_that_begin_like_a_key_are_none() {
    for text in [
        ".sk-toggleable__label-arrow { color: red }",
        "sk-fading-circle-container-large",
        "<b class=\"pk-datatable-header-row-cell\">",
        "rk-3588-evb1-lp4-v10-linux",
        "import x from \"sk-learn-javascript-bindings\"",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "pypi-publish-to-the-test-registry-with-trusted-publisher-x",
        "secret_number_of_the_day_which_is_not_one_of_them",
        "TASK0123456789abcdef0123456789abcdef",
        "API-REFERENCEOFTHESERVERSIDES",
        "aiohttp.cookiejar, x-us-east-1, de-us1",
    ] {
        check(text, &[]);
    }
}

#[test]
fn a_key_is_found_behind_what_begins_like_one_and_runs_into_it() {
    let key = made(&[("SG.", 1), ("x", 22), (".", 1), ("x", 43)]);
    check(&format!("SG.{}-{key}", made(&[("x", 20)])), &[&key]);
}

#[test]
fn private_keys_of_all_kinds_are_found_whole_and_cut() {
    let line = made(&[("x", 64)]);
    let end = made(&[("x", 11), ("=", 1)]);
    let armour = |begin: &str, headers: &str, last: &str| {
        format!("{begin}\n{headers}{line}\n{line}\n{end}\n{last}")
    };
    let begin = ["-----BEGIN PGP ", "PRIVATE KEY BLOCK-----"].concat();
    let pgp = armour(
        &begin,
        "Version: 2\n\n",
        "=aB3d\n-----END PGP PRIVATE KEY BLOCK-----",
    );
    let begin = ["---- BEGIN SSH2 ENCRYPTED ", "PRIVATE KEY ----"].concat();
    let ssh2 = armour(
        &begin,
        "Comment: \"me\"\n",
        "---- END SSH2 ENCRYPTED PRIVATE KEY ----",
    );
    let begin = ["-----BEGIN RSA ", "PRIVATE KEY-----"].concat();
    let rsa = armour(
        &begin,
        "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
        "-----END RSA PRIVATE KEY-----",
    );
    for key in [&pgp, &ssh2, &rsa] {
        let all = format!("a\n{key}\nb");
        let found = shaped(&all);
        assert!(found.iter().any(|it| all[it.clone()] == **key), "{all}");
    }
    for key in [&pgp, &rsa] {
        let (behind, _) = key.split_at(key.find(&end).unwrap() - 1);
        check(behind, &[behind]);
        let (_, before) = key.split_at(key.find(&line).unwrap());
        check(before, &[before]);
    }
    let putty = format!(
        "Private-Lines: 3\n{line}\n{line}\n{end}\nPrivate-MAC: {}",
        made(&[("h", 40)])
    );
    check(
        &format!("PuTTY-User-Key-File-2: ssh-rsa\n{putty}\n"),
        &[&putty],
    );
}
