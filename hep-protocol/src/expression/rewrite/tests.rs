//! What the engine is handed in place of what was written.

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    let form = if text.contains("{{") || text.contains("{%") { Form::Text } else { Form::Bare };
    let found = rewrite(text, form, Dialect::Hep, &SyntaxConfig::default())
        .map_or_else(|| text.to_owned(), |new| new.text);
    assert_eq!(found, expected);
}

#[test]
fn names_below_what_may_be_missing_are_reached_for() {
    check("x.b.c | default('d')", "(x | hep.reach(\"b\", \"c\")) | default('d')");
    check("x.b is defined", "(x | hep.reach(\"b\")) is defined");
    check("not x.b is not defined", "not (x | hep.reach(\"b\")) is not defined");
    check("x['b'].0[k + 1] is undefined", "(x | hep.reach('b', 0, k + 1)) is undefined");
    check("(a or b).c | d", "((a or b) | hep.reach(\"c\")) | d");
    check("x.get('a').b|default(1)", "(x.get('a') | hep.reach(\"b\"))|default(1)");
    check("x | default(y.c) | default(1)", "x | default((y | hep.reach(\"c\"))) | default(1)");
    check("[x.a][0].b | d(1)", "([x.a] | hep.reach(0, \"b\")) | d(1)");
    check("x[1:2][0].b | d(1)", "(x[1:2] | hep.reach(0, \"b\")) | d(1)");
    check("(q.y) | d(1)", "((q | hep.reach(\"y\"))) | d(1)");
    check("(q.y)[0].z is defined", "(((q | hep.reach(\"y\"))) | hep.reach(0, \"z\")) is defined");
    check("((q['a']).b) | d(1)", "((((q | hep.reach('a'))) | hep.reach(\"b\"))) | d(1)");
    check("-x.b | default(1) + 1", "-(x | hep.reach(\"b\")) | default(1) + 1");
    check(
        "x[y.z | d('k')].w | d('e')",
        "(x | hep.reach((y | hep.reach(\"z\")) | d('k'), \"w\")) | d('e')",
    );
    check(
        "a {% if x.b.c is defined and x.b.c %}{{ x.b | default(y.c) }}{% endif %}",
        "a {% if (x | hep.reach(\"b\", \"c\")) is defined and x.b.c %}{{ (x | hep.reach(\"b\")) | default(y.c) }}{% endif %}",
    );
}

#[test]
fn what_is_not_below_a_value_stays_as_it_is() {
    for text in [
        "x | default(1)",
        "x.b",
        "x.b | upper | default(1)",
        "x.b | upper is defined",
        "x.b is string",
        "'is defined'",
        "default.b",
        "a % b",
        "1.5 | default(2)",
        "x.y(1) | default(2)",
        "(x) | default(2)",
        "(-x.y) | default(2)",
        "(x.y, 1) | default(2)",
    ] {
        check(text, text);
    }
}

#[test]
fn a_text_before_a_percent_sign_is_a_format() {
    check("'%s' % 'x'", "'%s' | format( 'x')");
    check("'%s-%s' % (a, b.c)", "'%s-%s' | format (a, b.c)");
    check("'%s' % (a)", "'%s' | format( (a))");
    check("'%05d' % n | int ~ 'x'", "'%05d' | format( n | int) ~ 'x'");
    check("'%s' % x.y[0].z() == 'a'", "'%s' | format( x.y[0].z()) == 'a'");
    check("a * '2' % 3", "a * '2' % 3");
}

#[test]
fn places_are_those_of_what_was_written() {
    let text = "x.b.c | default(nope + 1)";
    let new = rewrite(text, Form::Bare, Dialect::Hep, &SyntaxConfig::default()).unwrap();
    let at = new.text.find("nope").unwrap();
    assert_eq!(text.get(new.written(at..at + 4)), Some("nope"));
    assert_eq!(new.written(0..new.text.len()), 0..text.len());
}
