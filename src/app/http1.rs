//! HTTP/1 on a connection, within the limits that the settings put on clients.

use std::net::SocketAddr;
use std::num::NonZero;
use std::rc::Rc;
use std::time::Duration;

use actix_http::body::MessageBody;
use actix_http::error::DispatchError;
use actix_http::{HttpServiceBuilder, Request};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_factory, fn_service, map_config,
};
use actix_web::Error;
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::rt::net::TcpStream;
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::http::connection::{Connection, Times};

/// How long what a client still sends is thrown away, after an answer that did not wait for it.
const LINGER: Duration = Duration::from_secs(1);

/// Files that are open beside connections: the database's, the KMS's, the log.
const OTHER_FILES: u64 = 200;

/// Serves `app` on plain connections; `stopping` resolves when the listener is to finish.
pub(super) fn http1<F, A, S, B, Stop, Stopped>(
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
        let http1 = on_connections(times, address, app(), stopping.clone()).new_service(());
        async move {
            let http1 = Rc::new(http1.await?);
            Ok::<_, ()>(fn_service(move |stream: TcpStream| {
                let http1 = Rc::clone(&http1);
                async move {
                    let peer = stream.peer_addr().ok();
                    let _ = stream.set_nodelay(true);
                    if let Err(error) = http1.call((Connection::new(stream, times), peer)).await {
                        tracing::debug!(%error, "a connection ended with an error");
                    }
                    Ok(())
                }
            }))
        }
    })
}

/// The same on connections of any kind, each with the address of its client.
pub(super) fn on_connections<T, A, S, B, Stop, Stopped>(
    times: Times,
    address: SocketAddr,
    app: A,
    stopping: Stop,
) -> impl ServiceFactory<
    (Connection<T>, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = DispatchError,
    InitError = (),
>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    A: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
    Stop: Fn() -> Stopped + Clone + 'static,
    Stopped: Future<Output = ()> + 'static,
{
    // What it says is not asked for: links are made of what the request says, or the settings.
    let app = map_config(app.into_factory(), |()| AppConfig::default());
    HttpServiceBuilder::default()
        .local_addr(address)
        .graceful_shutdown_signal(stopping)
        .client_request_timeout(times.head)
        .keep_alive(times.idle)
        .client_disconnect_timeout(LINGER)
        .on_connect_ext(|connection: &Connection<T>, data| connection.on_connect(data))
        .h1(app.map_err(|error| error.error_response()))
}

/// On how many threads connections are served, and how many each of them takes: together as many as the settings allow, or as
/// the system has open files for.
pub(super) fn threads_and_connections(address: SocketAddr, most: u32) -> (usize, usize) {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let room = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX).max(threads);
    let wanted = usize::try_from(most).unwrap_or(usize::MAX);
    if wanted > room {
        tracing::warn!(
            open_files = files,
            "http.max_connections is {wanted}, and the system allows {files} open files: {address} serves at most {room} \
             connections at a time; raise that limit (LimitNOFILE, ulimit -n) or lower the setting"
        );
    }
    (threads, wanted.min(room).div_ceil(threads))
}
