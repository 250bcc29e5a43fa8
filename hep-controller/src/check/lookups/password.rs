//! The lookup `password`: what a file holds, or else a new password, which the file holds from then on.

use super::{Answer, Looking, Programs, expanded, text_of, wrong};
use hep_protocol::expression::{Lookup, Trouble, seeded_choice};
use serde_json::{Map, Value};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// How long a password is without `length`, in characters, and the longest there is.
const LENGTH: usize = 20;
const LONGEST: usize = 4096;

/// The sets of characters that have a name, as Python's `string` has them.
const SETS: [(&str, &str); 7] = [
    ("ascii_letters", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("ascii_lowercase", "abcdefghijklmnopqrstuvwxyz"),
    ("ascii_uppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("digits", "0123456789"),
    ("hexdigits", "0123456789abcdefABCDEF"),
    ("octdigits", "01234567"),
    ("punctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
];

/// What a password is made of.
struct Recipe {
    length: usize,
    characters: Vec<char>,
    seed: Option<Value>,
}

impl Looking {
    pub(super) fn passwords(&self, asked: &Lookup) -> Answer {
        if let Some(found) = self.answers.found(&asked.key()) {
            return Ok(found);
        }
        asked.terms.iter().map(|term| self.password(&text_of(term), &asked.options)).collect()
    }

    fn password(&self, term: &str, options: &Map<String, Value>) -> Result<Value, Trouble> {
        let mut words = term.split_whitespace();
        let name = words.next().unwrap_or_default();
        let mut options = options.clone();
        for word in words {
            let Some((name, value)) = word.split_once('=') else {
                let message = format!("the lookup `password` takes no word `{word}`");
                return Err(
                    wrong(message).hint("write `/path length=20 chars=ascii_letters,digits`")
                );
            };
            options.insert(name.to_owned(), Value::from(value));
        }
        if options.contains_key("encrypt") {
            let hint = "look up the password, and keep its hash in a variable";
            return Err(wrong("the lookup `password` makes no hash here (`encrypt`)").hint(hint));
        }
        let recipe = Recipe::of(&options)?;
        if name == "/dev/null" {
            return match self.programs {
                Programs::Leave if recipe.seed.is_none() => {
                    Err(Trouble::unknown("a password that is made by chance"))
                }
                Programs::Leave | Programs::Start | Programs::Doubtful => {
                    recipe.made().map(Value::from)
                }
            };
        }
        let root = self.roots.last().map_or(Path::new("."), |root| root);
        let path = root.join(expanded(name));
        let cannot = |doing: &str, error: io::Error| {
            wrong(format!("cannot {doing} `{}`: {}", path.display(), crate::source::plain(&error)))
        };
        if path.exists() {
            let text = crate::open::text(&path).map_err(|error| cannot("read", error))?;
            let line = text.lines().next().unwrap_or_default();
            // Behind it stand the salt and kind of a hash that Ansible once made.
            let end = line.find(" salt=").or_else(|| line.find(" ident="));
            return Ok(Value::from(line.get(..end.unwrap_or(line.len())).unwrap_or(line)));
        }
        if self.programs != Programs::Start {
            return Err(Trouble::unknown(format!("the password of `{}`", path.display())));
        }
        let made = recipe.made()?;
        if let Some(directory) = path.parent() {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
            made.map_err(|error| cannot("make the directory of", error))?;
        }
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| file.write_all(format!("{made}\n").as_bytes()));
        written.map_err(|error| cannot("write", error))?;
        Ok(Value::from(made))
    }
}

impl Recipe {
    fn of(options: &Map<String, Value>) -> Result<Self, Trouble> {
        let length = match options.get("length") {
            None => LENGTH,
            Some(length) => text_of(length)
                .parse()
                .ok()
                .filter(|length| (1..=LONGEST).contains(length))
                .ok_or_else(|| {
                    let message = format!("a password cannot have the length {length}");
                    wrong(message).hint(format!("write a whole number from 1 to {LONGEST}"))
                })?,
        };
        let sets = match options.get("chars") {
            None => vec!["ascii_letters".to_owned(), "digits".to_owned(), ".,:-_".to_owned()],
            Some(Value::Array(sets)) => sets.iter().map(text_of).collect(),
            Some(sets) => comma_separated(&text_of(sets)),
        };
        let set = |name: &String| {
            let known = SETS.iter().find(|(known, _)| known == name);
            known.map_or_else(|| name.clone(), |(_, set)| (*set).to_owned())
        };
        let characters: Vec<char> = sets.iter().map(set).collect::<String>().chars().collect();
        if characters.is_empty() {
            let hint = "write names of sets, such as `ascii_letters,digits`, or characters";
            return Err(wrong("`chars` has no character").hint(hint));
        }
        Ok(Self { length, characters, seed: options.get("seed").cloned() })
    }

    fn made(&self) -> Result<String, Trouble> {
        let count = self.characters.len();
        let places = match &self.seed {
            Some(seed) => seeded_choice(seed, count, self.length)?,
            None => by_chance(count, self.length).map_err(|error| {
                wrong(format!("cannot read chance: {}", crate::source::plain(&error)))
            })?,
        };
        Ok(places.into_iter().filter_map(|place| self.characters.get(place)).collect())
    }
}

/// `a,,b` has a comma among its characters, as in Ansible.
fn comma_separated(text: &str) -> Vec<String> {
    let (text, comma) = match text.contains(",,") {
        true => (text.replace(",,", ","), Some(",".to_owned())),
        false => (text.to_owned(), None),
    };
    let parts = text.split(',').filter(|part| !part.is_empty()).map(str::to_owned);
    parts.chain(comma).collect()
}

/// So many numbers below `limit`, each as likely as the others.
fn by_chance(limit: usize, count: usize) -> io::Result<Vec<usize>> {
    let mut source = fs::File::open("/dev/urandom")?;
    let limit = u32::try_from(limit).unwrap_or(u32::MAX).max(1);
    // Numbers above the last whole multiple would make some places likelier.
    let fair = u32::MAX - u32::MAX % limit;
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count {
        let mut bytes = [0; 4];
        source.read_exact(&mut bytes)?;
        let number = u32::from_ne_bytes(bytes);
        if number < fair {
            chosen.push((number % limit) as usize);
        }
    }
    Ok(chosen)
}
