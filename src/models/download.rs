//! One file from the web into a `.part`, going on where an earlier run stopped.
//!
//! Thread: the caller's, never during a call.
//! In: a URL, and the `.part` of an earlier run where there is one.
//! Out: the whole file in the `.part`, synced; its hash is the caller's business.
//! Memory: one 64 KiB buffer.
//! When late or full: nothing heard for `SILENCE_LIMIT` ends it; what came stays in the `.part`.
//! Source: RFC 9110, sections 14 (ranges) and 15.5.17 (416).

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{Response, header};

use super::error::FetchError;
use super::fetch::{CopyError, Progress, copy, remove};

/// Longest time to connect, to answer, or between two reads.
pub(crate) const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// Brings `url` into `part`. `hashed` says that the caller can tell a whole file from a half one.
pub(crate) fn download(
    url: &str,
    part: &Path,
    hashed: bool,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FetchError> {
    if part.is_dir() {
        remove(part);
    }
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(SILENCE_LIMIT))
        .timeout_recv_response(Some(SILENCE_LIMIT))
        .timeout_per_read(Some(SILENCE_LIMIT))
        .build()
        .into();
    let there = std::fs::metadata(part).map_or(0, |metadata| metadata.len());
    let response = get(&agent, url, there)?;
    match response.status().as_u16() {
        200 => save(url, response, part, 0, progress),
        206 if there > 0 && range(&response).0 == Some(there) => {
            save(url, response, part, there, progress)
        }
        // All of it came in an earlier run, or the file has become shorter since.
        416 if there > 0 && (hashed || range(&response).1 == Some(there)) => Ok(()),
        206 | 416 if there > 0 => {
            remove(part);
            let response = get(&agent, url, 0)?;
            match response.status().as_u16() {
                200 => save(url, response, part, 0, progress),
                status => Err(refused(url, status)),
            }
        }
        status => Err(refused(url, status)),
    }
}

fn refused(url: &str, status: u16) -> FetchError {
    FetchError::HttpStatus {
        url: url.into(),
        status,
    }
}

fn get(agent: &Agent, url: &str, from: u64) -> Result<Response<ureq::Body>, FetchError> {
    let mut request = agent.get(url);
    if from > 0 {
        request = request.header(header::RANGE, format!("bytes={from}-"));
    }
    request.call().map_err(|source| FetchError::Http {
        url: url.into(),
        source: Box::new(source),
    })
}

/// First byte and full size of a `Content-Range: bytes FIRST-LAST/SIZE` or `bytes */SIZE`.
fn range(response: &Response<ureq::Body>) -> (Option<u64>, Option<u64>) {
    let value = response.headers().get(header::CONTENT_RANGE);
    let text = value.and_then(|value| value.to_str().ok());
    let Some((span, size)) = text
        .and_then(|text| text.strip_prefix("bytes "))
        .and_then(|text| text.split_once('/'))
    else {
        return (None, None);
    };
    let first = span
        .split_once('-')
        .and_then(|(first, _)| first.parse().ok());
    (first, size.parse().ok())
}

/// Writes the body into `part` from byte `there` on, and syncs it.
fn save(
    url: &str,
    mut response: Response<ureq::Body>,
    part: &Path,
    there: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FetchError> {
    let expected = response
        .body()
        .content_length()
        .map(|length| there + length);
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    let options = if there > 0 {
        options.append(true)
    } else {
        options.truncate(true)
    };
    let mut file = options
        .open(part)
        .map_err(|e| FetchError::file("write", part, e))?;
    let copied = copy(
        &mut response.body_mut().as_reader(),
        &mut file,
        there,
        expected,
        progress,
    );
    // What came is kept whatever happened, so that the next run goes on after it.
    let synced = file.sync_all().map_err(|e| in_part(part, e));
    let found = file.metadata().map_or(0, |metadata| metadata.len());
    match copied {
        Ok(done) if expected.is_none_or(|expected| expected == done) => synced,
        Ok(_) | Err(CopyError::Read(_)) => Err(FetchError::Incomplete {
            url: url.into(),
            found,
            expected,
        }),
        Err(CopyError::Write(error)) => Err(in_part(part, error)),
    }
}

/// A file error whose `.part` stays.
fn in_part(part: &Path, error: std::io::Error) -> FetchError {
    FetchError::file("write", part, error).kept()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::path::PathBuf;
    use std::thread::JoinHandle;

    use super::super::{Fetcher, Manifest, Model, Outcome};
    use super::*;

    const BODY: &str = "0123456789";
    /// `printf 0123456789 | sha256sum`
    const BODY_SHA256: &str = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";

    /// Answers one request for each reply, and gives the requests' heads.
    fn serve(replies: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/m.bin", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let answer = |reply: String| {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let head: Vec<_> = lines
                    .map(Result::unwrap)
                    .take_while(|l| !l.is_empty())
                    .collect();
                stream.write_all(reply.as_bytes()).unwrap();
                head.join("\n").to_lowercase()
            };
            replies.into_iter().map(answer).collect()
        });
        (url, server)
    }

    fn reply(status: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
        )
    }

    struct Place {
        folder: tempfile::TempDir,
        model: Model,
    }

    impl Place {
        fn new(url: &str, sha256: &str) -> Self {
            let hash = if sha256.is_empty() {
                String::new()
            } else {
                format!("sha256 = \"{sha256}\"")
            };
            let text = format!(
                "[[model]]\nname = \"m\"\nstep = \"llm\"\nfile = \"m.bin\"\ndefault = true\nsize_bytes = 10\n{hash}\n\
                 licence = \"none\"\npurpose = \"test\"\nsources = [{{ kind = \"url\", url = \"{url}\" }}]"
            );
            let model = Manifest::parse(&text, Path::new("manifest.toml"))
                .unwrap()
                .models
                .remove(0);
            Self {
                folder: tempfile::tempdir().unwrap(),
                model,
            }
        }

        fn part(&self) -> PathBuf {
            self.folder.path().join("m.bin.part")
        }

        fn target(&self) -> PathBuf {
            self.folder.path().join("m.bin")
        }

        fn fetch(&self) -> Result<Outcome, FetchError> {
            let fetcher = Fetcher {
                folder: self.folder.path().into(),
                from: None,
            };
            fetcher.fetch(&self.model, &mut |_| {})
        }
    }

    #[test]
    fn resumes_from_the_part_with_a_range_request() {
        let partial = reply(
            "206 Partial Content",
            "Content-Range: bytes 4-9/10\r\n",
            &BODY[4..],
        );
        let (url, server) = serve(vec![partial]);
        let place = Place::new(&url, BODY_SHA256);
        std::fs::write(place.part(), &BODY[..4]).unwrap();
        let outcome = place.fetch().unwrap();
        assert!(matches!(outcome, Outcome::Fetched { checked: true, .. }));
        assert_eq!(std::fs::read_to_string(place.target()).unwrap(), BODY);
        assert!(!place.part().exists());
        let heads = server.join().unwrap();
        assert!(heads[0].contains("range: bytes=4-"), "{}", heads[0]);
        assert_eq!(place.fetch().unwrap(), Outcome::AlreadyThere);
    }

    #[test]
    fn a_server_that_ignores_the_range_starts_again() {
        let (url, server) = serve(vec![reply("200 OK", "", BODY)]);
        let place = Place::new(&url, BODY_SHA256);
        std::fs::write(place.part(), "stale").unwrap();
        place.fetch().unwrap();
        assert_eq!(std::fs::read_to_string(place.target()).unwrap(), BODY);
        server.join().unwrap();
    }

    #[test]
    fn range_not_satisfiable_means_the_part_is_whole() {
        let (url, server) = serve(vec![reply(
            "416 Range Not Satisfiable",
            "Content-Range: bytes */10\r\n",
            "",
        )]);
        let place = Place::new(&url, BODY_SHA256);
        std::fs::write(place.part(), BODY).unwrap();
        place.fetch().unwrap();
        assert_eq!(std::fs::read_to_string(place.target()).unwrap(), BODY);
        server.join().unwrap();
    }

    #[test]
    fn without_a_hash_a_part_too_long_is_fetched_again() {
        let too_long = reply(
            "416 Range Not Satisfiable",
            "Content-Range: bytes */10\r\n",
            "",
        );
        let (url, server) = serve(vec![too_long, reply("200 OK", "", BODY)]);
        let place = Place::new(&url, "");
        std::fs::write(place.part(), "longer than ten bytes").unwrap();
        let Outcome::Fetched {
            sha256, checked, ..
        } = place.fetch().unwrap()
        else {
            panic!("it was not there");
        };
        assert_eq!((sha256.as_str(), checked), (BODY_SHA256, false));
        server.join().unwrap();
    }

    #[test]
    fn a_wrong_sha256_is_refused_and_leaves_nothing() {
        let (url, server) = serve(vec![reply("200 OK", "", "012345678X")]);
        let place = Place::new(&url, BODY_SHA256);
        let error = place.fetch().unwrap_err();
        assert!(matches!(&error, FetchError::HashDiffers { .. }), "{error}");
        assert!(error.to_string().contains(BODY_SHA256));
        assert!(error.hint().is_some());
        assert!(!place.target().exists() && !place.part().exists());
        server.join().unwrap();
    }

    #[test]
    fn a_truncated_body_leaves_the_part_and_no_final_file() {
        let cut = reply("200 OK", "", BODY).replace("56789", "");
        let (url, server) = serve(vec![cut]);
        let place = Place::new(&url, BODY_SHA256);
        let error = place.fetch().unwrap_err();
        assert!(
            matches!(
                error,
                FetchError::Incomplete {
                    found: 5,
                    expected: Some(10),
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(std::fs::read_to_string(place.part()).unwrap(), "01234");
        assert!(!place.target().exists());
        server.join().unwrap();
    }

    #[test]
    fn every_source_that_failed_is_reported() {
        let missing = || reply("404 Not Found", "", "");
        let (url, server) = serve(vec![missing(), missing()]);
        let mut place = Place::new(&url, BODY_SHA256);
        place.model.sources.push(place.model.sources[0].clone());
        let error = place.fetch().unwrap_err();
        let FetchError::AllSources { failures, .. } = &error else {
            panic!("{error}");
        };
        // Not by the text: the address's port may hold the same digits.
        let not_found =
            |(_, e): &(String, FetchError)| matches!(e, FetchError::HttpStatus { status: 404, .. });
        assert_eq!(failures.len(), 2, "{error}");
        assert!(failures.iter().all(not_found), "{error}");
        server.join().unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_and_the_part_kept() {
        let (url, server) = serve(vec![reply("200 OK", "", BODY)]);
        let place = Place::new(&url, BODY_SHA256);
        std::os::unix::fs::symlink("/dev/full", place.part()).unwrap();
        let error = place.fetch().unwrap_err();
        assert!(
            matches!(
                error,
                FetchError::DiskFull {
                    needed_bytes: 10,
                    kept: true,
                    ..
                }
            ),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("goes on where it stopped"));
        assert!(place.part().is_symlink() && !place.target().exists());
        server.join().unwrap();
    }
}
