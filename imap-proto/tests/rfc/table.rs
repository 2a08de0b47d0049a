//! The table of the README: which RFC is shown by which tests.

use std::path::Path;

struct Row {
    rfc: String,
    /// Command parse, command print, response parse, response print: the files each links to.
    cells: Vec<Vec<String>>,
}

fn rows() -> Vec<Row> {
    let readme = include_str!("../../README.md");
    let lines = readme.lines().skip_while(|line| !line.starts_with("| RFC | what | command parse"));
    let rows: Vec<Row> = lines.skip(2).take_while(|line| line.starts_with('|')).map(row).collect();
    assert!(!rows.is_empty(), "the table is not found");
    rows
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    assert_eq!(cells.len(), 6, "{line}");
    let links = |cell: &&str| {
        let links: Vec<String> = cell
            .split("](")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap_or_default().to_owned())
            .collect();
        assert!(*cell == "–" || !links.is_empty(), "a cell that shows nothing: {line}");
        links
    };
    Row { rfc: cells[0].to_owned(), cells: cells[2..].iter().map(links).collect() }
}

#[test]
fn every_cell_links_to_files_that_show_it() {
    use crate::file::{File, Side};
    let files = File::all();
    let mut linked = Vec::new();
    for row in rows() {
        for (i, cell) in row.cells.iter().enumerate() {
            let side = if i < 2 { Side::Client } else { Side::Server };
            let mut shown = cell.is_empty();
            for link in cell {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(link);
                assert!(path.is_file(), "{}: there is no {link}", row.rfc);
                let name = link.rsplit('/').next().unwrap_or_default();
                let file = files.iter().find(|file| file.name == name);
                shown |= file.is_none_or(|file| file.examples.iter().any(|e| e.side == side));
                linked.push(name.to_owned());
            }
            assert!(shown, "{}: no example of cell {i}", row.rfc);
        }
    }
    for file in &files {
        assert!(linked.contains(&file.name), "{} is in no row", file.name);
    }
}
