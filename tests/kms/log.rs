//! What the log holds at its finest: no data key.

use std::io;
use std::sync::{Arc, Mutex};

use super::{Scene, private_key};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Option<Vec<u8>>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(log) = &mut *self.0.lock().unwrap() {
            log.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn s46_at_trace_the_log_holds_no_data_key_of_the_kms_nor_credentials() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
    subscriber.with_writer(move || writer.clone()).init();
    for economy in ["per-key-pair", "per-project"] {
        let scene = Scene::set(&[("vault.kms.data_keys", economy), ("vault.kms.project_key_cache_seconds", "1")]).await;
        *log.0.lock().unwrap() = Some(Vec::new());
        let made = scene.create_mine("a").await.expect(200);
        actix_web::rt::time::sleep(std::time::Duration::from_millis(1100)).await;
        scene.open("a").await.unwrap();
        let text = log.0.lock().unwrap().take().unwrap();
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains("created key pair a"), "the log is seen");
        let answers = scene.between.answers();
        let keys: Vec<_> = answers.iter().filter_map(|answer| answer["Plaintext"].as_str()).collect();
        assert_eq!(keys.len(), 2, "{economy}");
        let line = private_key(&made).lines().nth(2).unwrap();
        for secret in keys.iter().chain([&line]) {
            let at = text.find(*secret).map(|at| text[..at].lines().last().unwrap_or_default().to_owned());
            assert_eq!(at, None, "{economy}");
        }
    }
}
