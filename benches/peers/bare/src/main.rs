//! What listing clusters costs with reqwest and a parser alone: `bare HOST CALLS` prints the times in ms, one a line.

use std::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let host = arguments.next().expect("the host");
    let calls: usize = arguments.next().and_then(|calls| calls.parse().ok()).expect("the number of calls");
    let client = reqwest::Client::new();
    let url = format!("{host}/api/2.1/clusters/list");
    for _ in 0..calls {
        let began = Instant::now();
        let answer = client.get(&url).bearer_auth("token").send().await.expect("an answer");
        let body = answer.bytes().await.expect("a body");
        let parsed: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
        assert!(parsed["clusters"].is_array());
        println!("{milliseconds}");
    }
}
