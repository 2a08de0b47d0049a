//! The table of the README: which RFC is shown by which tests.

use std::path::Path;

/// The RFCs of the scope, and what is no RFC.
const SCOPE: &str = "2177 2342 2683 2971 3348 3501 3502 3516 3691 4314 4315 4466 4467 4469 4551 4731 4959 \
    4978 5032 5161 5182 5255 5256 5258 5267 5464 5465 5466 5530 5788 5819 5957 6154 6203 \
    6237 6851 6855 7162 7377 7888 7889 8437 8438 8440 8457 8474 8508 8514 8970 9051 9208 \
    9394 9585 9586 9590 9698 9738 X-GM-EXT-1 XLIST";

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
fn no_rfc_of_the_scope_is_missing() {
    let rows = rows();
    let named: Vec<&str> = rows.iter().map(|row| row.rfc.as_str()).collect();
    for rfc in SCOPE.split(' ') {
        assert_eq!(named.iter().filter(|name| **name == rfc).count(), 1, "rows of {rfc}");
    }
    assert_eq!(
        named.len(),
        SCOPE.split(' ').count(),
        "rows of what is not in the scope: {named:?}"
    );
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
