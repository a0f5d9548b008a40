//! Connections: how they are built, on first use and not before, and why they fail.

use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::{StatusCode, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio::sync::OnceCell;
use url::Url;

use super::error::ApiError;
use super::{Options, key};

/// How long a connection is kept that nobody uses: a person reads and types for a while between two
/// questions. A server that closes it sooner is noticed at once.
const KEPT: Duration = Duration::from_secs(900);

/// How much more time has to have passed by the clock on the wall than by the one that stands still
/// while the machine sleeps, until it has slept.
const SLEPT: Duration = Duration::from_secs(10);

/// Connections that are kept, a pool for each way to a server.
#[derive(Debug, Default)]
pub struct Pools {
    local: Pool,
    local_tls: Pool,
    remote: Pool,
}

#[derive(Debug, Default)]
struct Pool {
    /// With the sessions that new connections take up.
    tls: OnceCell<ClientConfig>,
    /// And when it was last asked for.
    client: Mutex<Option<(reqwest::Client, Moment)>>,
}

/// A moment by two clocks.
#[derive(Clone, Copy, Debug)]
struct Moment {
    on_the_wall: SystemTime,
    /// Stands still while the machine sleeps, on most systems.
    awake: Instant,
}

impl Moment {
    fn now() -> Self {
        Self {
            on_the_wall: SystemTime::now(),
            awake: Instant::now(),
        }
    }

    /// Whether the machine slept since `before`: whatever was connected then is gone without a word,
    /// and who asked there would wait for nothing.
    fn has_slept_since(&self, before: &Self) -> bool {
        let passed = self.on_the_wall.duration_since(before.on_the_wall);
        let awake = self.awake.saturating_duration_since(before.awake);
        passed.is_ok_and(|passed| passed > awake + SLEPT)
    }
}

/// The way to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Plain http on this machine: no certificates are read. No proxy either, for it would
    /// see the key.
    Local,
    /// https on this machine, past any proxy.
    LocalTls,
    /// All else, through the proxy if there is one.
    Remote,
}

impl Route {
    /// The way to `url`.
    pub fn to(url: &Url) -> Self {
        match (key::is_loopback(url), url.scheme()) {
            (true, "https") => Self::LocalTls,
            (true, _) => Self::Local,
            (false, _) => Self::Remote,
        }
    }
}

impl Pools {
    /// The pool for `route`, built when it is first asked for, and anew once the machine has slept.
    pub async fn get(&self, route: Route, options: &Options) -> Result<reqwest::Client, ApiError> {
        let pool = match route {
            Route::Local => &self.local,
            Route::LocalTls => &self.local_tls,
            Route::Remote => &self.remote,
        };
        pool.get(route, options, Moment::now()).await
    }
}

impl Pool {
    async fn get(
        &self,
        route: Route,
        options: &Options,
        now: Moment,
    ) -> Result<reqwest::Client, ApiError> {
        let settle = || async {
            if route == Route::Local {
                return tls_without_roots();
            }
            // Reading the system's certificates takes milliseconds, and blocks.
            let ca_file = options.ca_file.clone();
            let reading = tokio::task::spawn_blocking(move || tls(ca_file.as_deref()));
            reading
                .await
                .unwrap_or_else(|_| Err(setting("the certificates could not be read")))
        };
        let tls = self.tls.get_or_try_init(settle).await?;
        let mut kept = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let awake = kept
            .take()
            .filter(|(_, before)| !now.has_slept_since(before));
        let client = match awake {
            Some((client, _)) => client,
            None => build(route, options, tls.clone())?,
        };
        *kept = Some((client.clone(), now));
        Ok(client)
    }
}

fn build(route: Route, options: &Options, tls: ClientConfig) -> Result<reqwest::Client, ApiError> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("gloss/", env!("CARGO_PKG_VERSION")))
        // A redirect would take the key and the text somewhere else.
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(options.timeouts.connect)
        .tcp_nodelay(true)
        .pool_idle_timeout(KEPT)
        .http2_keep_alive_interval(options.timeouts.ping)
        .http2_keep_alive_timeout(options.timeouts.ping)
        .http2_keep_alive_while_idle(true);
    match (route, options.proxy()) {
        (Route::Remote, Some(proxy)) => {
            builder = builder.proxy(proxy_of(proxy)?);
        }
        (Route::Remote, None) => {}
        (Route::Local | Route::LocalTls, _) => builder = builder.no_proxy(),
    }
    builder
        .build()
        .map_err(|error| setting(&format!("no HTTP client: {}", root_cause(&error))))
}

/// What the setting `proxy` should be, in words.
pub const PROXY_EXPECTED: &str = "the address of a proxy, with http://, https://, socks4://, socks4a://, socks5:// or socks5h:// in front";

/// A proxy on the way to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Without the password that it may carry.
    pub address: String,
    /// Named by the setting, not by the environment or the system.
    pub is_set: bool,
}

/// The proxy that stands on the way to `url`, if one does: the one of the setting, else that of the
/// environment or the system.
///
/// # Errors
/// When one is meant that cannot be used.
pub fn proxy_to(url: &Url, setting: Option<&str>) -> Result<Option<Proxy>, ApiError> {
    check_proxy(url, setting)?;
    if key::is_loopback(url) {
        return Ok(None);
    }
    let matcher = match setting {
        Some(proxy) => matcher(&usable(proxy).unwrap_or_default(), variable),
        None => Matcher::from_system(),
    };
    Ok(intercepted(&matcher, url).map(|proxy| {
        let address = proxy.uri();
        // A user and a password stand before the `@`.
        let host = address.authority().map_or("", |all| all.as_str());
        let host = host.rsplit('@').next().unwrap_or(host);
        Proxy {
            address: format!("{}://{host}", address.scheme_str().unwrap_or("http")),
            is_set: setting.is_some(),
        }
    }))
}

/// Refuses to go to `url` where a proxy is meant that cannot be used: the HTTP client would go past it
/// without a word.
///
/// # Errors
/// Says which setting or variable names it, and not what it holds, which may be a password.
pub fn check_proxy(url: &Url, setting: Option<&str>) -> Result<(), ApiError> {
    if key::is_loopback(url) {
        return Ok(());
    }
    match setting {
        Some(proxy) => usable(proxy).map(|_| ()).ok_or_else(unfit_proxy),
        None => unusable_variable(url, variable).map_or(Ok(()), |name| {
            Err(self::setting(&format!(
                "nothing is sent past the proxy in the variable {name}, which cannot be used: it should be \
                 {PROXY_EXPECTED}; or set `proxy` in config.toml"
            )))
        }),
    }
}

/// The proxy of the setting, for an HTTP client.
///
/// # Errors
/// When it cannot be used.
pub fn proxy_of(setting: &str) -> Result<reqwest::Proxy, ApiError> {
    let address = usable(setting).ok_or_else(unfit_proxy)?;
    let proxy = reqwest::Proxy::all(address).map_err(|_| unfit_proxy())?;
    Ok(proxy.no_proxy(reqwest::NoProxy::from_env()))
}

/// Whether the setting `proxy` may have this value.
pub fn is_usable_proxy(setting: &str) -> bool {
    usable(setting).is_some()
}

/// The address of a proxy, in full, if one can be gone by.
fn usable(setting: &str) -> Option<String> {
    let whole = |text: &str| Url::parse(text).ok().filter(Url::has_host);
    // Without a scheme it is one of http.
    let of_http = || whole(&format!("http://{setting}")).filter(|_| !setting.contains("://"));
    let address = whole(setting).or_else(of_http)?;
    Some(String::from(address)).filter(|address| can_be_used(address))
}

/// Whether the HTTP client takes this for a proxy: of one whose scheme it does not know it makes none.
fn can_be_used(address: &str) -> bool {
    let matcher = Matcher::builder().all(address).build();
    let anywhere = hyper::Uri::from_static("https://example.com/");
    matcher.intercept(&anywhere).is_some()
}

/// The variable that means a proxy for `url` which cannot be used, if one does. Which counts, is as the
/// HTTP client has it.
fn unusable_variable(
    url: &Url,
    variable: impl Fn(&str) -> Option<String> + Copy,
) -> Option<&'static str> {
    let of_scheme = match url.scheme() {
        "https" => ["HTTPS_PROXY", "https_proxy"],
        _ => ["HTTP_PROXY", "http_proxy"],
    };
    let named = |names: [&'static str; 2]| {
        let set = names
            .into_iter()
            .find_map(|name| Some((name, variable(name)?)));
        set.filter(|(_, address)| !address.is_empty())
    };
    let (name, address) = named(of_scheme).or_else(|| named(["ALL_PROXY", "all_proxy"]))?;
    let is_meant = || intercepted(&matcher("http://proxy", variable), url).is_some();
    (!can_be_used(&address) && is_meant()).then_some(name)
}

/// Of this proxy for all that NO_PROXY does not name.
fn matcher(proxy: &str, variable: impl Fn(&str) -> Option<String>) -> Matcher {
    let no_proxy = ["NO_PROXY", "no_proxy"].into_iter().find_map(variable);
    let no_proxy = no_proxy.unwrap_or_default();
    Matcher::builder().all(proxy).no(no_proxy).build()
}

fn intercepted(matcher: &Matcher, url: &Url) -> Option<Intercept> {
    matcher.intercept(&url.as_str().parse().ok()?)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn unfit_proxy() -> ApiError {
    setting(&format!("`proxy` should be {PROXY_EXPECTED}"))
}

/// What a proxy wants that lets nobody through without a password.
pub fn wants_password(status: StatusCode, host: &str) -> Option<ApiError> {
    (status == StatusCode::PROXY_AUTHENTICATION_REQUIRED).then(|| ApiError::Proxy {
        host: host.to_owned(),
        said: "it wants a name and a password, as in http://NAME:PASSWORD@HOST:PORT".to_owned(),
    })
}

/// TLS on ring and the system's trust store, with the certificates in `ca_file` besides. Reads the
/// disk.
pub fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, ApiError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let extra = ca_file.map(certificates).transpose()?.unwrap_or_default();
    let verifier = if extra.is_empty() {
        Verifier::new(provider.clone())
    } else {
        Verifier::new_with_extra_roots(extra, provider.clone())
    };
    let verifier = verifier.map_err(|error| {
        setting(&format!(
            "no certificates to trust ({error}): set `ca_file`"
        ))
    })?;
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| setting(&error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

/// Settings that trust nobody, for a client that never speaks TLS but must have some.
fn tls_without_roots() -> Result<ClientConfig, ApiError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| setting(&error.to_string()))?;
    Ok(builder
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// The certificates of a PEM file, one at least.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ApiError> {
    let failed = |why: String| setting(&format!("`ca_file` {}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| failed(format!("cannot be read ({error})")))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(failed("holds no certificate in PEM form".to_owned())),
        Err(error) => Err(failed(format!("is not in PEM form ({error})"))),
    }
}

fn setting(said: &str) -> ApiError {
    ApiError::Setting {
        said: said.to_owned(),
    }
}

/// From this size on, a connection reset while sending means that the body is too big.
const NEAR_THE_LIMIT: u64 = 40_000_000;

/// What was being done when no answer came.
#[derive(Clone, Debug)]
pub struct Sending {
    /// With the port, where it is not the usual one.
    pub host: String,
    /// The size of the body.
    pub bytes: u64,
    /// How long a connection may take.
    pub connect: Duration,
    /// Does a proxy stand on the way?
    pub proxied: bool,
}

/// Why no answer came.
pub fn no_answer(error: &reqwest::Error, sending: Sending) -> ApiError {
    let causes = causes(error);
    let Sending {
        host,
        bytes,
        connect,
        proxied,
    } = sending;
    let said = root_cause(error);
    if let Some(tls) = causes
        .iter()
        .find_map(|cause| cause.downcast_ref::<rustls::Error>())
    {
        return tls_failed(host, tls);
    }
    if said.contains("tls handshake") {
        let said = format!("{said}; {SET_CA_FILE}");
        return ApiError::Tls { host, said };
    }
    if causes
        .iter()
        .any(|cause| cause.to_string().starts_with("tunnel error"))
    {
        return ApiError::Proxy { host, said };
    }
    if error.is_dns()
        || causes
            .iter()
            .any(|cause| cause.to_string().starts_with("dns error"))
    {
        return ApiError::Dns { host };
    }
    let kinds = || {
        causes
            .iter()
            .filter_map(|c| c.downcast_ref::<std::io::Error>())
            .map(std::io::Error::kind)
    };
    if error.is_connect() && proxied {
        return ApiError::Proxy { host, said };
    }
    if error.is_connect() {
        return match kinds().next_back() {
            Some(ErrorKind::ConnectionRefused) => ApiError::ConnectionRefused { host },
            Some(ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => {
                ApiError::Reset { host, said }
            }
            _ if error.is_timeout() => ApiError::ConnectTimeout {
                host,
                after: connect,
            },
            _ => ApiError::Unreachable { host, said },
        };
    }
    if bytes >= NEAR_THE_LIMIT {
        return ApiError::TooBig { bytes };
    }
    let is_not_http = |cause: &&&(dyn Error + 'static)| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_parse)
    };
    if causes.iter().any(|cause| is_not_http(&cause)) {
        return ApiError::NotAnApi { said };
    }
    ApiError::Reset { host, said }
}

const SET_CA_FILE: &str = "behind a company's proxy set `ca_file` to its certificate";

fn tls_failed(host: String, error: &rustls::Error) -> ApiError {
    use rustls::CertificateError as Wrong;
    let (wrong, to_do) = match error {
        rustls::Error::InvalidCertificate(Wrong::Expired | Wrong::ExpiredContext { .. }) => {
            return out_of_date(host, "it has run out");
        }
        rustls::Error::InvalidCertificate(
            Wrong::NotValidYet | Wrong::NotValidYetContext { .. },
        ) => return out_of_date(host, "it does not hold yet"),
        rustls::Error::InvalidCertificate(Wrong::UnknownIssuer | Wrong::BadSignature) => (
            "its certificate comes from nobody whom this machine trusts".to_owned(),
            SET_CA_FILE,
        ),
        rustls::Error::InvalidCertificate(
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. },
        ) => (
            "its certificate is for another name".to_owned(),
            "check `base_url`",
        ),
        rustls::Error::InvalidMessage(_) => (
            "what answers there speaks no TLS".to_owned(),
            "check `base_url`: a server on this machine may want http:",
        ),
        other => (super::said::short(&other.to_string()), SET_CA_FILE),
    };
    let said = format!("{wrong}; {to_do}");
    ApiError::Tls { host, said }
}

fn out_of_date(host: String, said: &str) -> ApiError {
    let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M");
    ApiError::OutOfDate {
        host,
        said: format!("{now}, {said}"),
    }
}

/// Why an answer that had begun could not be read to its end.
pub fn broken_answer(error: &reqwest::Error) -> ApiError {
    let causes = causes(error);
    let kind = causes
        .iter()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
        .next_back();
    match kind {
        // So hyper calls wrong chunk sizes, and the decoder what is not gzip.
        Some(ErrorKind::InvalidData | ErrorKind::InvalidInput) => ApiError::Malformed {
            said: root_cause(error),
        },
        _ => ApiError::CutOff,
    }
}

/// An error and all that caused it. An `io::Error` names as its source that of the error
/// within it, and so skips the one that tells most.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut causes = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        causes.push(cause);
        let within = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        next = match within {
            Some(within) => Some(within),
            None => cause.source(),
        };
    }
    causes
}

/// What lies at the bottom of an error, in a line.
pub fn root_cause(error: &(dyn Error + 'static)) -> String {
    let causes = causes(error);
    let root = causes.last().map(ToString::to_string).unwrap_or_default();
    super::said::short(&root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_goes_past_proxies_and_reads_no_certificates() {
        let check = |url: &str, expected: Route| {
            assert_eq!(Route::to(&Url::parse(url).unwrap()), expected, "{url}");
        };
        check("http://127.0.0.1:8080/v1", Route::Local);
        check("http://localhost/v1", Route::Local);
        check("https://[::1]/v1", Route::LocalTls);
        check("http://10.0.0.1/v1", Route::Remote);
        check("https://api.x.ai/v1", Route::Remote);
        check("https://localhost.evil.example/v1", Route::Remote);
    }

    #[test]
    fn sleep_shows_on_the_clock_on_the_wall_alone() {
        let now = Moment::now();
        let later = |wall: u64, awake: u64| Moment {
            on_the_wall: now.on_the_wall + Duration::from_secs(wall),
            awake: now.awake + Duration::from_secs(awake),
        };
        for (wall, awake, expected) in [
            (0, 0, false),
            (3600, 3600, false),
            (3605, 3600, false),
            (3620, 3600, true),
            (0, 3600, false),
        ] {
            let slept = later(wall, awake).has_slept_since(&now);
            assert_eq!(slept, expected, "{wall} s, {awake} s awake");
        }
        assert!(!now.has_slept_since(&later(3600, 0)), "set back");
    }

    /// A server that keeps its connections counts them.
    #[tokio::test]
    async fn no_connection_from_before_a_sleep_is_used() {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let connections = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = connections.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                std::thread::spawn(move || {
                    let (mut socket, mut piece) = (socket.unwrap(), [0; 4096]);
                    while socket.read(&mut piece).is_ok_and(|length| length > 0) {
                        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
                    }
                });
            }
        });
        let (pool, options) = (Pool::default(), Options::default());
        let now = Moment::now();
        let slept = Moment {
            on_the_wall: now.on_the_wall + Duration::from_secs(3600),
            ..now
        };
        for (moment, expected) in [(now, 1), (now, 1), (slept, 2), (slept, 2)] {
            let client = pool.get(Route::Local, &options, moment).await.unwrap();
            let answer = client.get(&url).send().await.unwrap();
            answer.bytes().await.unwrap();
            let connections = connections.load(std::sync::atomic::Ordering::SeqCst);
            assert_eq!(connections, expected);
        }
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let check = |options: Options, expected: &str| {
            let error = tls(options.ca_file.as_deref()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        let with_ca = |path: &Path| Options {
            ca_file: Some(path.to_owned()),
            ..Options::default()
        };
        check(with_ca(&folder.path().join("none.pem")), "cannot be read");
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "no certificate").unwrap();
        check(with_ca(&empty), "holds no certificate");
        let broken = folder.path().join("broken.pem");
        std::fs::write(
            &broken,
            "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n",
        )
        .unwrap();
        check(with_ca(&broken), "`ca_file`");
        let options = Options {
            proxy: Some("http://user:hunter2@:::".to_owned()),
            ..Options::default()
        };
        let error = build(Route::Remote, &options, tls_without_roots().unwrap())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`proxy`") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn a_certificate_at_the_wrong_time_is_told_from_one_that_is_not_trusted() {
        use rustls::CertificateError::{self, Expired, NotValidYet, UnknownIssuer};
        let check = |error: CertificateError, words: &str| {
            let error = rustls::Error::InvalidCertificate(error);
            let told = tls_failed("api.x.ai".into(), &error).to_string();
            assert!(told.contains("api.x.ai") && told.contains(words), "{told}");
        };
        check(Expired, "it has run out): set the clock");
        check(NotValidYet, "it does not hold yet): set the clock");
        check(UnknownIssuer, "`ca_file`");
    }

    #[test]
    fn a_proxy_on_the_way_is_named_without_its_password() {
        let check = |url: &str, proxy: &str, expected: Option<&str>| {
            let found = proxy_to(&Url::parse(url).unwrap(), Some(proxy)).unwrap();
            assert_eq!(found.map(|it| it.address).as_deref(), expected, "{proxy}");
        };
        let xai = "https://api.x.ai/v1";
        check(xai, "http://proxy:3128", Some("http://proxy:3128"));
        check(xai, "http://me:p@ss@proxy:3128", Some("http://proxy:3128"));
        check("http://127.0.0.1:1/v1", "http://proxy:3128", None);
        check(xai, "proxy:3128", Some("http://proxy:3128"));
        check(xai, "socks5h://me:p@proxy", Some("socks5h://proxy"));
    }

    #[test]
    fn a_proxy_that_nobody_could_go_by_is_refused_and_not_passed_by() {
        let check = |proxy: &str, expected: bool| {
            let url = Url::parse("https://api.x.ai/v1").unwrap();
            assert_eq!(is_usable_proxy(proxy), expected, "{proxy}");
            assert_eq!(proxy_of(proxy).is_ok(), expected, "{proxy}");
            match proxy_to(&url, Some(proxy)) {
                Ok(found) => assert!(expected && found.is_some(), "{proxy}"),
                Err(error) => {
                    let line = error.to_string();
                    assert!(!expected && line.contains("`proxy` should be"), "{line}");
                    assert!(!line.contains("hunter2"), "{line}");
                }
            }
        };
        for scheme in ["http", "https", "socks4", "socks4a", "socks5", "socks5h"] {
            check(&format!("{scheme}://me:hunter2@proxy:3128"), true);
        }
        check("HTTP://proxy", true);
        check("http:proxy:3128", true);
        check("127.0.0.1:3128", true);
        check("proxy", true);
        // GNOME writes this one, and means version 5; curl takes it for version 4.
        check("socks://me:hunter2@proxy:1080", false);
        check("sock5://proxy:1080", false);
        check("ftp://proxy:21", false);
        check("http://:::", false);
        check("socks://", false);
        check("garbage::", false);
        check("", false);
    }

    #[test]
    fn of_the_variables_the_one_that_counts_is_looked_at() {
        let check = |url: &str, set: &[(&str, &str)], expected: Option<&str>| {
            let variable = |name: &str| {
                let found = set.iter().find(|(set, _)| *set == name);
                found.map(|(_, address)| (*address).to_owned())
            };
            let found = unusable_variable(&Url::parse(url).unwrap(), variable);
            assert_eq!(found, expected, "{url} {set:?}");
        };
        let (xai, plain) = ("https://api.x.ai/v1", "http://model.example/v1");
        let (socks, good) = ("socks://127.0.0.1:1080", "http://proxy:3128");
        check(xai, &[], None);
        check(xai, &[("ALL_PROXY", socks)], Some("ALL_PROXY"));
        check(plain, &[("all_proxy", socks)], Some("all_proxy"));
        check(xai, &[("HTTPS_PROXY", socks)], Some("HTTPS_PROXY"));
        check(plain, &[("HTTPS_PROXY", socks)], None);
        check(plain, &[("http_proxy", "ftp://a")], Some("http_proxy"));
        check(xai, &[("http_proxy", socks)], None);
        // As GNOME sets them.
        check(xai, &[("HTTPS_PROXY", good), ("ALL_PROXY", socks)], None);
        check(xai, &[("HTTPS_PROXY", ""), ("ALL_PROXY", good)], None);
        check(xai, &[("ALL_PROXY", socks), ("NO_PROXY", "x.ai")], None);
        check(xai, &[("ALL_PROXY", socks), ("no_proxy", "*")], None);
        check(xai, &[("ALL_PROXY", "proxy:3128")], None);
    }

    #[test]
    fn the_error_within_an_io_error_is_found() {
        let inner = rustls::Error::General("inner".to_owned());
        let outer = std::io::Error::other(std::io::Error::other(inner));
        assert!(
            causes(&outer)
                .iter()
                .any(|cause| cause.is::<rustls::Error>())
        );
        assert!(root_cause(&outer).contains("inner"));
    }
}
