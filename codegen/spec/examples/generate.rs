//! Prints the Rust of one document: `cargo run -p databricks-toolkit-spec --example generate openapi jobs`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: generate FOLDER DOCUMENT".into());
    };
    let document = databricks_toolkit_spec::Document::load(folder.as_ref(), &name)?;
    print!("{}", databricks_toolkit_spec::generate(&document)?);
    Ok(())
}
