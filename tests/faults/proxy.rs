//! A proxy between a client and a server, which does to their connections what networks do.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::MockServer;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Reset as soon as it is made.
    Reset,
    /// Reset when the request is through and this many bytes of the answer are back.
    ResetAfter(usize),
    /// Closed in order then, which is no error of the socket.
    CloseAfter(usize),
    /// Left open then, and silent.
    StallAfter(usize),
    /// The answer comes in pieces of this many bytes, so long after each other.
    Slow(usize, Duration),
}

/// Meets the first connections with these faults, one each, and lets all others through.
pub(crate) struct Proxy {
    pub host: String,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn start(server: &MockServer, faults: impl IntoIterator<Item = Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let (server, connections) = (*server.address(), Arc::new(AtomicUsize::new(0)));
        let faults = Mutex::new(faults.into_iter().collect::<VecDeque<_>>());
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let fault = faults.lock().unwrap().pop_front();
                // What fails here is what the test is about.
                tokio::spawn(async move { drop(serve(stream, server, fault).await) });
            }
        });
        Self { host, connections }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(mut client: TcpStream, server: SocketAddr, fault: Option<Fault>) -> std::io::Result<()> {
    if let Some(Fault::Reset) = fault {
        return client.set_zero_linger();
    }
    let mut server = TcpStream::connect(server).await?;
    let Some(fault) = fault else {
        return tokio::io::copy_bidirectional(&mut client, &mut server).await.map(drop);
    };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let forth = async { tokio::io::copy(&mut from_client, &mut to_server).await.map(drop) };
    let back = async {
        let mut sent = 0;
        let mut piece = [0; 1024];
        loop {
            let (limit, pause) = match fault {
                Fault::Slow(size, pause) => (size, pause),
                Fault::ResetAfter(all) | Fault::CloseAfter(all) | Fault::StallAfter(all) => {
                    // The server has the whole request when it begins to answer.
                    if sent == 0 {
                        from_server.readable().await?;
                    }
                    (all - sent, Duration::ZERO)
                }
                Fault::Reset => (0, Duration::ZERO),
            };
            if limit == 0 {
                return Ok(());
            }
            let read = from_server.read(&mut piece[..limit.min(1024)]).await?;
            if read == 0 {
                return Ok(());
            }
            to_client.write_all(&piece[..read]).await?;
            sent += read;
            tokio::time::sleep(pause).await;
        }
    };
    tokio::select! {
        done = forth => done,
        done = back => done,
    }?;
    match fault {
        Fault::ResetAfter(_) => client.set_zero_linger(),
        Fault::StallAfter(_) => std::future::pending().await,
        _ => Ok(()),
    }
}
