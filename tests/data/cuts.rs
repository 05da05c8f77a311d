//! Files over connections that break: at any point, in each direction, and in the middle of a whole
//! transfer that goes on later.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use databricks_toolkit::Error;
use databricks_toolkit::transfer::{Transfer, TransferReason};
use ring::digest::{SHA256, digest};
use serde_json::json;

use crate::support::{Asked, Random, Reply, Stub, noise};

const MIB: usize = 1 << 20;
const PATH: &str = "/Volumes/main/default/landing/x";

/// How often each transfer is cut: 50 times, each at another point.
const CUTS: u64 = 50;

fn sha(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// A service that has one file, and whose answers a test may spoil.
async fn serving(file: Vec<u8>, spoil: impl Fn(&Asked, Reply) -> Reply + Send + Sync + 'static) -> Stub {
    Stub::start(move |_, asked| {
        let dated = |reply: Reply| reply.header("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT");
        if asked.method == "HEAD" {
            return dated(Reply { status: 200, ..Reply::default() }.header("content-length", file.len()));
        }
        let (first, last) = asked.range().unwrap();
        let last = last.min(file.len() - 1);
        let mut reply = dated(Reply::bytes(file[first..=last].to_vec()));
        reply.status = 206;
        let reply = reply.header("content-range", format!("bytes {first}-{last}/{}", file.len()));
        spoil(&asked, reply)
    })
    .await
}

fn transfer(stub: &Stub) -> Transfer {
    stub.workspace().transfer().part_size(MIB as u64).in_flight(3)
}

#[tokio::test]
async fn a_download_that_is_cut_anywhere_ends_with_the_right_digest() {
    let file = noise(7 * MIB + 777, 5);
    let expected = sha(&file);
    for seed in 1..=CUTS {
        // Parts of one piece, and of several of which some are in the file already when the rest breaks off.
        let part_size = if seed % 2 == 0 { 1 } else { 5 } * MIB as u64;
        let (random, left) = (Mutex::new(Random(seed * 7919)), AtomicU64::new(1 + seed % 4));
        let stub = serving(file.clone(), move |_, reply| {
            let mut random = random.lock().unwrap();
            let cut = random.below(reply.body.len() as u64) as usize;
            match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
                Ok(_) => reply.cut(cut),
                Err(_) => reply,
            }
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("x");
        let transfer = transfer(&stub).part_size(part_size);
        assert_eq!(transfer.download(PATH, &to).await.unwrap(), file.len() as u64);
        assert_eq!(sha(&std::fs::read(&to).unwrap()), expected, "cut {seed}");
    }
}

/// A service that takes a file in parts, which it keeps between connections.
#[derive(Default)]
struct Taken {
    parts: Mutex<BTreeMap<usize, Vec<u8>>>,
    file: Mutex<Option<Vec<u8>>>,
    sent: AtomicUsize,
    expired: AtomicBool,
    aborted: AtomicBool,
    /// The upload is completed, but its answer is lost; then the service knows it no more.
    forgets: AtomicBool,
    gone: AtomicBool,
}

async fn taking(taken: Arc<Taken>) -> Stub {
    Stub::start(move |url, asked| {
        let part = || asked.query["part"].parse::<usize>().unwrap();
        match (asked.method.as_str(), asked.path.as_str()) {
            ("HEAD", _) => match &*taken.file.lock().unwrap() {
                Some(file) => Reply { status: 200, ..Reply::default() }.header("content-length", file.len()),
                None => Reply::status(404, ""),
            },
            ("GET", _) => {
                let file = taken.file.lock().unwrap();
                let (first, last) = asked.range().unwrap();
                let (file, status) = (file.as_ref().unwrap(), 206);
                let part = file[first..=last.min(file.len() - 1)].to_vec();
                let reply = Reply { status, ..Reply::bytes(part) };
                reply.header("content-range", format!("bytes {first}-{last}/{}", file.len()))
            }
            ("POST", "/api/2.0/fs/create-upload-part-urls") => {
                let body = asked.json();
                assert_eq!((&body["path"], &body["session_token"]), (&json!(PATH), &json!("session")));
                let first = body["start_part_number"].as_u64().unwrap();
                let urls = (first..first + body["count"].as_u64().unwrap()).map(|number| {
                    let fresh = u8::from(body["count"] == 1);
                    json!({ "part_number": number, "headers": [{ "name": "x-signed", "value": "yes" }],
                        "url": format!("{url}/storage?part={number}&fresh={fresh}") })
                });
                Reply::json(json!({ "upload_part_urls": urls.collect::<Vec<_>>() }))
            }
            ("POST", "/api/2.0/fs/create-abort-upload-url") => {
                Reply::json(json!({ "abort_upload_url": { "url": format!("{url}/storage") } }))
            }
            ("DELETE", "/storage") => {
                taken.aborted.store(true, Ordering::SeqCst);
                Reply::bytes(Vec::new())
            }
            ("PUT", "/storage") => {
                assert!(!asked.headers.contains_key("authorization"), "our token went to the storage");
                assert_eq!(asked.headers["x-signed"], "yes");
                if taken.expired.load(Ordering::SeqCst) && asked.query["fresh"] == "0" {
                    return Reply::status(403, "<Error><Code>AccessDenied</Code></Error>");
                }
                taken.sent.fetch_add(1, Ordering::SeqCst);
                taken.parts.lock().unwrap().insert(part(), asked.body.clone());
                Reply::bytes(Vec::new()).header("etag", format!("\"tag-{}\"", part()))
            }
            ("POST", path) if path.ends_with("/landing/x") => match asked.query["action"].as_str() {
                "initiate-upload" => {
                    taken.gone.store(false, Ordering::SeqCst);
                    Reply::json(json!({ "multipart_upload": { "session_token": "session" } }))
                }
                _ if taken.gone.load(Ordering::SeqCst) => {
                    Reply::status(404, r#"{"error_code": "NOT_FOUND", "message": "There is no upload."}"#)
                }
                _ => {
                    let parts = taken.parts.lock().unwrap();
                    let body = asked.json();
                    let told = body["parts"].as_array().unwrap();
                    assert_eq!(told.len(), parts.len());
                    for (told, number) in told.iter().zip(parts.keys()) {
                        assert_eq!(
                            told,
                            &json!({ "part_number": number, "etag": format!("\"tag-{number}\"") })
                        );
                    }
                    *taken.file.lock().unwrap() = Some(parts.values().flatten().copied().collect());
                    let reply = Reply::json(json!({}));
                    if taken.forgets.swap(false, Ordering::SeqCst) {
                        taken.gone.store(true, Ordering::SeqCst);
                        return reply.cut(0);
                    }
                    reply
                }
            },
            other => panic!("{other:?}"),
        }
    })
    .await
}

#[tokio::test]
async fn an_upload_that_is_cut_anywhere_ends_with_the_right_digest() {
    let file = noise(3 * MIB + 777, 6);
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("x");
    std::fs::write(&from, &file).unwrap();
    for seed in 1..=CUTS {
        let taken = Arc::new(Taken::default());
        let stub = taking(Arc::clone(&taken)).await;
        let deaf = Arc::clone(&stub.deaf);
        // The next large body is cut off, and one more after a while.
        let mut random = Random(seed * 104_729);
        *deaf.lock().unwrap() = Some(600 + random.below(MIB as u64 - 700) as usize);
        assert_eq!(transfer(&stub).upload(&from, PATH).await.unwrap(), file.len() as u64);
        let arrived = taken.file.lock().unwrap().clone().unwrap();
        assert_eq!(sha(&arrived), sha(&file), "cut {seed}");
        assert!(stub.deaf.lock().unwrap().is_none(), "the cut came");
    }
}

#[tokio::test]
async fn addresses_of_parts_that_have_expired_are_asked_for_anew() {
    let file = noise(4 * MIB, 8);
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("x");
    std::fs::write(&from, &file).unwrap();
    let taken = Arc::new(Taken::default());
    taken.expired.store(true, Ordering::SeqCst);
    let stub = taking(Arc::clone(&taken)).await;
    transfer(&stub).upload(&from, PATH).await.unwrap();
    assert_eq!(taken.file.lock().unwrap().as_ref().unwrap(), &file);
}

fn leftovers(folder: &Path) -> Vec<String> {
    let entries =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| name != "x").collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_download_that_was_stopped_goes_on_where_it_was() {
    let file = noise(8 * MIB, 9);
    let served = Arc::new(AtomicUsize::new(0));
    let (count, slow) = (Arc::clone(&served), Arc::new(AtomicBool::new(true)));
    let pace = Arc::clone(&slow);
    let stub = serving(file.clone(), move |_, mut reply| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        if pace.load(Ordering::SeqCst) && number >= 5 {
            reply.delay = Duration::from_secs(30);
        }
        reply
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("x");
    let one = transfer(&stub).resume(true);
    let stopped = tokio::time::timeout(Duration::from_millis(1_500), one.download(PATH, &to)).await;
    assert!(stopped.is_err() && !to.exists());
    assert_eq!(leftovers(folder.path()), [".x.part", ".x.part.json"]);
    slow.store(false, Ordering::SeqCst);
    served.store(0, Ordering::SeqCst);
    assert_eq!(one.download(PATH, &to).await.unwrap(), file.len() as u64);
    assert_eq!(served.load(Ordering::SeqCst), 3, "five of eight parts were there");
    assert_eq!(sha(&std::fs::read(&to).unwrap()), sha(&file));
    assert!(leftovers(folder.path()).is_empty());
}

#[tokio::test]
async fn a_part_that_was_stopped_half_way_is_fetched_again() {
    let file = noise(8 * MIB, 15);
    let (asked, slow) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(true)));
    let (log, pace) = (Arc::clone(&asked), Arc::clone(&slow));
    let stub = serving(file.clone(), move |asked, mut reply| {
        let (first, _) = asked.range().unwrap();
        log.lock().unwrap().push(first);
        if pace.load(Ordering::SeqCst) && first >= 4 * MIB {
            // The first half of the part comes, and then nothing.
            if first > 4 * MIB {
                reply.delay = Duration::from_secs(30);
            }
            return reply.cut(2 * MIB + 99);
        }
        reply
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("x");
    let one = transfer(&stub).part_size(4 * MIB as u64).resume(true);
    let stopped = tokio::time::timeout(Duration::from_millis(1_500), one.download(PATH, &to)).await;
    assert!(stopped.is_err() && !to.exists());
    assert_eq!(asked.lock().unwrap().last(), Some(&(6 * MIB + 99)), "it went on where it broke off");
    slow.store(false, Ordering::SeqCst);
    asked.lock().unwrap().clear();
    assert_eq!(one.download(PATH, &to).await.unwrap(), file.len() as u64);
    assert_eq!(*asked.lock().unwrap(), [4 * MIB], "the part that was not whole, and all of it");
    assert_eq!(sha(&std::fs::read(&to).unwrap()), sha(&file));
    assert!(leftovers(folder.path()).is_empty());
}

#[tokio::test]
async fn a_download_that_nobody_waits_for_leaves_no_file() {
    let stub = serving(noise(4 * MIB, 16), |asked, mut reply| {
        if asked.range().unwrap().0 >= 2 * MIB {
            reply.delay = Duration::from_secs(30);
        }
        reply
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let download = transfer(&stub);
    let download = download.download(PATH, folder.path().join("x"));
    assert!(tokio::time::timeout(Duration::from_millis(700), download).await.is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_upload_that_was_stopped_goes_on_where_it_was() {
    let file = noise(8 * MIB, 10);
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("x");
    std::fs::write(&from, &file).unwrap();
    let taken = Arc::new(Taken::default());
    let stub = taking(Arc::clone(&taken)).await;
    // The source goes away under the transfer: it is stopped as soon as some parts are there.
    let one = transfer(&stub).in_flight(1).resume(true);
    let seen = Arc::clone(&taken);
    let upload = one.upload(&from, PATH);
    tokio::select! {
        done = upload => panic!("it was to be stopped: {done:?}"),
        () = async { while seen.sent.load(Ordering::SeqCst) < 4 { tokio::time::sleep(Duration::from_millis(1)).await } } => {}
    }
    assert_eq!(leftovers(folder.path()), [".x.part.json"]);
    let before = taken.sent.load(Ordering::SeqCst);
    assert!(before < 8);
    one.upload(&from, PATH).await.unwrap();
    // The one in flight may have arrived without its tag coming back.
    let again = taken.sent.load(Ordering::SeqCst) - before;
    assert!(again <= 8 - before + 2, "{again} parts were sent again after {before}");
    assert_eq!(taken.file.lock().unwrap().as_ref().unwrap(), &file);
    assert!(leftovers(folder.path()).is_empty());
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_told() {
    let file = noise(4 * MIB, 11);
    let stub = serving(file, |asked, reply| match asked.range() {
        Some((first, _)) if first >= 2 * MIB => {
            let mut reply = reply;
            reply.headers.retain(|(name, _)| name != "last-modified");
            reply.header("last-modified", "Wed, 21 Oct 2015 07:28:09 GMT")
        }
        _ => reply,
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let error = transfer(&stub).download(PATH, folder.path().join("x")).await.unwrap_err();
    let Error::Transfer(error) = error else { panic!("{error}") };
    assert!(matches!(error.reason, TransferReason::Changed), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_server_that_knows_no_ranges_is_read_all_the_same() {
    let file = noise(2 * MIB + 5, 12);
    let whole = file.clone();
    let stub = Stub::start(move |_, asked| match asked.method.as_str() {
        "HEAD" => Reply { status: 200, ..Reply::default() }.header("content-length", whole.len()),
        _ => Reply::bytes(whole.clone()),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("x");
    transfer(&stub).download(PATH, &to).await.unwrap();
    assert!(std::fs::read(&to).unwrap() == file);
}

#[tokio::test]
async fn an_upload_that_fails_is_given_up() {
    let taken = Arc::new(Taken::default());
    let stub = taking(Arc::clone(&taken)).await;
    let pieces = vec![Ok(noise(2 * MIB, 1).into()), Err(std::io::Error::other("the source is gone"))];
    let error = transfer(&stub).write(PATH, futures_util::stream::iter(pieces)).await.unwrap_err();
    assert!(error.to_string().contains("the source is gone"), "{error}");
    assert!(taken.aborted.load(Ordering::SeqCst) && taken.file.lock().unwrap().is_none());
}

#[tokio::test]
async fn an_upload_whose_last_answer_was_lost_is_found_to_be_done() {
    let file = noise(3 * MIB + 5, 13);
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("x");
    std::fs::write(&from, &file).unwrap();
    let taken = Arc::new(Taken::default());
    taken.forgets.store(true, Ordering::SeqCst);
    let stub = taking(Arc::clone(&taken)).await;
    let one = transfer(&stub).resume(true);
    one.upload(&from, PATH).await.unwrap_err();
    assert_eq!(leftovers(folder.path()), [".x.part.json"]);
    let sent = taken.sent.load(Ordering::SeqCst);
    assert_eq!(one.upload(&from, PATH).await.unwrap(), file.len() as u64);
    assert_eq!(taken.sent.load(Ordering::SeqCst), sent, "nothing was sent again");
    assert!(leftovers(folder.path()).is_empty());

    // Another file of that length is no reason to believe so: the upload begins anew.
    taken.forgets.store(true, Ordering::SeqCst);
    taken.gone.store(false, Ordering::SeqCst);
    one.upload(&from, PATH).await.unwrap_err();
    *taken.file.lock().unwrap() = Some(noise(3 * MIB + 5, 14));
    taken.parts.lock().unwrap().clear();
    assert_eq!(one.upload(&from, PATH).await.unwrap(), file.len() as u64);
    assert_eq!(taken.file.lock().unwrap().as_ref().unwrap(), &file);
}
