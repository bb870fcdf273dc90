//! Length and SHA-256 of what goes by.

use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};

/// A reader or writer with the sum of what went through it.
pub(super) struct Summed<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Summed<T> {
    pub(super) fn new(inner: T) -> Summed<T> {
        Summed { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// Bytes and SHA-256 in hexadecimal digits so far.
    pub(super) fn sum(&self) -> (u64, String) {
        let digest: [u8; 32] = self.hash.clone().finalize().into();
        (self.bytes, digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(super) fn inner(&self) -> &T {
        &self.inner
    }

    fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    }
}

impl<T: Read> Read for Summed<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.add(buffer.get(..got).unwrap_or_default());
        Ok(got)
    }
}

impl<T: Write> Write for Summed<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let put = self.inner.write(bytes)?;
        self.add(bytes.get(..put).unwrap_or_default());
        Ok(put)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
