//! HTTP/1.1 by hand: a client library would mend paths, join headers and refuse what is to be refused by the service.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use actix_web::rt::time::timeout;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub headers: &'a [(String, String)],
    pub body: Option<&'a [u8]>,
}

pub struct Answer {
    pub status: u16,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    pub text: String,
}

/// Sends the request as it is, on a connection of its own, and reads the answer to its end.
pub async fn send(address: SocketAddr, request: &Request<'_>) -> Answer {
    let mut connection = TcpStream::connect(address).await.unwrap();
    // A refusal may come before all of a large body is sent.
    let _ = connection.write_all(&head(address, request)).await;
    let _ = connection.write_all(request.body.unwrap_or_default()).await;
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, connection.read_to_end(&mut bytes)).await;
    let whole = read.is_ok_and(|read| read.is_ok());
    parse(&bytes).filter(|_| whole).unwrap_or_else(|| panic!("{} {} is answered", request.method, request.path))
}

fn head(address: SocketAddr, request: &Request<'_>) -> Vec<u8> {
    let mut lines = vec![format!("{} {} HTTP/1.1", request.method, request.path), format!("Host: {address}")];
    lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.extend(request.body.map(|body| format!("Content-Length: {}", body.len())));
    lines.extend(["Connection: close".to_owned(), String::new(), String::new()]);
    // Headers are Latin-1.
    lines.join("\r\n").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let (first, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    let status = first.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers: Vec<_> = headers.split("\r\n").filter_map(header).collect();
    assert!(headers.iter().all(|(name, _)| name != "transfer-encoding"), "answers have a length");
    Some(Answer { status, headers, text: String::from_utf8_lossy(&bytes[end + 4..]).into_owned() })
}
