//! The two listeners.

use std::net::{SocketAddr, TcpListener};

use actix_web::App;
use actix_web::dev::Server;
use actix_web::middleware::{NormalizePath, TrailingSlash, from_fn};
use actix_web::web::{Data, ServiceConfig};

use super::StartError;
use super::http1::{http1, threads_and_connections};
use super::tls::{Certificate, https};
use crate::http;
use crate::http::forwarded::Scheme;

/// Takes the port, which the returned address tells where the settings say 0.
pub(super) fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = TcpListener::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = bound.map_err(|source| StartError::Listen { address, source })?;
    Ok((listener, address))
}

/// Answers by `routes`, once the server is polled; by TLS where there is a certificate. Signals are not its own: there are two
/// of them, and they end together.
pub(super) fn serve(
    listener: TcpListener,
    address: SocketAddr,
    certificate: Option<Certificate>,
    state: http::State,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<Server, StartError> {
    let (times, most) = (state.settings.times(), state.settings.max_connections);
    let state = Data::new(state);
    let scheme = if certificate.is_some() { Scheme::Https } else { Scheme::Http };
    let app = move || {
        App::new()
            .app_data(state.clone())
            .app_data(scheme)
            .wrap(from_fn(http::alibaba::read_form))
            // Slashes in a row count as one, as in front of a Nova (recorded): endpoints that end in one are common.
            .wrap(NormalizePath::new(TrailingSlash::MergeOnly))
            .wrap(from_fn(http::body::drain_too_large))
            .wrap(from_fn(http::options::answer_options))
            .wrap(from_fn(http::closing::close_while_stopping))
            .wrap(http::trace())
            .wrap(from_fn(http::connection::watch_requests))
            .configure(&routes)
    };
    let (threads, connections) = threads_and_connections(address, most);
    let server = Server::build().disable_signals().workers(threads).max_concurrent_connections(connections);
    let stopping = server.graceful_shutdown_signal();
    let stopping = move || {
        let stopping = stopping.clone();
        async move { stopping.notified().await }
    };
    let name = address.to_string();
    let server = match certificate {
        None => server.listen(name, listener, move || http1(times, address, app.clone(), stopping.clone())),
        Some(certificate) => server
            .listen(name, listener, move || https(certificate.clone(), times, address, app.clone(), stopping.clone())),
    };
    Ok(server.map_err(|source| StartError::Listen { address, source })?.run())
}
