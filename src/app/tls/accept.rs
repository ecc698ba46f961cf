//! From a connection to the protocol that is spoken on it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use actix_http::Request;
use actix_http::body::MessageBody;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, fn_factory, fn_service, map_config};
use actix_web::Error;
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::rt::net::TcpStream;
use futures_util::future::try_join;
use openssl::ssl::SslRef;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_openssl::SslStream;

use super::context::{HTTP_2, named};
use super::parting::Parting;
use super::{Certificate, http2};
use crate::app::http1::on_connections;
use crate::http::connection::{Connection, Times};

/// How long a client may take to agree on a connection.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The first byte of every TLS connection: the content type "handshake" (RFC 8446, 5.1).
const FIRST_OF_TLS: u8 = 22;

/// What somebody is told who speaks HTTP without TLS.
const NOT_TLS: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 53\r\n\r\n\
    This port speaks TLS: begin its address with https://";

/// Serves `app` by HTTP/1.1 and HTTP/2 on connections that agree on TLS; `stopping` resolves when the listener is to finish.
pub(in crate::app) fn https<F, A, S, B, Stop, Stopped>(
    certificate: Certificate,
    times: Times,
    address: SocketAddr,
    app: F,
    stopping: Stop,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()>
where
    F: Fn() -> A + Clone + 'static,
    A: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
    Stop: Fn() -> Stopped + Clone + 'static,
    Stopped: Future<Output = ()> + 'static,
{
    fn_factory(move || {
        let of_http2 = map_config(app().into_factory(), |()| AppConfig::default()).new_service(());
        let http1 = on_connections(times, address, app(), stopping.clone()).new_service(());
        let (certificate, stopping) = (certificate.clone(), stopping.clone());
        async move {
            let (http1, of_http2) = try_join(http1, of_http2).await?;
            let (http1, of_http2) = (Rc::new(http1), Rc::new(of_http2));
            Ok::<_, ()>(fn_service(move |connection: TcpStream| {
                let (certificate, http1, of_http2) = (certificate.clone(), Rc::clone(&http1), Rc::clone(&of_http2));
                let stopped = stopping();
                async move {
                    let peer = connection.peer_addr().ok();
                    let Some(stream) = accept(&certificate, connection, peer).await else { return Ok(()) };
                    if stream.ssl().selected_alpn_protocol() == Some(HTTP_2) {
                        http2::serve(Parting::new(stream), times, peer, &*of_http2, stopped).await;
                    } else if let Err(error) = http1.call((Connection::new(stream, times), peer)).await {
                        tracing::debug!(%error, "a connection ended with an error");
                    }
                    Ok(())
                }
            }))
        }
    })
}

/// The handshake; none where it fails, which is the client's affair and logged at debug.
async fn accept(
    certificate: &Certificate,
    connection: TcpStream,
    peer: Option<SocketAddr>,
) -> Option<SslStream<TcpStream>> {
    let agreed = timeout(HANDSHAKE, shake_hands(certificate, connection)).await;
    let failed = match agreed {
        Ok(Ok(stream)) => {
            tell_certificate(stream.ssl(), peer);
            return Some(stream);
        }
        Ok(Err(cause)) => cause.to_string(),
        Err(late) => late.to_string(),
    };
    let client = peer.map(tracing::field::display);
    tracing::debug!(client, cause = %failed, "no TLS connection: {failed}");
    None
}

async fn shake_hands(certificate: &Certificate, connection: TcpStream) -> io::Result<SslStream<TcpStream>> {
    let _ = connection.set_nodelay(true);
    let mut first = [0];
    if connection.peek(&mut first).await? == 1 && first[0] != FIRST_OF_TLS {
        if first[0].is_ascii_uppercase() {
            answer_in_plain(connection).await?;
        }
        return Err(io::Error::other("the client does not speak TLS"));
    }
    let mut stream = SslStream::new(certificate.handshake()?, connection)?;
    Pin::new(&mut stream).accept().await.map_err(|error| match error.into_io_error() {
        Ok(broken) => broken,
        Err(error) => io::Error::other(error),
    })?;
    Ok(stream)
}

/// A browser or client that left out the `s`.
async fn answer_in_plain(connection: TcpStream) -> io::Result<()> {
    let mut connection = Parting::new(connection);
    connection.write_all(NOT_TLS).await?;
    connection.shutdown().await
}

/// Who a client's certificate says it is, once for each connection. It opens the connection and no more.
fn tell_certificate(ssl: &SslRef, peer: Option<SocketAddr>) {
    if let Some(certificate) = ssl.peer_certificate() {
        let (client, subject) = (peer.map(tracing::field::display), named(&certificate));
        tracing::info!(client, %subject, "a client connected by the certificate of {subject}");
    }
}
