//! Which sound devices there are, and how one is found and opened.
//!
//! Thread: the one that lists devices or starts a call; the callbacks it hands to cpal run on cpal's own threads. In: a
//! name, an id or nothing. Out: a stream that is not running yet, and the other end of its ring at the device's rate.
//! Memory: each stream's ring is made here. When late or full: see [`capture_into_ring`] and [`play_from_ring`].
//! Source: cpal 0.18, `src/traits.rs`.

use std::sync::Arc;
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, ErrorKind, FromSample, SampleFormat, SizedSample, Stream, StreamConfig,
    SupportedBufferSize,
};
use ringbuf::traits::Split;
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::error::{DeviceError, Direction, Named};
use super::watch::Counters;
use super::{MIC_RING_MS, SPEAKER_RING_MS, capture_into_ring, play_from_ring, samples};
use patter_audio::resample::Resampler;

/// The name that stands for the system's own choice.
pub const DEFAULT_NAME: &str = "default";
/// The callback length we ask the device for, in milliseconds: one frame.
const CALLBACK_MS: u32 = 20;
/// How long cpal waits for a device to answer before it asks whether it is still there.
const DEVICE_TIMEOUT: Duration = Duration::from_secs(2);
/// The sample formats we read and write; [`Endpoint::open_input`] and `open_output` have an arm for each.
pub(super) const FORMATS: [SampleFormat; 5] = [
    SampleFormat::I16,
    SampleFormat::U16,
    SampleFormat::I24,
    SampleFormat::I32,
    SampleFormat::F32,
];

/// A sound device of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// What the system calls it; several devices may share a name.
    pub name: String,
    /// What no other device is called, and [`open`](super::open) takes as well.
    pub id: String,
    /// Whether it is a microphone.
    pub input: bool,
    /// Whether it is a speaker.
    pub output: bool,
    /// Whether it is the microphone that a call uses unless told otherwise.
    pub default_input: bool,
    /// Whether it is the speaker that a call uses unless told otherwise.
    pub default_output: bool,
    /// Lowest and highest rate, in Hz.
    pub rates_hz: (u32, u32),
    /// The most channels it has one way.
    pub channels: u16,
}

/// Lists the devices that can be opened now. May take a second: the system tries each one.
///
/// # Errors
/// The system has no sound service at all. A machine with no devices is an empty list.
pub fn list() -> Result<Vec<DeviceInfo>, DeviceError> {
    patter_machine::quiet::without_stderr(list_aloud)
}

fn list_aloud() -> Result<Vec<DeviceInfo>, DeviceError> {
    let host = host()?;
    let id = |device: Option<cpal::Device>| device.and_then(|device| device.id().ok());
    let default_input = id(host.default_input_device());
    let default_output = id(host.default_output_device());
    let describe = |device: cpal::Device| {
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        if device.supports_input() {
            inputs.extend(device.supported_input_configs().into_iter().flatten());
        }
        if device.supports_output() {
            outputs.extend(device.supported_output_configs().into_iter().flatten());
        }
        let id = device.id().ok()?;
        let all = || inputs.iter().chain(&outputs);
        Some(DeviceInfo {
            name: name_of(&device),
            input: !inputs.is_empty(),
            output: !outputs.is_empty(),
            default_input: !inputs.is_empty() && Some(&id) == default_input.as_ref(),
            default_output: !outputs.is_empty() && Some(&id) == default_output.as_ref(),
            rates_hz: (
                all().map(|range| range.min_sample_rate()).min()?,
                all().map(|range| range.max_sample_rate()).max()?,
            ),
            channels: all().map(|range| range.channels()).max()?,
            id: id.to_string(),
        })
    };
    let devices = host.devices().map_err(DeviceError::Host)?;
    Ok(devices.filter_map(describe).collect())
}

/// `cpal::default_host`, but an error where that panics (no ALSA configuration, for one).
pub(super) fn host() -> Result<cpal::Host, DeviceError> {
    let first = cpal::available_hosts().into_iter().next();
    first
        .ok_or_else(|| ErrorKind::HostUnavailable.into())
        .and_then(cpal::host_from_id)
        .map_err(DeviceError::Host)
}

/// A device that was found, and how it is to be opened.
pub(super) struct Endpoint {
    pub(super) named: Named,
    device: cpal::Device,
    config: StreamConfig,
    format: SampleFormat,
}

impl Endpoint {
    pub(super) fn find(
        host: &cpal::Host,
        direction: Direction,
        name: Option<&str>,
    ) -> Result<Self, DeviceError> {
        use ErrorKind::{DeviceBusy, PermissionDenied};
        let wanted = name.filter(|name| *name != DEFAULT_NAME);
        let default = || match direction {
            Direction::Microphone => host.default_input_device(),
            Direction::Speaker => host.default_output_device(),
        };
        let device = match wanted {
            Some(name) => find_named(host, direction, name)?,
            None => default().ok_or(DeviceError::NoDevice(direction, None))?,
        };
        let named = Named(direction, name_of(&device));
        let config = match direction {
            Direction::Microphone => device.default_input_config(),
            Direction::Speaker => device.default_output_config(),
        };
        let config = config.map_err(|error| match error.kind() {
            DeviceBusy | PermissionDenied => DeviceError::Open(named.clone(), error),
            // ALSA always has a default device; only asking it shows that nothing is behind it.
            _ if wanted.is_none() => DeviceError::NoDevice(direction, Some(error)),
            _ => DeviceError::Open(named.clone(), error),
        })?;
        let format = config.sample_format();
        if !FORMATS.contains(&format) {
            return Err(DeviceError::Format(named, format));
        }
        let callback = samples(CALLBACK_MS, config.sample_rate()) as u32;
        let callback = match *config.buffer_size() {
            SupportedBufferSize::Range { min, max } => callback.min(max).max(min),
            SupportedBufferSize::Unknown => callback,
        };
        let config = StreamConfig {
            buffer_size: BufferSize::Fixed(callback),
            ..config.config()
        };
        Ok(Self {
            named,
            device,
            config,
            format,
        })
    }

    /// The rate it runs at, in Hz.
    pub(super) fn rate_hz(&self) -> u32 {
        self.config.sample_rate
    }

    /// Opens with our callback length or, where that is refused, the device's own.
    fn open<R>(
        &self,
        build: impl Fn(StreamConfig) -> Result<(Stream, R), cpal::Error>,
    ) -> Result<(Stream, R), DeviceError> {
        let own = StreamConfig {
            buffer_size: BufferSize::Default,
            ..self.config
        };
        build(self.config)
            .or_else(|_| build(own))
            .map_err(|error| DeviceError::Open(self.named.clone(), error))
    }

    pub(super) fn open_input(
        &self,
        counters: &Arc<Counters>,
    ) -> Result<(Stream, HeapCons<i16>), DeviceError> {
        self.open(|config| match self.format {
            SampleFormat::I16 => self.input::<i16>(config, counters),
            SampleFormat::U16 => self.input::<u16>(config, counters),
            SampleFormat::I24 => self.input::<cpal::I24>(config, counters),
            SampleFormat::I32 => self.input::<i32>(config, counters),
            SampleFormat::F32 => self.input::<f32>(config, counters),
            _ => Err(ErrorKind::UnsupportedConfig.into()),
        })
    }

    pub(super) fn open_output(
        &self,
        counters: &Arc<Counters>,
    ) -> Result<(Stream, HeapProd<i16>), DeviceError> {
        self.open(|config| match self.format {
            SampleFormat::I16 => self.output::<i16>(config, counters),
            SampleFormat::U16 => self.output::<u16>(config, counters),
            SampleFormat::I24 => self.output::<cpal::I24>(config, counters),
            SampleFormat::I32 => self.output::<i32>(config, counters),
            SampleFormat::F32 => self.output::<f32>(config, counters),
            _ => Err(ErrorKind::UnsupportedConfig.into()),
        })
    }

    fn input<T>(
        &self,
        config: StreamConfig,
        counters: &Arc<Counters>,
    ) -> Result<(Stream, HeapCons<i16>), cpal::Error>
    where
        T: SizedSample,
        i16: FromSample<T>,
    {
        let (mut ring, reader) = HeapRb::new(samples(MIC_RING_MS, config.sample_rate)).split();
        let (count, note) = (Arc::clone(counters), Arc::clone(counters));
        let channels = usize::from(config.channels);
        let stream = self.device.build_input_stream(
            config,
            move |data: &[T], _: &_| {
                capture_into_ring(data, channels, &mut ring, &count.mic_dropped);
            },
            move |error| note.note(Direction::Microphone, error.kind()),
            Some(DEVICE_TIMEOUT),
        )?;
        Ok((stream, reader))
    }

    fn output<T>(
        &self,
        config: StreamConfig,
        counters: &Arc<Counters>,
    ) -> Result<(Stream, HeapProd<i16>), cpal::Error>
    where
        T: SizedSample + FromSample<i16>,
    {
        let (writer, mut ring) = HeapRb::new(samples(SPEAKER_RING_MS, config.sample_rate)).split();
        let (count, note) = (Arc::clone(counters), Arc::clone(counters));
        let channels = usize::from(config.channels);
        let stream = self.device.build_output_stream(
            config,
            move |data: &mut [T], _: &_| {
                play_from_ring(data, channels, &mut ring, &count.underruns);
            },
            move |error| note.note(Direction::Speaker, error.kind()),
            Some(DEVICE_TIMEOUT),
        )?;
        Ok((stream, writer))
    }

    pub(super) fn play(&self, stream: &Stream) -> Result<(), DeviceError> {
        let open = |error| DeviceError::Open(self.named.clone(), error);
        stream.play().map_err(open)
    }

    pub(super) fn resampler(&self, from_hz: u32, to_hz: u32) -> Result<Resampler, DeviceError> {
        let rate = |error| DeviceError::Rate(self.named.clone(), error);
        Resampler::new(from_hz, to_hz).map_err(rate)
    }
}

/// What the system calls a device. Not its `Display`, which panics for a device unplugged just now.
fn name_of(device: &cpal::Device) -> String {
    let description = device.description();
    description.map_or_else(|_| "?".into(), |description| description.name().into())
}

/// Finds a device by id, by id without the host's prefix, or by name, in this order.
fn find_named(
    host: &cpal::Host,
    direction: Direction,
    wanted: &str,
) -> Result<cpal::Device, DeviceError> {
    let fits = |device: &cpal::Device| match direction {
        Direction::Microphone => device.supports_input(),
        Direction::Speaker => device.supports_output(),
    };
    let devices: Vec<_> = host
        .devices()
        .map_err(DeviceError::Host)?
        .filter(fits)
        .filter_map(|device| Some((device.id().ok()?, name_of(&device), device)))
        .collect();
    let place = devices
        .iter()
        .position(|(id, ..)| id.to_string() == wanted || id.id() == wanted)
        .or_else(|| devices.iter().position(|(_, name, _)| name == wanted));
    let known = |(id, name, _): &(cpal::DeviceId, String, cpal::Device)| {
        let repeats = devices.iter().filter(|device| device.1 == *name).count() > 1;
        if repeats {
            id.to_string()
        } else {
            name.clone()
        }
    };
    match place {
        Some(place) => Ok(devices[place].2.clone()),
        None => Err(DeviceError::Unknown(
            Named(direction, wanted.into()),
            devices.iter().map(known).collect(),
        )),
    }
}
