//! The floors and the climbs that are left, as ARCHITECTURE.md lists them.

use super::BTreeMap;

/// All tables of the document that matter here.
#[derive(Default)]
pub(crate) struct Table {
    /// By crate: the files and folders of each floor, from top to bottom.
    pub floors: BTreeMap<String, Vec<Vec<String>>>,
    /// By crate, from, to: how many files climb.
    pub climbs: BTreeMap<(String, String, String), usize>,
}

impl Table {
    /// Reads every table whose head is that of one of the two kinds.
    pub(crate) fn parse(text: &str) -> Self {
        let mut table = Self::default();
        let mut kind = Kind::Other;
        for line in text.lines() {
            let Some(row) = line.strip_prefix('|') else {
                kind = Kind::Other;
                continue;
            };
            let cells: Vec<&str> = row.trim_end().trim_end_matches('|').split('|').map(str::trim).collect();
            match (&kind, cells.as_slice()) {
                (_, ["crate", "floor", "files and folders"]) => kind = Kind::Floors,
                (_, ["crate", "climb", "files"]) => kind = Kind::Climbs,
                (_, [first, ..]) if first.starts_with('-') => {}
                (Kind::Floors, [name, _, files]) => {
                    table.floors.entry((*name).to_owned()).or_default().push(quoted(files));
                }
                (Kind::Climbs, [name, climb, files]) => {
                    let [from, to]: [String; 2] = quoted(climb).try_into().expect("a climb is `from` → `to`");
                    let files = files.parse().expect("a number of files");
                    assert!(
                        table.climbs.insert(((*name).to_owned(), from, to), files).is_none(),
                        "listed twice: {line}"
                    );
                }
                _ => {}
            }
        }
        table
    }
}

enum Kind {
    Floors,
    Climbs,
    Other,
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
