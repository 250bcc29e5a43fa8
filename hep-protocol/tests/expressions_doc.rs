//! docs/expressions.md has every filter, test and function, as the code has them. `HEP_REFRESH=1` writes its tables anew.

use hep_protocol::expression::{Documented, FILTERS, FUNCTIONS, TESTS};
use std::path::Path;
use std::{env, fs};

#[test]
fn the_tables_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/expressions.md");
    let found = fs::read_to_string(&path).expect("docs/expressions.md");
    let mut expected = found.clone();
    for (name, rows) in [("filters", FILTERS), ("tests", TESTS), ("functions", FUNCTIONS)] {
        let start = format!("<!-- {name} -->\n");
        let (before, rest) = expected.split_once(&start).expect("a marker");
        let (_, after) = rest.split_once("<!-- end -->").expect("the table's end");
        expected = format!("{before}{start}{}<!-- end -->{after}", table(rows));
    }
    if env::var_os("HEP_REFRESH").is_some() {
        fs::write(&path, &expected).expect("written");
    } else {
        assert!(found == expected, "docs/expressions.md is old: run this test with HEP_REFRESH=1");
    }
}

fn table(rows: &[Documented]) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let row = |row: &Documented| {
        let (what, example) = (cell(row.what), cell(row.example));
        format!("| `{}` | {what} | `{example}` | `{}` |\n", row.name, cell(row.gives))
    };
    let rows: String = rows.iter().map(row).collect();
    format!("| name | what it gives | example | gives |\n|---|---|---|---|\n{rows}")
}

#[test]
fn the_lists_are_sorted_and_have_each_name_once() {
    for rows in [FILTERS, TESTS, FUNCTIONS] {
        let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
    }
}
