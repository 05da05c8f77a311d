//! The official Python SDK, in a process of its own that reads the listing whenever it is asked.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::contenders::Contender;

/// Answers each line with a line; its clock runs from the bytes in memory to the typed listing.
const PROGRAM: &str = include_str!("official.py");

/// The process, and what it says of itself.
pub struct Official {
    process: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    version: String,
}

impl Official {
    pub fn start(python: &str, listing: &Path) -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(python)
            .args(["-c", PROGRAM])
            .arg(listing)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{python}: {error}"))?;
        let (Some(asks), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("no pipes to the interpreter".into());
        };
        let answers = BufReader::new(answers);
        let mut official = Self { process, asks, answers, version: String::new() };
        official.version = official.ask("version")?;
        Ok(official)
    }

    fn ask(&mut self, what: &str) -> Result<String, Box<dyn Error>> {
        writeln!(self.asks, "{what}")?;
        let mut answer = String::new();
        match self.answers.read_line(&mut answer)? {
            0 => Err("the interpreter ended; does it have databricks-sdk?".into()),
            _ => Ok(answer.trim().to_owned()),
        }
    }
}

impl Contender for Official {
    fn name(&self) -> String {
        format!("databricks-sdk {}", self.version)
    }

    fn read(&mut self) -> Result<Duration, Box<dyn Error>> {
        Ok(Duration::from_secs_f64(self.ask("read")?.parse()?))
    }

    fn keeps_all(&mut self) -> Result<bool, Box<dyn Error>> {
        Ok(self.ask("keeps")? == "True")
    }
}

impl Drop for Official {
    fn drop(&mut self) {
        // It would end by itself with its input; nothing is lost if it has already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
