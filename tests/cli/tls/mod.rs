//! TLS on the listeners and to the database.

mod certificates;
mod database;
mod handshakes;
mod http2;
mod renewal;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use openssl::ssl::{HandshakeError, SslConnector, SslConnectorBuilder, SslMethod, SslStream};
use tempfile::TempDir;

use self::certificates::{Authority, Files};
use super::Service;

/// More than anything here takes, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service whose API speaks TLS, and whoever believes its authority.
struct Scene {
    authority: Authority,
    authority_file: PathBuf,
    files: Files,
    service: Service,
    directory: TempDir,
}

impl Scene {
    fn set(settings: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let authority = Authority::new();
        let authority_file = authority.write(directory.path());
        let files = authority.issue(1, 90).write(directory.path());
        let mut flags = files.flags("http");
        // Nobody reads the log while many requests are sent, and a pipe that is full holds up who writes.
        flags.extend(["--set".to_owned(), "log.level=info,keypaird::http=warn".to_owned()]);
        flags.extend(settings.iter().map(|it| (*it).to_owned()));
        let service = Service::start(&flags.iter().map(String::as_str).collect::<Vec<_>>());
        Self { authority, authority_file, files, service, directory }
    }

    fn address(&self) -> &str {
        self.service.started["api"].as_str().unwrap()
    }

    /// A client that believes the authority.
    fn client(&self, tune: impl FnOnce(&mut SslConnectorBuilder)) -> SslConnector {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
        builder.set_ca_file(&self.authority_file).unwrap();
        tune(&mut builder);
        builder.build()
    }

    fn connect(&self, client: &SslConnector) -> Result<SslStream<TcpStream>, HandshakeError<TcpStream>> {
        connect(client, self.address())
    }
}

impl Files {
    fn flags(&self, section: &str) -> Vec<String> {
        let certificate = format!("{section}.tls.certificate_file={}", self.certificate.display());
        let key = format!("{section}.tls.private_key_file={}", self.key.display());
        ["--set".to_owned(), certificate, "--set".to_owned(), key].into()
    }
}

fn connect(client: &SslConnector, address: &str) -> Result<SslStream<TcpStream>, HandshakeError<TcpStream>> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    client.connect("127.0.0.1", stream)
}

/// The head and body of one answer; the connection is kept.
fn ask(stream: &mut (impl Read + Write), request: &str) -> std::io::Result<(String, String)> {
    write!(stream, "{request} HTTP/1.1\r\nHost: keys.example.org\r\n\r\n")?;
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == "\r\n" {
            break;
        }
        if let Some(bytes) = line.to_lowercase().strip_prefix("content-length: ") {
            length = bytes.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((head, String::from_utf8(body).unwrap()))
}
