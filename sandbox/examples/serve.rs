//! Serves a sandbox until it is interrupted: `cargo run -p databricks-sandbox --example serve -- [folder]`.

use databricks_sandbox::{Error, Sandbox};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut builder = Sandbox::builder();
    if let Some(dir) = std::env::args_os().nth(1) {
        builder = builder.dir(dir);
    }
    let sandbox = builder.start().await?;
    println!("export DATABRICKS_HOST={} DATABRICKS_TOKEN={}", sandbox.url(), sandbox.token());
    // standard input ends when whoever started this goes away
    let mut line = String::new();
    while tokio::task::block_in_place(|| std::io::stdin().read_line(&mut line)).is_ok_and(|read| read > 0) {}
    sandbox.shutdown().await;
    Ok(())
}
