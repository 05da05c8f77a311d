//! Measures a sandbox: its start, TPC-H beside the engine below it, and a long listing. See `benches/sandbox.sh`.
//!
//! ```sh
//! cargo run --release -p databricks-sandbox --example measure -- [start] [tpch] [listing]
//! ```
//!
//! Prints what it measures beside its limit, and ends with 1 where a limit is missed. Ratios are of one run: both sides take
//! turns on the same files.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use databricks_sandbox::Sandbox;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::error::ArrowError;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use reqwest::Client;
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

const TOKEN: &str = "measure";
const QUERIES: &str = include_str!("tpch.sql");

fn main() -> Outcome<ExitCode> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [serve, dir] = asked.as_slice()
        && serve == "serve"
    {
        runtime.block_on(serve_in(Path::new(dir)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|it| it == name);
    let mut held = true;
    if wanted("start") {
        held &= runtime.block_on(start())?;
    }
    if wanted("tpch") {
        held &= runtime.block_on(tpch())?;
    }
    if wanted("listing") {
        held &= runtime.block_on(listing())?;
    }
    Ok(ExitCode::from(u8::from(!held)))
}

/// Prints a figure beside its limit, and says whether it holds.
fn report(what: &str, figure: f64, limit: f64, unit: &str) -> bool {
    let held = figure <= limit;
    println!("{what}: {figure:.2}{unit}, limit {limit:.2}{unit}{}", if held { "" } else { "  MISSED" });
    held
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A process that serves until it is killed.
async fn serve_in(dir: &Path) -> Outcome<()> {
    let sandbox = Sandbox::builder().dir(dir).token(TOKEN).start().await?;
    println!("{}", sandbox.url());
    std::future::pending::<()>().await;
    Ok(())
}

/// From the start of a process to its first answer.
async fn start() -> Outcome<bool> {
    let mut times = Vec::new();
    for _ in 0..21 {
        let dir = tempfile::tempdir()?;
        let began = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg(dir.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let url = BufReader::new(output).lines().next().ok_or("no address")??;
        let answer =
            Client::new().get(format!("{url}/api/2.0/preview/scim/v2/Me")).bearer_auth(TOKEN).send().await?;
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
        assert!(answer.status().is_success());
        child.kill()?;
        child.wait()?;
    }
    Ok(report("start to the first answer, median of 21 new folders", median(times), 150.0, " ms"))
}

/// A client of a sandbox.
struct Caller {
    client: Client,
    sandbox: Sandbox,
    warehouse: String,
}

impl Caller {
    async fn new(dir: &Path) -> Outcome<Self> {
        let sandbox = Sandbox::builder().dir(dir).token(TOKEN).start().await?;
        let client = Client::new();
        let all =
            client.get(format!("{}/api/2.0/sql/warehouses", sandbox.url())).bearer_auth(TOKEN).send().await?;
        let all: Value = all.json().await?;
        let warehouse = all["warehouses"][0]["id"].as_str().ok_or("no warehouse")?.to_owned();
        Ok(Self { client, sandbox, warehouse })
    }

    /// Runs a statement to its end, and gives back how many rows it has.
    async fn run(&self, statement: &str) -> Outcome<usize> {
        let url = format!("{}/api/2.0/sql/statements", self.sandbox.url());
        let body = json!({ "statement": statement, "warehouse_id": self.warehouse, "wait_timeout": "50s" });
        let sent = self.client.post(&url).bearer_auth(TOKEN).json(&body).send().await?;
        let mut answer: Value = sent.json().await?;
        while matches!(answer["status"]["state"].as_str(), Some("PENDING" | "RUNNING")) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let id = answer["statement_id"].as_str().unwrap_or_default();
            answer = self.client.get(format!("{url}/{id}")).bearer_auth(TOKEN).send().await?.json().await?;
        }
        if answer["status"]["state"] != "SUCCEEDED" {
            return Err(format!("{statement}: {}", answer["status"]).into());
        }
        Ok(answer["manifest"]["total_row_count"]
            .as_u64()
            .and_then(|rows| usize::try_from(rows).ok())
            .unwrap_or(0))
    }
}

/// The tables of TPC-H as Parquet files, in the types that the sandbox's samples have.
fn generate(dir: &Path, scale: f64) -> Outcome<Vec<&'static str>> {
    use tpchgen::generators as tpch;
    use tpchgen_arrow as arrow;
    fn write(
        dir: &Path,
        name: &str,
        mut rows: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    ) -> Outcome<()> {
        let first = rows.next().ok_or("a table has no rows")??;
        let file = std::fs::File::create(dir.join(format!("{name}.parquet")))?;
        let mut writer = ArrowWriter::try_new(file, first.schema(), None)?;
        writer.write(&first)?;
        for batch in rows {
            writer.write(&batch?)?;
        }
        writer.close()?;
        Ok(())
    }
    macro_rules! table {
        ($name:literal, $generator:ident, $arrow:ident) => {
            write(dir, $name, arrow::$arrow::new(tpch::$generator::new(scale, 1, 1)))?
        };
    }
    table!("lineitem", LineItemGenerator, LineItemArrow);
    table!("orders", OrderGenerator, OrderArrow);
    table!("customer", CustomerGenerator, CustomerArrow);
    table!("part", PartGenerator, PartArrow);
    table!("partsupp", PartSuppGenerator, PartSuppArrow);
    table!("supplier", SupplierGenerator, SupplierArrow);
    table!("nation", NationGenerator, NationArrow);
    table!("region", RegionGenerator, RegionArrow);
    Ok(vec!["lineitem", "orders", "customer", "part", "partsupp", "supplier", "nation", "region"])
}

/// The 22 queries through the statements API, beside DataFusion on the very files that the sandbox keeps.
async fn tpch() -> Outcome<bool> {
    let scale = std::env::var("SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1.0);
    let (files, dir) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let tables = generate(files.path(), scale)?;
    let caller = Caller::new(dir.path()).await?;
    for table in &tables {
        let place = format!("/Volumes/main/default/files/{table}.parquet");
        let bytes = std::fs::read(files.path().join(format!("{table}.parquet")))?;
        let url = format!("{}/api/2.0/fs/files{place}", caller.sandbox.url());
        caller.client.put(url).bearer_auth(TOKEN).body(bytes).send().await?.error_for_status()?;
        caller.run(&format!("CREATE TABLE {table} AS SELECT * FROM parquet.`{place}`")).await?;
    }
    let context = SessionContext::new_with_config(SessionConfig::new());
    for table in &tables {
        let kept = dir.path().join(format!("catalog/main/default/{table}"));
        context
            .register_parquet(
                *table,
                kept.to_str().ok_or("a path is not UTF-8")?,
                ParquetReadOptions::default(),
            )
            .await?;
    }
    let (mut ours, mut bare) = (0.0, 0.0);
    let queries: Vec<&str> = QUERIES.split(';').map(str::trim).filter(|query| !query.is_empty()).collect();
    for (number, query) in (1..).zip(&queries) {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for turn in 0..6 {
            let began = Instant::now();
            let rows = if turn % 2 == 0 {
                caller.run(query).await?
            } else {
                context.sql(query).await?.collect().await?.iter().map(RecordBatch::num_rows).sum()
            };
            let took = began.elapsed().as_secs_f64();
            if turn % 2 == 0 {
                with.push(took)
            } else {
                without.push(took)
            }
            assert!(rows > 0 || scale < 1.0, "query {number} has no rows");
        }
        let best = |all: &[f64]| all.iter().copied().fold(f64::INFINITY, f64::min);
        let (with, without) = (best(&with), best(&without));
        println!("  query {number:2}: {:6.0} ms, bare {:6.0} ms", with * 1_000.0, without * 1_000.0);
        ours += with;
        bare += without;
    }
    println!(
        "TPC-H at scale {scale}: {} queries, {ours:.2} s through the API, {bare:.2} s bare (best of three each)",
        queries.len()
    );
    caller.sandbox.shutdown().await;
    Ok(report("TPC-H through the statements API over DataFusion called directly", ours / bare, 1.3, " times"))
}

/// Ten thousand jobs, page by page, beside the time that the client alone needs for as many bytes.
async fn listing() -> Outcome<bool> {
    const JOBS: usize = 10_000;
    let dir = tempfile::tempdir()?;
    let caller = Caller::new(dir.path()).await?;
    for at in 0..JOBS {
        let body = json!({ "name": format!("job {at}"), "tasks": [{ "task_key": "one", "notebook_task": { "notebook_path": "/Users/x/y" } }] });
        let url = format!("{}/api/2.2/jobs/create", caller.sandbox.url());
        caller.client.post(url).bearer_auth(TOKEN).json(&body).send().await?.error_for_status()?;
    }
    // the pages once more, from a server that does nothing but send them
    let pages = pages(&caller, &format!("{}/api/2.2/jobs/list", caller.sandbox.url())).await?;
    let total: usize = pages.iter().map(|page| page["jobs"].as_array().map_or(0, Vec::len)).sum();
    assert_eq!(total, JOBS);
    let still = Still::start(&pages).await?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for turn in 0..10 {
        let url = if turn % 2 == 0 {
            format!("{}/api/2.2/jobs/list", caller.sandbox.url())
        } else {
            still.url.clone()
        };
        let began = Instant::now();
        self::pages(&caller, &url).await?;
        if turn % 2 == 0 {
            ours.push(began.elapsed().as_secs_f64())
        } else {
            bare.push(began.elapsed().as_secs_f64())
        }
    }
    let (ours, bare) = (median(ours), median(bare));
    println!(
        "{JOBS} jobs in {} pages: {:.0} ms, from a server that only sends {:.0} ms",
        pages.len(),
        ours * 1_000.0,
        bare * 1_000.0
    );
    caller.sandbox.shutdown().await;
    Ok(report("a listing over the client's own time", ours / bare, 2.0, " times"))
}

async fn pages(caller: &Caller, url: &str) -> Outcome<Vec<Value>> {
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let query = [("limit", "100"), ("page_token", token.as_str())];
        let query = if token.is_empty() { &query[..1] } else { &query[..] };
        let sent = caller.client.get(url).query(query).bearer_auth(TOKEN).send().await?;
        let page: Value = sent.error_for_status()?.json().await?;
        token = page["next_page_token"].as_str().unwrap_or_default().to_owned();
        pages.push(page);
        if token.is_empty() {
            return Ok(pages);
        }
    }
}

/// A server that sends pages that are ready.
struct Still {
    url: String,
}

impl Still {
    async fn start(pages: &[Value]) -> Outcome<Self> {
        use axum::extract::Query;
        use axum::http::header::CONTENT_TYPE;
        use std::collections::HashMap;
        let mut ready: HashMap<String, String> = HashMap::new();
        let mut token = String::new();
        for page in pages {
            ready.insert(token, page.to_string());
            token = page["next_page_token"].as_str().unwrap_or_default().to_owned();
        }
        let ready = Arc::new(ready);
        let answer = move |Query(query): Query<HashMap<String, String>>| {
            let ready = Arc::clone(&ready);
            async move {
                let token = query.get("page_token").cloned().unwrap_or_default();
                ([(CONTENT_TYPE, "application/json")], ready.get(&token).cloned().unwrap_or_default())
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let router = axum::Router::new().route("/", axum::routing::get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url })
    }
}
