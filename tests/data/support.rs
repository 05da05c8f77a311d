//! What the tests share: the sandbox, a workspace over it, and a server that does what a test says,
//! breaking off in the middle included.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use databricks_sandbox::Sandbox;
use databricks_toolkit::Workspace;
use databricks_toolkit::transport::RetryPolicy;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) async fn sandbox() -> (Sandbox, Workspace) {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let workspace = workspace(sandbox.url(), sandbox.token());
    (sandbox, workspace)
}

pub(crate) fn workspace(host: &str, token: &str) -> Workspace {
    let retry = RetryPolicy::default().first_delay(Duration::from_millis(5));
    Workspace::builder().host(host).token(token).rate_limit(0).retry(retry).build().unwrap()
}

/// A warehouse of the sandbox.
pub(crate) async fn warehouse(workspace: &Workspace) -> String {
    let listed = workspace.warehouses().list().send().await.unwrap();
    listed.warehouses.unwrap()[0].id.clone().unwrap()
}

/// Bytes that no two places of which are alike.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed | 1);
    let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| random.next().to_le_bytes()).collect();
    bytes.truncate(length);
    bytes
}

/// Numbers that are the same in each run (xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// What a client sent.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// First and last byte of the header `range`.
    pub(crate) fn range(&self) -> Option<(usize, usize)> {
        let (first, last) = self.headers.get("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }
}

/// What it is answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// So many bytes of the body are sent, then the connection is cut.
    pub(crate) cut: Option<usize>,
    /// So long nothing is said.
    pub(crate) delay: Duration,
}

impl Reply {
    pub(crate) fn json(value: serde_json::Value) -> Self {
        Self::bytes(value.to_string().into_bytes())
    }

    pub(crate) fn bytes(body: Vec<u8>) -> Self {
        Self { status: 200, body, ..Self::default() }
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self { status, body: body.as_bytes().to_vec(), ..Self::default() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn cut(mut self, at: usize) -> Self {
        self.cut = Some(at);
        self
    }
}

type Answer = dyn Fn(Asked) -> Reply + Send + Sync;

/// A server of one test.
pub(crate) struct Stub {
    pub(crate) url: String,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
    /// The most bytes of a request's body that are read before the connection is cut, for the next one.
    pub(crate) deaf: Arc<Mutex<Option<usize>>>,
}

impl Stub {
    /// `answer` is told the address, which answers may have to name.
    pub(crate) async fn start(answer: impl Fn(&str, Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, deaf) = (Arc::<Mutex<Vec<Asked>>>::default(), Arc::<Mutex<Option<usize>>>::default());
        let (own, log, ears) = (url.clone(), Arc::clone(&asked), Arc::clone(&deaf));
        let answer: Arc<Answer> = Arc::new(move |request| answer(&own, request));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&log), Arc::clone(&ears)));
            }
        });
        Self { url, asked, deaf }
    }

    pub(crate) fn workspace(&self) -> Workspace {
        workspace(&self.url, "dapi-secret")
    }

    /// How many requests there were of this kind.
    pub(crate) fn count(&self, method: &str, part: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.method == method && asked.path.contains(part)).count()
    }
}

async fn serve(
    stream: TcpStream,
    answer: Arc<Answer>,
    log: Arc<Mutex<Vec<Asked>>>,
    deaf: Arc<Mutex<Option<usize>>>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace();
        let (method, target) =
            (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let decoded = |text: &str| percent(&text.replace('+', " "));
        let query = query.split('&').filter_map(|pair| pair.split_once('='));
        let query = query.map(|(name, value)| (decoded(name), decoded(value))).collect();
        let path = percent(path);
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let limit = deaf.lock().unwrap().take_if(|limit| *limit < length);
        if let Some(limit) = limit {
            let mut some = vec![0; limit];
            stream.read_exact(&mut some).await?;
            return Ok(());
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let request = Asked { method: method.clone(), path, query, headers, body };
        log.lock().unwrap().push(request.clone());
        let reply = answer(request);
        tokio::time::sleep(reply.delay).await;
        let mut head = format!("HTTP/1.1 {} Said\r\n", reply.status);
        if !reply.headers.iter().any(|(name, _)| name == "content-length") {
            head.push_str(&format!("content-length: {}\r\n", reply.body.len()));
        }
        for (name, value) in &reply.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await?;
        if method == "HEAD" {
            continue;
        }
        match reply.cut {
            Some(at) if at < reply.body.len() => {
                stream.write_all(&reply.body[..at]).await?;
                return stream.flush().await;
            }
            _ => stream.write_all(&reply.body).await?,
        }
    }
}

fn percent(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        match (first, tail) {
            (b'%', [a, b, after @ ..]) => {
                let digits = [*a, *b];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}
