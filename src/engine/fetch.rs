//! Downloads an image that a document links by URL: over https, from public addresses only, and
//! no more of it than an image may have.
//!
//! The URL is a stranger's, so it gets nothing but its own request: no key, no cookie, no
//! referrer. Names are resolved and checked here, and the connection goes to an address that was
//! checked, to no other.

mod address;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{StatusCode, header, redirect};
use rustls::ClientConfig;
use tokio::sync::{OnceCell, Semaphore};
use url::{Host, Url};

pub use address::AddressRule;

use crate::llm;

/// How many downloads run at once; each may hold as many bytes as an image may have.
const AT_ONCE: usize = 4;

/// What can be read here, so that a server with a choice does not send what cannot.
const ACCEPTED: &str = "image/png, image/jpeg, image/webp, image/gif, image/svg+xml, image/*;q=0.5";

/// How images are downloaded.
#[derive(Clone)]
pub struct FetchOptions {
    pub addresses: AddressRule,
    /// Until a connection stands.
    pub connect: Duration,
    /// For all of it, redirects included.
    pub total: Duration,
    pub max_bytes: u64,
    pub max_redirects: usize,
    /// The proxy's URL; without it the environment's. It resolves names once more, by its own
    /// lights, so behind one the check of addresses is only as good as the names that both know.
    pub proxy: Option<String>,
    /// A PEM file with certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            addresses: AddressRule::Public,
            connect: Duration::from_secs(5),
            total: Duration::from_secs(20),
            max_bytes: 20 * 1024 * 1024,
            max_redirects: 3,
            proxy: None,
            ca_file: None,
        }
    }
}

/// Why an image was not downloaded, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("images linked by URL are downloaded only over https")]
    NotHttps,
    #[error("the URL holds a user name or password, so nothing is downloaded from it")]
    Credentials,
    #[error("{0} is no public address, so nothing is downloaded from it")]
    NotPublic(String),
    #[error("{0} has no address: check the link, or the network")]
    NoAddress(String),
    #[error("the URL leads on and on; link the image itself")]
    Redirects,
    #[error("{host} answered {status}: check the link")]
    Status { host: String, status: StatusCode },
    #[error("the image has over {} MiB; link a smaller one", max_bytes >> 20)]
    TooLarge { max_bytes: u64 },
    #[error("{host} took longer than {} s", after.as_secs())]
    Timeout { host: String, after: Duration },
    #[error("{host} could not be reached: {said}")]
    Failed { host: String, said: String },
    #[error("{0}")]
    Settings(String),
}

/// Downloads images; cheap to clone. Making one does nothing yet.
#[derive(Clone)]
pub struct Fetcher(Arc<Shared>);

struct Shared {
    options: FetchOptions,
    /// Built by the first download, which reads the system's certificates.
    tls: OnceCell<ClientConfig>,
    slots: Semaphore,
}

/// Where one request goes.
enum Way {
    /// To one of these addresses.
    Direct(Vec<SocketAddr>),
    Proxy,
}

impl Fetcher {
    pub fn new(options: FetchOptions) -> Self {
        Self(Arc::new(Shared {
            options,
            tls: OnceCell::new(),
            slots: Semaphore::new(AT_ONCE),
        }))
    }

    pub fn options(&self) -> &FetchOptions {
        &self.0.options
    }

    /// The bytes at `url`, whatever they are.
    ///
    /// Dropping the future drops the connection.
    pub async fn fetch(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        let closed = |_| FetchError::Settings("Gloss is closing".to_owned());
        let _slot = self.0.slots.acquire().await.map_err(closed)?;
        let after = self.options().total;
        let fetched = tokio::time::timeout(after, self.follow(url.clone())).await;
        fetched.unwrap_or_else(|_| {
            Err(FetchError::Timeout {
                host: host(url),
                after,
            })
        })
    }

    /// Each step of the way is checked anew.
    async fn follow(&self, mut url: Url) -> Result<Vec<u8>, FetchError> {
        for _ in 0..=self.options().max_redirects {
            let response = self.ask(&url).await?;
            let status = response.status();
            if status.is_success() {
                return self.body(&url, response).await;
            }
            let location = response.headers().get(header::LOCATION);
            let Some(location) = location.filter(|_| status.is_redirection()) else {
                let host = host(&url);
                return Err(FetchError::Status { host, status });
            };
            // A header is not always UTF-8, and a location not always a URL.
            let next = location.to_str().ok().and_then(|to| url.join(to).ok());
            url = next.ok_or(FetchError::Redirects)?;
        }
        Err(FetchError::Redirects)
    }

    async fn ask(&self, url: &Url) -> Result<reqwest::Response, FetchError> {
        if url.scheme() != "https" {
            return Err(FetchError::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Credentials);
        }
        let client = self.client(url).await?;
        let sent = client.get(url.clone()).send().await;
        sent.map_err(|error| self.failed(url, &error))
    }

    /// No more than an image may have.
    async fn body(
        &self,
        url: &Url,
        mut response: reqwest::Response,
    ) -> Result<Vec<u8>, FetchError> {
        let max_bytes = self.options().max_bytes;
        let too_large = FetchError::TooLarge { max_bytes };
        if response
            .content_length()
            .is_some_and(|length| length > max_bytes)
        {
            return Err(too_large);
        }
        let mut bytes = Vec::new();
        while let Some(piece) = response
            .chunk()
            .await
            .map_err(|error| self.failed(url, &error))?
        {
            if (bytes.len() + piece.len()) as u64 > max_bytes {
                return Err(too_large);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// A client for one request, that can reach nothing but what was checked.
    async fn client(&self, url: &Url) -> Result<reqwest::Client, FetchError> {
        let way = self.way(url).await?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls().await?)
            .https_only(true)
            .user_agent(concat!("gloss/", env!("CARGO_PKG_VERSION")))
            .default_headers(
                [(header::ACCEPT, header::HeaderValue::from_static(ACCEPTED))]
                    .into_iter()
                    .collect(),
            )
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(self.options().connect);
        let builder = match (way, self.proxy()) {
            (Way::Direct(addresses), _) => builder
                .no_proxy()
                .resolve_to_addrs(url.host_str().unwrap_or_default(), &addresses),
            (Way::Proxy, None) => builder,
            (Way::Proxy, Some(proxy)) => builder.proxy(llm::proxy_of(proxy).map_err(in_words)?),
        };
        builder
            .build()
            .map_err(|error| FetchError::Settings(error.to_string()))
    }

    /// How to get to the URL's host, if one may.
    async fn way(&self, url: &Url) -> Result<Way, FetchError> {
        let proxy = llm::proxy_to(url, self.proxy()).map_err(in_words)?;
        let is_proxied = proxy.is_some();
        let addresses = match self.addresses(url).await {
            // Behind a proxy, names of the world outside are often known to that alone.
            Err(FetchError::NoAddress(_)) if is_proxied => return Ok(Way::Proxy),
            addresses => addresses?,
        };
        Ok(if is_proxied {
            Way::Proxy
        } else {
            Way::Direct(addresses)
        })
    }

    /// The addresses of the URL's host that may be gone to.
    async fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, FetchError> {
        let port = url.port_or_known_default().unwrap_or(443);
        let all: Vec<SocketAddr> = match url.host() {
            Some(Host::Ipv4(address)) => vec![(address, port).into()],
            Some(Host::Ipv6(address)) => vec![(address, port).into()],
            Some(Host::Domain(name)) => {
                let found = tokio::net::lookup_host((name, port)).await;
                let unknown = |_| FetchError::NoAddress(host(url));
                found.map_err(unknown)?.collect()
            }
            None => Vec::new(),
        };
        if all.is_empty() {
            return Err(FetchError::NoAddress(host(url)));
        }
        let rule = self.options().addresses;
        let permitted: Vec<_> = all
            .into_iter()
            .filter(|address| rule.permits(address.ip()))
            .collect();
        if permitted.is_empty() {
            return Err(FetchError::NotPublic(host(url)));
        }
        Ok(permitted)
    }

    fn proxy(&self) -> Option<&str> {
        let proxy = self.options().proxy.as_deref().map(str::trim);
        proxy.filter(|proxy| !proxy.is_empty())
    }

    async fn tls(&self) -> Result<ClientConfig, FetchError> {
        let ca_file = self.options().ca_file.clone();
        let build = || async {
            // Reading the system's certificates takes milliseconds, and blocks.
            let building = tokio::task::spawn_blocking(move || llm::tls(ca_file.as_deref()));
            match building.await {
                Ok(built) => built.map_err(in_words),
                Err(_) => Err(FetchError::Settings("no TLS client".to_owned())),
            }
        };
        self.0.tls.get_or_try_init(build).await.cloned()
    }

    fn failed(&self, url: &Url, error: &reqwest::Error) -> FetchError {
        let host = host(url);
        if error.is_timeout() {
            let after = self.options().connect;
            return FetchError::Timeout { host, after };
        }
        FetchError::Failed {
            host,
            said: llm::root_cause(error),
        }
    }
}

fn in_words(error: llm::ApiError) -> FetchError {
    FetchError::Settings(error.to_string())
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}
