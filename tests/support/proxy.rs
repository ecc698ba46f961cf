//! What stands between the service and another one: a listener that can go away and come back, and how requests are
//! passed on. What it counts, and how it fails, is its user's.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};

pub struct Proxy {
    address: SocketAddr,
    listen: Box<dyn Fn(TcpListener) -> ServerHandle>,
    handle: Mutex<Option<ServerHandle>>,
}

/// What the service behind answered.
pub struct Passed {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Proxy {
    /// On a free port; every request is answered by `answer`, which is given `state`.
    pub fn start<S, A>(state: Arc<S>, answer: fn(HttpRequest, Bytes, Data<S>) -> A) -> Self
    where
        S: Send + Sync + 'static,
        A: Future<Output = HttpResponse> + 'static,
    {
        let listen = move |listener| {
            let state = Data::from(state.clone());
            let app = move || App::new().app_data(state.clone()).default_service(web::to(answer));
            let server = HttpServer::new(app).workers(2).disable_signals().listen(listener).unwrap().run();
            let handle = server.handle();
            actix_web::rt::spawn(server);
            handle
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let handle = Mutex::new(Some(listen(listener)));
        Self { address, listen: Box::new(listen), handle }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Nobody listens any more, and open connections are gone.
    pub async fn go_away(&self) {
        let handle = self.handle.lock().unwrap().take().unwrap();
        handle.stop(false).await;
    }

    pub fn come_back(&self) {
        let handle = (self.listen)(TcpListener::bind(self.address).unwrap());
        *self.handle.lock().unwrap() = Some(handle);
    }
}

/// Sends a request on, to the service at `target`.
pub async fn forward(request: &HttpRequest, body: Bytes, target: &str) -> Passed {
    let url = format!("{}{}", target.trim_end_matches('/'), request.uri());
    let client = awc::Client::builder().timeout(Duration::from_secs(30)).finish();
    let mut sent = client.request(request.method().clone(), url).no_decompress();
    for (name, value) in request.headers().iter().filter(|(name, _)| *name != "host" && *name != "content-length") {
        sent = sent.append_header((name.clone(), value.clone()));
    }
    let mut answer = sent.send_body(body).await.unwrap();
    let body = answer.body().limit(1 << 20).await.unwrap();
    Passed { status: answer.status(), headers: answer.headers().clone(), body }
}
