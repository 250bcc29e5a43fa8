//! Documents in which another program encrypted the values: as plain texts they would reach hosts.

use super::Node;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use std::sync::Arc;

/// How encrypted values begin, and what encrypts so.
const MARKS: [(&str, &str); 2] = [("ENC[AES256_GCM,", "sops"), ("ENC[PKCS7,", "eyaml")];

/// What is wrong with a document with such values.
pub(super) fn problem(source: &Arc<Source>, root: &Node) -> Option<Diagnostic> {
    let (mark, program) = MARKS.into_iter().find(|(mark, _)| source.text.contains(mark))?;
    if !root.any_text(&|text| text.trim_start().starts_with(mark)) {
        return None;
    }
    let at = source.text.find(mark)?;
    let message = format!("this is encrypted with {program}, which hep cannot decrypt");
    let path = source.path.display();
    let hint = match program {
        "sops" => format!(
            "remove the file here, and hand over what it says: `-e @<(sops decrypt {path})`"
        ),
        _ => format!(
            "remove the file here, and hand over what it says: `-e @<(eyaml decrypt -e {path})`"
        ),
    };
    Some(Diagnostic::at(source, Span::new(at, at + mark.len()), message).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use crate::source::Source;
    use std::path::Path;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let source = Source::from_bytes(Path::new("vars.yml"), text.into()).unwrap();
        let (root, problems) = parse(&source);
        let said = problems.to_string();
        assert_eq!(said.lines().next().unwrap_or_default(), expected, "{said}");
        assert_eq!(root.is_some_and(|root| root.has_broken()), !expected.is_empty());
    }

    #[test]
    fn encrypted_values_are_no_values() {
        let sops = "error: this is encrypted with sops, which hep cannot decrypt";
        let value = "ENC[AES256_GCM,data:abc=,iv:def=,tag:ghi=,type:str]";
        check(&format!("a: {value}\nsops: {{mac: x, version: 3.7.3}}\n"), sops);
        check(&format!("{{\"a\": {{\"b\": [\"{value}\"]}}, \"sops\": {{}}}}"), sops);
        check(
            "a: >\n  ENC[PKCS7,MIIB]\n",
            "error: this is encrypted with eyaml, which hep cannot decrypt",
        );
        check("sops: {version: 3.9.0}\n", "");
        check("# ENC[AES256_GCM, is how it begins\na: 1\n", "");
    }
}
