//! Numbers as Python reads and writes them.

use super::super::{Registry, defined, described, refuse};
use super::argument;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, Value};

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("int", int);
    engine.add_filter("float", float);
    engine.add_filter("log", |value: &Value, base: Option<f64>, kwargs: Kwargs| {
        let base = base.or(kwargs.get("base")?);
        let number = number(value, "log")?;
        Ok::<_, Error>(match base {
            Some(10.0) => number.log10(),
            Some(2.0) => number.log2(),
            Some(base) => number.ln() / base.ln(),
            None => number.ln(),
        })
    });
    engine.add_filter("pow", |value: &Value, exponent: f64| {
        number(value, "pow").map(|number| number.powf(exponent))
    });
    engine.add_filter("root", |value: &Value, base: Option<f64>, kwargs: Kwargs| {
        let base = base.or(kwargs.get("base")?).unwrap_or(2.0);
        let number = number(value, "root")?;
        let root = if base == 2.0 { number.sqrt() } else { number.powf(1.0 / base) };
        Ok::<_, Error>(root)
    });
    engine.add_filter("round", round);
    engine.add_filter("human_readable", human_readable);
    engine.add_filter("human_to_bytes", human_to_bytes);
    engine.add_filter("filesizeformat", filesizeformat);
    engine.add_test("nan", |value: &Value| f64::try_from(value.clone()).is_ok_and(f64::is_nan));
}

fn number(value: &Value, filter: &str) -> Result<f64, Error> {
    let number = match defined(value)?.kind() {
        ValueKind::Number | ValueKind::Bool => float_of(value),
        _ => None,
    };
    number.ok_or_else(|| refuse(format!("`{filter}` takes a number, found {}", described(value))))
}

fn float_of(value: &Value) -> Option<f64> {
    match value.kind() {
        ValueKind::Bool => Some(if value.is_true() { 1.0 } else { 0.0 }),
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::String => digits(value.as_str()?.trim())?.parse().ok(),
        _ => None,
    }
}

/// A number's text without the underscores that Python allows between digits.
fn digits(text: &str) -> Option<String> {
    let odd = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    (!odd).then(|| text.replace('_', ""))
}

fn int(
    value: &Value,
    default: Option<Value>,
    base: Option<u32>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let default = argument(default.as_ref(), &kwargs, "default")?;
    let base = base.or(kwargs.get("base")?).unwrap_or(10);
    kwargs.assert_all_used()?;
    let number = match defined(value)?.kind() {
        ValueKind::Bool => Some(Value::from(i64::from(value.is_true()))),
        ValueKind::Number if value.is_integer() => Some(value.clone()),
        ValueKind::Number => float_of(value).and_then(whole),
        ValueKind::String => {
            digits(value.as_str().unwrap_or_default().trim()).and_then(|text| parsed(&text, base))
        }
        _ => None,
    };
    Ok(number.or(default).unwrap_or_else(|| Value::from(0)))
}

fn parsed(text: &str, base: u32) -> Option<Value> {
    let (sign, bare) = match text.strip_prefix('-') {
        Some(bare) => ("-", bare),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = bare.to_lowercase();
    let bare = match base {
        2 => lower.strip_prefix("0b"),
        8 => lower.strip_prefix("0o"),
        16 => lower.strip_prefix("0x"),
        _ => None,
    }
    .unwrap_or(&lower);
    let signed = |bare: &str| format!("{sign}{bare}");
    let number = match base {
        2..=36 => i128::from_str_radix(&signed(bare), base).ok().map(Value::from),
        _ => None,
    };
    number.or_else(
        || {
            if base == 10 { signed(bare).parse::<f64>().ok().and_then(whole) } else { None }
        },
    )
}

fn whole(value: f64) -> Option<Value> {
    // Far beyond, a float no longer tells whole numbers apart.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the decimals go, and the range is checked"
    )]
    (value.abs() < 1e30).then_some(value as i128).map(Value::from)
}

fn float(value: &Value, default: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    let default = argument(default.as_ref(), &kwargs, "default")?;
    kwargs.assert_all_used()?;
    let number = float_of(defined(value)?).map(Value::from);
    Ok(number.or(default).unwrap_or_else(|| Value::from(0.0)))
}

/// Python's: halves go to the even neighbour of what the binary number really is, and a whole number stays one.
fn round(
    value: &Value,
    precision: Option<i32>,
    method: Option<String>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let precision = precision.or(kwargs.get("precision")?).unwrap_or(0);
    let method = method.or(kwargs.get("method")?).unwrap_or_else(|| "common".to_owned());
    kwargs.assert_all_used()?;
    let number = number(value, "round")?;
    let scale = 10_f64.powi(precision);
    let rounded = match method.as_str() {
        "common" if precision >= 0 => {
            let places = usize::try_from(precision).unwrap_or_default().min(300);
            // Formatting rounds what the binary number really is.
            format!("{number:.places$}").parse().unwrap_or(number)
        }
        "common" => (number * scale).round_ties_even() / scale,
        "ceil" => (number * scale).ceil() / scale,
        "floor" => (number * scale).floor() / scale,
        other => return Err(refuse(format!("`round` has no method `{other}`"))),
    };
    let is_whole = value.is_integer() && method == "common";
    Ok(Some(rounded).filter(|_| is_whole).and_then(whole).unwrap_or_else(|| Value::from(rounded)))
}

const UNITS: [(char, f64); 8] = [
    ('Y', 1_208_925_819_614_629_174_706_176.0),
    ('Z', 1_180_591_620_717_411_303_424.0),
    ('E', 1_152_921_504_606_846_976.0),
    ('P', 1_125_899_906_842_624.0),
    ('T', 1_099_511_627_776.0),
    ('G', 1_073_741_824.0),
    ('M', 1_048_576.0),
    ('K', 1024.0),
];

fn human_readable(
    value: &Value,
    bits: Option<bool>,
    unit: Option<String>,
    kwargs: Kwargs,
) -> Result<String, Error> {
    let bits = bits.or(kwargs.get("isbits")?).unwrap_or(false);
    let unit = unit.or(kwargs.get("unit")?).map(|unit| unit.to_uppercase());
    kwargs.assert_all_used()?;
    let size = float_of(defined(value)?).ok_or_else(|| {
        refuse(format!("`human_readable` takes a number, found {}", described(value)))
    })?;
    let found = UNITS.iter().find(|(letter, limit)| match &unit {
        Some(unit) => unit.starts_with(*letter),
        None => size >= *limit,
    });
    let (letter, limit) = found.map_or((None, 1.0), |(letter, limit)| (Some(*letter), *limit));
    let base = if bits { 'b' } else { 'B' };
    let name = match letter {
        Some(letter) => format!("{letter}{base}"),
        None if bits => "bits".to_owned(),
        None => "Bytes".to_owned(),
    };
    Ok(format!("{:.2} {name}", size / limit))
}

fn human_to_bytes(
    value: &Value,
    default_unit: Option<String>,
    bits: Option<bool>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let default_unit = default_unit.or(kwargs.get("default_unit")?);
    let bits = bits.or(kwargs.get("isbits")?).unwrap_or(false);
    kwargs.assert_all_used()?;
    let text = super::string(value)?;
    let wrong = || refuse(format!("`human_to_bytes`: this is no size: {text}"));
    let trimmed = text.trim();
    let end = trimmed
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'))
        .unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let unit = match (unit.trim(), &default_unit) {
        ("", Some(default)) => default.as_str(),
        (unit, _) => unit,
    };
    let mut letters = unit.chars();
    let factor = match letters.next().map(|letter| letter.to_ascii_uppercase()) {
        None => 1.0,
        Some('B') => 1.0,
        Some(letter) => UNITS.iter().find(|(known, _)| *known == letter).ok_or_else(wrong)?.1,
    };
    let rest = letters.as_str();
    let fitting = match (factor == 1.0, bits) {
        (true, _) => matches!(rest, "" | "yte" | "ytes" | "it" | "its"),
        (false, true) => matches!(rest, "" | "b" | "bit" | "bits"),
        (false, false) => matches!(rest, "" | "B" | "byte" | "bytes" | "iB"),
    };
    if !fitting {
        return Err(wrong());
    }
    whole((number * factor).round_ties_even()).ok_or_else(wrong)
}

fn filesizeformat(value: &Value, binary: Option<bool>, kwargs: Kwargs) -> Result<String, Error> {
    let binary = binary.or(kwargs.get("binary")?).unwrap_or(false);
    kwargs.assert_all_used()?;
    let size = float_of(defined(value)?).ok_or_else(|| {
        refuse(format!("`filesizeformat` takes a number, found {}", described(value)))
    })?;
    let base = if binary { 1024.0 } else { 1000.0 };
    if size < base {
        return Ok(if size == 1.0 { "1 Byte".to_owned() } else { format!("{size:.0} Bytes") });
    }
    let names = if binary {
        ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
    } else {
        ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
    };
    let mut unit = base;
    for name in names {
        unit *= base;
        if size < unit {
            return Ok(format!("{:.1} {name}", base * size / unit));
        }
    }
    Ok(format!("{:.1} YB", base * size / unit))
}
