//! Private keys as files in a zip archive.

use std::collections::HashSet;
use std::io::{Cursor, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::domain::{Error, KeyPairName, PrivateKeyPem, Result};
use crate::service::Exported;

/// The longest file name that common file systems take, in bytes.
const LONGEST_FILE_NAME: usize = 255;
/// Only the user who unpacks it reads it.
const MODE: u32 = 0o600;
/// More than an archive needs for a file beside its content: the name twice, and two headers.
const OVERHEAD: usize = 1024;

/// The archive: a file for each, `NAME.pem` or, of a certificate, `NAME.p12`. A private key does not compress, and
/// a length under a compression would tell of it.
pub(super) fn zip(exported: &[Exported]) -> Result<Vec<u8>> {
    // Room for all of it, so that no private key is left behind in memory by a buffer that grew.
    let room = exported.iter().map(|Exported { private_key, .. }| private_key.expose().len() + OVERHEAD).sum();
    let mut archive = ZipWriter::new(Cursor::new(Vec::with_capacity(room)));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(MODE);
    let mut taken = HashSet::new();
    for Exported { pair, private_key } in exported {
        let (suffix, content) = file(private_key)?;
        archive.start_file(file_name(&pair.name, suffix, &mut taken), options).map_err(Error::internal)?;
        archive.write_all(&content).map_err(Error::internal)?;
    }
    Ok(archive.finish().map_err(Error::internal)?.into_inner())
}

/// What the file ends in, and what is in it. A certificate's private key that was made here is kept as a PKCS#12 file in
/// base64, which no program reads as it is.
fn file(private_key: &PrivateKeyPem) -> Result<(&'static str, Zeroizing<Vec<u8>>)> {
    let text = private_key.expose();
    if text.contains("-----BEGIN ") {
        return Ok((".pem", Zeroizing::new(text.as_bytes().to_vec())));
    }
    let base64: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
    let content = BASE64_STANDARD.decode(base64.as_bytes()).map_err(Error::internal)?;
    Ok((".p12", Zeroizing::new(content)))
}

/// The key pair's name as far as it can be a file's anywhere: Nova's oldest version takes names with slashes, too. None is
/// given twice, letter case aside.
fn file_name(name: &KeyPairName, suffix: &str, taken: &mut HashSet<String>) -> String {
    let stem: String = name.as_str().chars().map(|c| if is_safe(c) { c } else { '_' }).collect();
    let mut file = fitting(&stem, suffix);
    let mut number = 1;
    while !taken.insert(file.to_lowercase()) {
        number += 1;
        file = fitting(&stem, &format!("-{number}{suffix}"));
    }
    file
}

fn is_safe(c: char) -> bool {
    !c.is_control() && !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// The stem, cut to what leaves room for the end.
fn fitting(stem: &str, end: &str) -> String {
    let room = LONGEST_FILE_NAME.saturating_sub(end.len());
    format!("{}{end}", &stem[..stem.floor_char_boundary(room)])
}
