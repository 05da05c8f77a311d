//! Serves a sandbox until its input ends: `cargo run -p databricks-sandbox --example serve -- [folder]`. With `STRICT=1`,
//! answers that differ from the API's documents become errors.

use databricks_sandbox::{Error, Sandbox};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut builder = Sandbox::builder().strict(std::env::var_os("STRICT").is_some());
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
