//! The mark: an empty loop around `ureq::Agent`, with all that pfetch does above its client left out. No list, no
//! figures of a URL, no report, no other error than a count.
//!
//! As a process of its own: `ureq-loop WAY ADDRESS PATH THREADS COUNT`. By the way `get` it is what the documentation
//! of ureq shows. By the way `run` it is the least that can stand around an agent: requests from parts that are
//! parsed already, no redirects, no look-up, and a transport that only reads and writes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{HeaderMap, HeaderValue, Request, header};
use ureq::config::{Config, RedirectAuthHeaders};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Agent, Body, Error};

pub(crate) fn main(args: &[String]) -> ExitCode {
    let [way, address, path, threads, count] = args else {
        eprintln!("ureq-loop get|run ADDRESS PATH THREADS COUNT");
        return ExitCode::from(2);
    };
    let (Ok(address), Ok(threads), Ok(count)) = (
        address.parse::<SocketAddr>(),
        threads.parse::<usize>(),
        count.parse::<usize>(),
    ) else {
        eprintln!("ADDRESS is one with a port, THREADS and COUNT are numbers");
        return ExitCode::from(2);
    };
    let begun = AtomicUsize::new(0);
    let failed = AtomicUsize::new(0);
    let work = || {
        // An agent each: they would wait for each other at the pool of a common one.
        let mut fetch = fetcher(way, address, path);
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let number = begun.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                break;
            }
            let read = fetch(number).and_then(|body| read_all(body, &mut buffer));
            if read.is_err() {
                failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    match failed.into_inner() {
        0 => ExitCode::SUCCESS,
        failed => {
            eprintln!("{failed} requests failed");
            ExitCode::FAILURE
        }
    }
}

type Fetch = Box<dyn FnMut(usize) -> Result<Body, Error>>;

fn fetcher(way: &str, address: SocketAddr, path: &str) -> Fetch {
    let path = path.to_owned();
    if way == "get" {
        let agent: Agent = Agent::config_builder().proxy(None).build().into();
        let prefix = format!("http://{address}{path}");
        return Box::new(move |number| {
            Ok(agent.get(format!("{prefix}{number}")).call()?.into_body())
        });
    }
    let agent = Agent::with_parts(least(), Plain, Known(address));
    let host = address.to_string();
    let authority: Authority = host.parse().expect("an address is an authority");
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::HOST, host.as_str()),
        (header::USER_AGENT, "pfetch-bench"),
        (header::ACCEPT, "*/*"),
        (header::ACCEPT_ENCODING, "identity"),
    ] {
        headers.insert(name, HeaderValue::from_str(value).expect("these are plain"));
    }
    Box::new(move |number| {
        let path = PathAndQuery::from_maybe_shared(format!("{path}{number}"));
        let uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(authority.clone())
            .path_and_query(path.map_err(http::Error::from)?);
        let mut request = Request::new(());
        *request.uri_mut() = uri.build()?;
        request.headers_mut().clone_from(&headers);
        Ok(agent.run(request)?.into_body())
    })
}

fn read_all(mut body: Body, buffer: &mut [u8]) -> Result<(), Error> {
    let mut reader = body.as_reader();
    while reader.read(buffer)? > 0 {}
    Ok(())
}

/// Nothing that would cost something and does not have to be.
fn least() -> Config {
    Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .redirect_auth_headers(RedirectAuthHeaders::Never)
        .http_status_as_error(false)
        .proxy(None)
        .max_idle_connections(1)
        .max_idle_connections_per_host(1)
        .build()
}

/// The one address that there is.
#[derive(Debug)]
struct Known(SocketAddr);

impl Resolver for Known {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}

/// Connects without timeouts.
#[derive(Debug)]
struct Plain;

impl Connector<()> for Plain {
    type Out = PlainTransport;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<PlainTransport>, Error> {
        Ok(Some(PlainTransport {
            stream: TcpStream::connect(details.addrs[0])?,
            buffers: LazyBuffers::new(16 * 1024, 4 * 1024),
        }))
    }
}

#[derive(Debug)]
struct PlainTransport {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl Transport for PlainTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        Ok(self.stream.write_all(&self.buffers.output()[..amount])?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        let read = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    /// A server that closes a connection is none of this bench's.
    fn is_open(&mut self) -> bool {
        true
    }
}
