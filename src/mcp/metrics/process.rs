//! The process itself, by the names that Prometheus gives them: where Linux tells it.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Looked at when somebody asks.
#[derive(Debug, Default)]
pub(super) struct Process {
    resident: Gauge,
    descriptors: Gauge,
}

impl Process {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let process = Self::default();
        if cfg!(target_os = "linux") {
            let (resident, descriptors) = (process.resident.clone(), process.descriptors.clone());
            registry.register("process_resident_memory_bytes", "Memory of the process", resident);
            registry.register("process_open_fds", "Open files and connections of the process", descriptors);
        }
        process
    }

    pub(super) fn look(&self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse::<i64>().ok());
        if let Some(kilobytes) = kilobytes {
            self.resident.set(kilobytes * 1024);
        }
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            self.descriptors.set(i64::try_from(open.count()).unwrap_or(i64::MAX));
        }
    }
}
