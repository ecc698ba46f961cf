//! Private keys as files in a zip archive.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::domain::{Error, KeyPairName, Result};
use crate::service::Exported;

/// The longest file name that common file systems take, in bytes.
const LONGEST_FILE_NAME: usize = 255;
const SUFFIX: &str = ".pem";
/// Only the user who unpacks it reads it.
const MODE: u32 = 0o600;

/// The archive: a file `NAME.pem` for each, as it is. A private key does not compress, and a length under a compression
/// would tell of it.
pub(super) fn zip(exported: &[Exported]) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(MODE);
    for Exported { pair, private_key } in exported {
        archive.start_file(file_name(&pair.name), options).map_err(Error::internal)?;
        archive.write_all(private_key.expose().as_bytes()).map_err(Error::internal)?;
    }
    Ok(archive.finish().map_err(Error::internal)?.into_inner())
}

/// Names that this version takes have no character that could lead out of a folder.
fn file_name(name: &KeyPairName) -> String {
    let name = name.as_str();
    if name.len() + SUFFIX.len() > LONGEST_FILE_NAME { name.to_owned() } else { format!("{name}{SUFFIX}") }
}
