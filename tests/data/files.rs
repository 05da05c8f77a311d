//! Files against the sandbox: whole, by the folder, under any name.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use databricks_toolkit::transfer::Transfer;
use databricks_toolkit::{Error, ErrorKind, Workspace};

use crate::support::{noise, sandbox};

const MIB: u64 = 1 << 20;

/// A folder of each store.
async fn roots(workspace: &Workspace) -> [String; 3] {
    let volumes = workspace.volumes().create().catalog_name("main").schema_name("default").name("landing");
    volumes.volume_type("MANAGED").send().await.unwrap();
    let roots = ["/Volumes/main/default/landing", "dbfs:/data", "/Workspace/Shared/data"].map(str::to_owned);
    for root in &roots {
        workspace.transfer().make_dir(root).await.unwrap();
    }
    roots
}

fn small(workspace: &Workspace) -> Transfer {
    workspace.transfer().part_size(MIB).in_flight(4)
}

async fn content(transfer: &Transfer, path: &str) -> Vec<u8> {
    let mut parts = transfer.read(path);
    let mut all = Vec::new();
    while let Some(part) = parts.next().await {
        all.extend_from_slice(&part.unwrap());
    }
    all
}

#[tokio::test]
async fn files_of_any_length_go_there_and_back() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let roots = roots(&workspace).await;
    let transfer = small(&workspace).verify(true);
    for root in &roots {
        for length in [0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 123] {
            let bytes = noise(length as usize, length);
            let (from, back) = (folder.path().join("from"), folder.path().join("back"));
            std::fs::write(&from, &bytes).unwrap();
            let path = format!("{root}/a b/ü%#?& {length}.bin");
            transfer.make_dir(&format!("{root}/a b")).await.unwrap();
            assert_eq!(transfer.upload(&from, &path).await.unwrap(), length, "{path}");
            assert_eq!(transfer.clone().overwrite(true).download(&path, &back).await.unwrap(), length);
            assert!(std::fs::read(&back).unwrap() == bytes, "{path} differs");
            assert!(content(&transfer, &path).await == bytes, "{path} differs as a stream");
            let found = transfer.stat(&path).await.unwrap();
            assert_eq!((found.is_dir, found.size), (false, Some(length)), "{path}");
        }
        let mut names: Vec<String> = transfer
            .list(&format!("{root}/a b"))
            .collect_all()
            .await
            .unwrap()
            .iter()
            .map(|entry| entry.name().to_owned())
            .collect();
        names.sort();
        assert_eq!(names.len(), 6, "{names:?}");
        assert_eq!(names[0], "ü%#?& 0.bin");
    }
}

#[tokio::test]
async fn a_stream_of_unknown_length_is_written() {
    let (_sandbox, workspace) = sandbox().await;
    let roots = roots(&workspace).await;
    let transfer = small(&workspace);
    for root in &roots {
        for length in [0, 700_000, 3 * MIB + 5] {
            let bytes = noise(length as usize, 7);
            let pieces: Vec<_> =
                bytes.chunks(300_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            let path = format!("{root}/stream-{length}");
            let written = transfer.write(&path, futures_util::stream::iter(pieces)).await.unwrap();
            assert_eq!(written, length);
            assert!(content(&transfer, &path).await == bytes, "{path}");
        }
        // A stream that breaks off leaves nothing.
        let pieces =
            [Ok(Bytes::from(noise(2 * MIB as usize, 1))), Err(std::io::Error::other("the source is gone"))];
        let path = format!("{root}/broken");
        let error = transfer.write(&path, futures_util::stream::iter(pieces)).await.unwrap_err();
        assert!(error.to_string().contains("the source is gone"), "{error}");
        assert_eq!(transfer.stat(&path).await.unwrap_err().kind(), Some(ErrorKind::NotFound), "{path}");
    }
}

#[tokio::test]
async fn what_is_there_is_kept_unless_it_is_to_be_replaced() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let roots = roots(&workspace).await;
    let transfer = small(&workspace);
    let from = folder.path().join("from");
    for root in &roots {
        for length in [10, 3 * MIB] {
            let path = format!("{root}/there-{length}");
            std::fs::write(&from, noise(length as usize, 1)).unwrap();
            transfer.upload(&from, &path).await.unwrap();
            std::fs::write(&from, noise(length as usize, 2)).unwrap();
            transfer.upload(&from, &path).await.unwrap_err();
            assert!(content(&transfer, &path).await == noise(length as usize, 1));
            transfer.clone().overwrite(true).upload(&from, &path).await.unwrap();
            assert!(content(&transfer, &path).await == noise(length as usize, 2));
            let error = transfer.download(&path, &from).await.unwrap_err();
            assert!(matches!(error, Error::Local(_)) && error.to_string().contains("overwrite"), "{error}");
        }
        assert!(
            transfer
                .upload(folder.path(), &format!("{root}/x"))
                .await
                .unwrap_err()
                .to_string()
                .contains("folder")
        );
        assert!(transfer.download(root, folder.path().join("y")).await.is_err());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
}

fn tree(root: &Path, files: &[(&str, &[u8])]) {
    for (path, bytes) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn found(root: &Path) -> Vec<String> {
    let files = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    files.map(|entry| entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn folders_are_copied_with_patterns() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let roots = roots(&workspace).await;
    let source = folder.path().join("source");
    tree(
        &source,
        &[("a.csv", b"1"), ("deep/er/b c.csv", b"22"), ("deep/ü.txt", b"333"), ("tmp/d.csv", b"4")],
    );
    let from = source.to_str().unwrap();
    for (at, root) in roots.iter().enumerate() {
        let to = format!("{root}/tree");
        let transfer = workspace.transfer().include("**/*.csv").unwrap().exclude("tmp/**").unwrap();
        let planned = transfer.clone().dry_run(true).copy(from, &to).await.unwrap();
        assert_eq!((planned.copied, planned.bytes), (2, 3));
        assert!(transfer.stat(&to).await.is_err(), "a dry run does nothing");
        let report = transfer.copy(from, &to).await.unwrap();
        assert_eq!((report.copied, report.bytes, report.failed.len()), (2, 3, 0), "{root}");
        let back = folder.path().join(format!("back-{at}"));
        let report = workspace.transfer().copy(&to, back.to_str().unwrap()).await.unwrap();
        assert_eq!((report.copied, report.failed.len()), (2, 0));
        assert_eq!(found(&back), ["a.csv", "deep/er/b c.csv"]);
        // Once more: each file is there, and each is told.
        let again = transfer.copy(from, &to).await.unwrap();
        assert_eq!((again.copied, again.failed.len()), (0, 2));
        // Within the service, from one store to the next.
        let next = format!("{}/from-{at}", roots[(at + 1) % 3]);
        let report = workspace.transfer().copy(&to, &next).await.unwrap();
        assert_eq!((report.copied, report.failed.len()), (2, 0));
        assert_eq!(content(&workspace.transfer(), &format!("{next}/deep/er/b c.csv")).await, b"22");
        workspace.transfer().remove(&to, false).await.unwrap_err();
        workspace.transfer().remove(&to, true).await.unwrap();
        assert!(transfer.stat(&to).await.is_err());
    }
    assert!(
        workspace.transfer().copy(from, "elsewhere").await.unwrap_err().to_string().contains("/Volumes/")
    );
    assert!(workspace.transfer().copy("/no/such/thing", &roots[0]).await.is_err());
    assert!(workspace.transfer().include("[").is_err());
}

#[tokio::test]
async fn a_sync_does_what_is_needed_and_no_more() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let [root, ..] = roots(&workspace).await;
    let source = folder.path().join("source");
    tree(&source, &[("same", b"1"), ("longer", b"2"), ("newer", b"3"), ("sub/gone", b"4")]);
    let (from, to) = (source.to_str().unwrap(), format!("{root}/synced"));
    let sync = workspace.transfer().delete(true);
    let first = sync.sync(from, &to).await.unwrap();
    assert_eq!((first.copied, first.unchanged, first.failed.len()), (4, 0, 0));
    let second = sync.sync(from, &to).await.unwrap();
    assert_eq!((second.copied, second.unchanged), (0, 4));
    std::fs::write(source.join("longer"), b"22").unwrap();
    let newer = std::fs::File::options().write(true).open(source.join("newer")).unwrap();
    newer.set_modified(SystemTime::now() + Duration::from_secs(60)).unwrap();
    std::fs::remove_dir_all(source.join("sub")).unwrap();
    let kept = workspace.transfer().dry_run(true).sync(from, &to).await.unwrap();
    assert_eq!((kept.copied, kept.deleted), (2, 0));
    let third = sync.sync(from, &to).await.unwrap();
    assert_eq!((third.copied, third.unchanged, third.deleted), (2, 1, 2), "the file and its folder are gone");
    let left: Vec<_> = sync.list(&to).collect_all().await.unwrap();
    assert_eq!(left.len(), 3);
    // And the other way.
    let back = folder.path().join("back");
    tree(&back, &[("extra", b"x")]);
    let report = sync.sync(&to, back.to_str().unwrap()).await.unwrap();
    assert_eq!((report.copied, report.deleted), (3, 1));
    assert_eq!(found(&back), ["longer", "newer", "same"]);
}

#[tokio::test]
async fn progress_ends_with_the_whole_file() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let [root, ..] = roots(&workspace).await;
    let from = folder.path().join("from");
    std::fs::write(&from, noise(3 * MIB as usize, 1)).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let transfer = small(&workspace).on_progress(move |progress| log.lock().unwrap().push(progress.clone()));
    transfer.upload(&from, &format!("{root}/x")).await.unwrap();
    assert!(
        told.lock()
            .unwrap()
            .iter()
            .any(|progress| progress.bytes == 3 * MIB && progress.total == Some(3 * MIB))
    );
    told.lock().unwrap().clear();
    transfer.download(&format!("{root}/x"), folder.path().join("to")).await.unwrap();
    let bytes: Vec<u64> = told.lock().unwrap().iter().map(|progress| progress.bytes).collect();
    assert_eq!((bytes.len(), bytes.iter().max()), (3, Some(&(3 * MIB))));
}
