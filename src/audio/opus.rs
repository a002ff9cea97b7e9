//! Packets of Opus to samples at 48 kHz, by ropus; symphonia finds the packets, but cannot decode them.
//!
//! Thread: ordinary ones only. In: packets. Out: samples, the channels by turns. Memory: one packet's sound, 120 ms.
//! When a packet is damaged: an error, and the next one is decoded.
//! Source: RFC 6716, RFC 7845.

use ropus::{Channels, DecodeMode, Decoder};
use symphonia::core::packet::Packet;

/// The rate at which Opus is decoded, in Hz.
pub(super) const RATE_HZ: u32 = 48_000;
/// Samples of each channel in the longest packet.
const LONGEST: usize = 5_760;

/// One stream.
pub(super) struct Opus {
    decoder: Decoder,
    pub(super) channels: usize,
    block: Vec<i16>,
    /// Samples of each channel at the beginning that are not sound, still to come.
    skip: usize,
}

impl Opus {
    /// A decoder for one or two channels, which leaves out the first `skip` samples of each.
    ///
    /// # Errors
    /// More channels than that.
    pub(super) fn new(channels: usize, skip: usize) -> Result<Self, String> {
        let layout = match channels {
            1 => Channels::Mono,
            2 => Channels::Stereo,
            _ => return Err(format!("Opus of {channels} channels")),
        };
        Ok(Self {
            decoder: Decoder::new(RATE_HZ, layout).map_err(|e| e.to_string())?,
            channels,
            block: vec![0; LONGEST * channels],
            skip,
        })
    }

    /// The sound of a packet, without what its file says is not part of it.
    ///
    /// # Errors
    /// A damaged packet.
    pub(super) fn decode(&mut self, packet: &Packet) -> Result<&[i16], String> {
        // An empty packet would be taken for one that was lost.
        if packet.data.is_empty() {
            return Err("an empty packet".into());
        }
        let frames = self
            .decoder
            .decode(&packet.data, &mut self.block, DecodeMode::Normal)
            .map_err(|e| e.to_string())?;
        // Symphonia 0.6.1 knows what to leave out at the beginning, but marks no packet with it.
        let start = frames.min(self.skip.max(packet.trim_start.get() as usize));
        self.skip = self.skip.saturating_sub(start);
        let end = frames - (frames - start).min(packet.trim_end.get() as usize);
        self.block
            .get(start * self.channels..end * self.channels)
            .ok_or_else(|| "a packet that is too long".into())
    }
}
