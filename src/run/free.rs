//! How much memory is free, by what the system says.

use std::fs;
use std::path::Path;

/// The budget where the system does not say what is free.
const UNKNOWN: u64 = 4 << 30;

/// Half of what is free now: of the machine's memory, and of what the process's control group
/// leaves.
pub(super) fn default_budget() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| field(&text, "MemAvailable:"))
        .map(|kilobytes| kilobytes * 1024);
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let free = left_by_groups(&groups, Path::new("/sys/fs/cgroup"))
        .into_iter()
        .chain(machine)
        .min();
    free.map_or(UNKNOWN, |free| free / 2)
}

/// What the tightest control group leaves, of those named in `/proc/self/cgroup` and the groups
/// around them.
fn left_by_groups(groups: &str, root: &Path) -> Option<u64> {
    let mut least = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let (root, files) = match controllers {
            "" => (
                root.to_path_buf(),
                ["memory.max", "memory.current", "inactive_file"],
            ),
            names if names.split(',').any(|name| name == "memory") => (
                root.join("memory"),
                [
                    "memory.limit_in_bytes",
                    "memory.usage_in_bytes",
                    "total_inactive_file",
                ],
            ),
            _ => continue,
        };
        // In a container the path may be one of the host's: then only the root is there.
        let folder = root.join(path.trim_start_matches('/'));
        let around = folder
            .ancestors()
            .take_while(|folder| folder.starts_with(&root));
        least = around
            .filter_map(|folder| left_by_group(folder, files))
            .chain(least)
            .min();
    }
    least
}

/// The limit less what is used; what files left behind in the page cache goes when it is needed.
fn left_by_group(folder: &Path, [limit, used, cache]: [&str; 3]) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    let cached = read("memory.stat").and_then(|text| field(&text, cache));
    let used = number(used)?.saturating_sub(cached.unwrap_or(0));
    Some(number(limit)?.saturating_sub(used))
}

/// The number after a name, in files of a name and a number a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_whitespace);
    let mut line = lines.find(|line| line.clone().next() == Some(name))?;
    line.nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_control_group_counts() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let left = |groups: &str| left_by_groups(groups, root.path());
        assert_eq!(left("0::/\n"), None);
        write("one/memory.max", "max\n");
        write("one/memory.current", "700\n");
        assert_eq!(left("0::/one\n"), None);
        write("memory.max", "1000\n");
        write("memory.current", "900\n");
        write("memory.stat", "anon 600\ninactive_file 300\n");
        assert_eq!(left("0::/one\n"), Some(400));
        write("memory/memory.limit_in_bytes", "500\n");
        write("memory/memory.usage_in_bytes", "450\n");
        assert_eq!(left("4:cpu:/\n3:memory:/of/the/host\n0::/one\n"), Some(50));
    }
}
