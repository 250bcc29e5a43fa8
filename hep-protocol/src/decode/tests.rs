//! Rendered parameters: what decodes, and the words about what does not.

use super::*;
use serde_json::json;

fn check(module: &str, params: Json, expected: &str) {
    let sentence = match TaskSpec::from_json(module, &params) {
        Ok(spec) => spec.params().title(),
        Err(mistake) => {
            let place = mistake.path.join(".");
            let Sentence { message, hint } = mistake.sentence(module);
            format!("{place}: {message}; {}", hint.unwrap_or_default())
        }
    };
    assert_eq!(sentence, expected, "{module}: {params}");
}

#[test]
fn a_text_may_be_given_by_a_number() {
    check("file", json!({"dest": "/a", "content": 5, "mode": 644}), "file /a");
    check("file", json!({"dest": "/a", "content": true, "owner": 0}), "file /a");
    check("apt", json!({"package": "nginx"}), "install nginx");
    check("apt", json!({"package": ["nginx", "curl"]}), "install nginx, curl");
}

#[test]
fn a_wrong_value_is_refused_with_its_way() {
    check(
        "apt",
        json!({"package": "nginx", "cache_valid_time": "3600"}),
        "cache_valid_time: `cache_valid_time` takes a whole number, found the text `3600`; \
         end the expression with `| int`",
    );
    check(
        "apt",
        json!({"package": ["nginx", "b ad"]}),
        "package.1: `b ad` is not a package name; write several packages as a list: `[a, b]`",
    );
    check(
        "file",
        json!({"dest": "/a", "mode": "0999"}),
        "mode: `0999` is not a mode; write octal digits such as `0644`, or clauses such as `u=rw,g=r,o=`",
    );
    check(
        "file",
        json!({"dest": "/a", "recurse": "yes"}),
        "recurse: `recurse` takes `true` or `false`, found the text `yes`; end the expression with `| bool`",
    );
    check(
        "file",
        json!({"dest": "/a", "owner": null}),
        "owner: `owner` has no value; end the expression with `| default(omit)` to leave the key out",
    );
    check(
        "file",
        json!({"content": "x"}),
        ": `file` needs the parameter `dest`; add `dest: ...` below `file`",
    );
    check("file", json!([]), ": `file` takes a mapping, found a list; write `{key: value}`");
}

#[test]
fn parameters_are_checked_together() {
    check(
        "file",
        json!({"dest": "/a", "src": "x", "content": "y"}),
        "content: `src` and `content` both set the content of the file; keep one of them",
    );
}

#[test]
fn names_that_are_not_known_are_told_the_nearest() {
    let mistake = TaskSpec::from_json("file", &json!({"dest": "/a", "onwer": "x"}));
    let hint = mistake.expect_err("no such key").sentence("file").hint.unwrap_or_default();
    assert!(hint.starts_with("did you mean `owner`? `file` has action, dest"), "{hint}");
    assert!(TaskSpec::from_json("fiel", &json!({})).is_err());
}
