//! Stands between a client and the service: counts connections, and has a say in each answer.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Service, clouds};

/// Is told the first line of a request, and may change the answer; one that it empties is never sent.
type Say = dyn Fn(&str, &mut Vec<u8>) + Send + Sync;

pub(super) struct Between {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Between {
    pub(super) fn start(service: &Service, say: impl Fn(&str, &mut Vec<u8>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, say): (_, Arc<Say>) = (Arc::new(AtomicUsize::new(0)), Arc::new(say));
        let (counting, api) = (Arc::clone(&connections), service.started["api"].as_str().unwrap().to_owned());
        // Ends with the test binary.
        thread::spawn(move || {
            for client in listener.incoming() {
                counting.fetch_add(1, Ordering::SeqCst);
                let (say, api) = (Arc::clone(&say), api.clone());
                thread::spawn(move || pass_on(client.unwrap(), &api, &*say));
            }
        });
        Self { address, connections }
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The service's clouds.yaml, with this address in the service's place.
    pub(super) fn clouds(&self, service: &Service, directory: &Path) -> PathBuf {
        let own = fs::read_to_string(clouds(service)).unwrap();
        let other = own.replace(service.started["api"].as_str().unwrap(), &self.address.to_string());
        assert_ne!(own, other);
        let path = directory.join("clouds-between.yaml");
        fs::write(&path, other).unwrap();
        path
    }
}

/// One request and its answer; both sides close the connection behind it.
fn pass_on(mut client: TcpStream, api: &str, say: &Say) {
    let Some((head, body)) = request(&mut client) else { return };
    let (first, rest) = head.split_once("\r\n").unwrap();
    let mut answer = Vec::new();
    if let Ok(mut service) = TcpStream::connect(api) {
        let sent = [format!("{first}\r\nConnection: close\r\n{rest}\r\n\r\n").as_bytes(), &body].concat();
        service.write_all(&sent).and_then(|()| service.read_to_end(&mut answer)).unwrap();
    }
    say(first, &mut answer);
    // The client may have gone.
    let _ = client.write_all(&answer);
}

/// A request's head, without the empty line behind it, and its body.
fn request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        read.push(byte[0]);
    }
    let head = String::from_utf8(read).unwrap().trim_end().to_owned();
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body).ok()?;
    Some((head, body))
}
