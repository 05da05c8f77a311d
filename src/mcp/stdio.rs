//! JSON-RPC over standard input and output, one message a line.
//!
//! Like rmcp's own transport, but it answers what cannot be read: a line that is not JSON or too
//! long gets a JSON-RPC error, where silence would leave the client waiting.

use std::io;
use std::sync::Arc;

use rmcp::service::{RoleServer, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::io::{StdioReader, StdioWriter, stdio_pipes};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::Mutex;

/// Longest line that is read.
const LONGEST: usize = 16 * 1024 * 1024;

/// Messages as lines.
pub(super) struct Lines<R, W> {
    reader: BufReader<R>,
    writer: Arc<Mutex<Option<W>>>,
    line: Vec<u8>,
}

impl Lines<StdioReader, StdioWriter> {
    pub(super) fn new() -> Self {
        let (reader, writer) = stdio_pipes();
        Self::over(reader, writer)
    }
}

impl<R: AsyncRead + Send + Unpin, W: AsyncWrite + Send + Unpin> Lines<R, W> {
    fn over(reader: R, writer: W) -> Self {
        Self { reader: BufReader::new(reader), writer: Arc::new(Mutex::new(Some(writer))), line: Vec::new() }
    }

    /// Reads a line into the buffer; its length may be over the limit, what is beyond is dropped.
    /// Cancel-safe: what was read stays in the buffer.
    async fn read_line(&mut self) -> io::Result<Option<usize>> {
        let mut length = self.line.len();
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                return Ok((length > 0).then_some(length));
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(available.len(), |end| end + 1);
            length += used;
            if self.line.len() <= LONGEST {
                self.line.extend_from_slice(&available[..used]);
            }
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(length));
            }
        }
    }
}

async fn write<W: AsyncWrite + Unpin>(
    writer: &Mutex<Option<W>>,
    message: &impl serde::Serialize,
) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    match writer.lock().await.as_mut() {
        Some(writer) => {
            writer.write_all(&line).await?;
            writer.flush().await
        }
        None => Err(io::ErrorKind::NotConnected.into()),
    }
}

/// A message, or the JSON-RPC error that answers a line which is none; nothing for a blank line.
fn parse(line: &[u8], length: usize) -> Option<Result<RxJsonRpcMessage<RoleServer>, Value>> {
    let error = |id: Value, code: i32, message: String| json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } });
    if length > LONGEST {
        let message = format!("the message has {length} bytes; the limit is {LONGEST}");
        return Some(Err(error(Value::Null, -32600, message)));
    }
    if line.trim_ascii().is_empty() {
        return None;
    }
    let value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(problem) => return Some(Err(error(Value::Null, -32700, format!("not JSON: {problem}")))),
    };
    let id = value.get("id").cloned().unwrap_or(Value::Null);
    match serde_json::from_value(value) {
        Ok(message) => Some(Ok(message)),
        Err(problem) => Some(Err(error(id, -32600, format!("not a JSON-RPC message of MCP: {problem}")))),
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let writer = Arc::clone(&self.writer);
        async move { write(&writer, &item).await }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let length = match self.read_line().await {
                Ok(length) => length?,
                Err(error) => {
                    tracing::warn!(%error, "standard input cannot be read");
                    return None;
                }
            };
            let parsed = parse(&self.line, length);
            self.line.clear();
            match parsed {
                Some(Ok(message)) => return Some(message),
                Some(Err(answer)) => {
                    tracing::warn!(%answer, "a line that is no message");
                    write(&self.writer, &answer).await.ok()?;
                }
                None => {}
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.writer.lock().await.take();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn answers(input: &[u8]) -> (usize, String) {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let mut lines = Lines::over(input, server);
        let mut messages = 0;
        while lines.receive().await.is_some() {
            messages += 1;
        }
        lines.close().await.unwrap();
        drop(lines);
        let mut text = String::new();
        let mut client = client;
        client.read_to_string(&mut text).await.unwrap();
        (messages, text)
    }

    #[tokio::test]
    async fn what_is_no_message_is_answered_and_the_next_is_read() {
        let (messages, answers) = answers(
            b"{oops\n\n{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":5}\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n",
        )
        .await;
        assert_eq!(messages, 1);
        let lines: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["error"]["code"], -32700);
        assert_eq!(lines[0]["id"], Value::Null);
        assert_eq!(lines[1]["error"]["code"], -32600);
        assert_eq!(lines[1]["id"], 7);
    }

    #[tokio::test]
    async fn a_line_over_the_limit_is_refused() {
        let mut input = vec![b'x'; LONGEST + 10];
        input.push(b'\n');
        input.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
        let (messages, answers) = answers(&input).await;
        assert_eq!(messages, 1);
        assert!(answers.contains("the limit is 16777216"), "{answers}");
    }
}
