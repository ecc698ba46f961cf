//! A job that stands still after its first row, while something else happens.

use std::sync::mpsc;
use std::thread;

use keypaird::domain::{Actor, Dialect, Via};
use keypaird::service::KeptKeys;
use keypaird::vault::Vault;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::support::TestApp;

/// The jobs of the service's own database, in this process.
pub(crate) fn jobs(app: &TestApp, vault: Vault) -> KeptKeys {
    let via = Via { dialect: Dialect::Admin, client: None, request_id: None };
    KeptKeys::new(app.store.clone(), vault, app.region(), Actor { user: "service".to_owned(), project: None, via })
}

/// Runs `job` on a thread of its own; when it first calls what it is given, `meanwhile` happens before it goes on.
pub(crate) async fn meanwhile<T: Send + 'static>(
    job: impl AsyncFnOnce(&mut (dyn FnMut() + Send)) -> T + Send + 'static,
    meanwhile: impl Future<Output = ()>,
) -> T {
    let (reached, first) = oneshot::channel();
    let (resume, go_on) = mpsc::channel();
    let job = thread::spawn(move || {
        let mut reached = Some(reached);
        let mut pause = move || {
            if let Some(reached) = reached.take() {
                reached.send(()).unwrap();
                go_on.recv().unwrap();
            }
        };
        Runtime::new().unwrap().block_on(job(&mut pause))
    });
    first.await.unwrap();
    meanwhile.await;
    resume.send(()).unwrap();
    spawn_blocking(|| job.join().unwrap()).await.unwrap()
}
