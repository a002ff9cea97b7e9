//! Clients that mean no good: they must not cost the callers beside them anything.
//!
//! Threads: one for each. In: an address. Out: garbage, single bytes, floods, or nothing. Memory: a few kilobytes each.
//! They stop when dropped.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::caller::Random;
use patter_server::transport::audiosocket::codec;
use patter_server::transport::audiosocket::codec::Message;

/// Between two tries of a client that was refused.
const AGAIN: Duration = Duration::from_millis(200);
/// One byte, or one look whether it is time to stop.
const SLOW: Duration = Duration::from_secs(1);

/// The clients.
pub(super) struct Hostile {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Hostile {
    /// Starts `count` of them, of all kinds in turn.
    pub(super) fn start(address: SocketAddr, count: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..count).map(|number| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Acquire) {
                    // Being cut off is what it is for.
                    let _ = annoy(address, number, &stop);
                    std::thread::sleep(AGAIN);
                }
            })
        });
        Self {
            threads: threads.collect(),
            stop,
        }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn annoy(address: SocketAddr, number: u32, stop: &AtomicBool) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, SLOW)?;
    stream.set_write_timeout(Some(SLOW))?;
    stream.set_read_timeout(Some(SLOW))?;
    let mut random = Random::new(u64::from(number));
    let mut hello = Vec::new();
    let uuid = [number as u8; 16];
    codec::encode(&Message::Uuid(uuid), &mut hello).map_err(std::io::Error::other)?;
    let mut bytes = vec![0_u8; 4_096];
    while !stop.load(Ordering::Acquire) {
        match number % 6 {
            0 => {
                bytes.fill_with(|| random.bits() as u8);
                stream.write_all(&bytes)?;
            }
            1 => {
                for byte in &hello {
                    stream.write_all(&[*byte])?;
                    std::thread::sleep(SLOW);
                }
            }
            2 => {
                if stream.read(&mut bytes).is_ok_and(|count| count == 0) {
                    return Ok(());
                }
            }
            3 => {
                // Keys, as many as fit.
                stream.write_all(&hello)?;
                let mut keys = Vec::new();
                codec::encode(&Message::Dtmf(b'5'), &mut keys).map_err(std::io::Error::other)?;
                while !stop.load(Ordering::Acquire) {
                    stream.write_all(&keys.repeat(1_000))?;
                }
            }
            4 => {
                // Sound of no length, at ever-changing rates.
                stream.write_all(&hello)?;
                // Headers of 8, 16 and 48 kHz.
                let frames = [0x10, 0, 0, 0x12, 0, 0, 0x16, 0, 0];
                while !stop.load(Ordering::Acquire) {
                    stream.write_all(&frames.repeat(300))?;
                }
            }
            _ => {
                // A flood of sound, as fast as it is taken.
                stream.write_all(&hello)?;
                let mut frames = Vec::new();
                codec::encode_audio(8_000, &[1_000; 160], &mut frames)
                    .map_err(std::io::Error::other)?;
                while !stop.load(Ordering::Acquire) {
                    stream.write_all(&frames.repeat(50))?;
                }
            }
        }
    }
    Ok(())
}
