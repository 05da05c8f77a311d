//! Imports a wheel, writes its documents into a new folder, and says what it found and how long each step took:
//! `cargo run --release -p databricks-toolkit-import --example import WHEEL FOLDER`.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use databricks_toolkit_import as import;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(wheel), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: import WHEEL FOLDER".into());
    };
    let start = Instant::now();
    let wheel = import::Wheel::open(Path::new(&wheel), None)?;
    let opened = start.elapsed();
    let imported = import::import(&wheel)?;
    let read = start.elapsed();
    import::write(&imported, Path::new(&folder))?;
    let written = start.elapsed();
    print!("{}", imported.report);
    println!("opened in {opened:.2?}, read in {:.2?}, written in {:.2?}", read - opened, written - read);
    println!("import: {:.2} s", written.as_secs_f64());
    Ok(())
}
