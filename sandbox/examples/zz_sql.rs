//! scratch
use databricks_sandbox::sql::{Engine, Session};
use std::io::Read;
#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    for statement in text.split(";;") {
        let statement = statement.trim();
        if statement.is_empty() { continue; }
        println!("> {statement}");
        let t = std::time::Instant::now();
        match engine.execute(statement, &Session::default()).await {
            Ok(o) => {
                println!("  {:?}", o.columns_info().iter().map(|c| format!("{}:{}", c.name, c.type_text)).collect::<Vec<_>>());
                for r in o.rows().iter().take(12) { println!("  {:?}", r.iter().map(|c| c.as_deref().unwrap_or("NULL")).collect::<Vec<_>>()); }
                println!("  ({} rows, {:?})", o.row_count(), t.elapsed());
            }
            Err(e) => println!("  ERROR {e}"),
        }
    }
}
