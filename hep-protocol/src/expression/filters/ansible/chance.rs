//! `random` and `shuffle` with a `seed`: Python's generator (the Mersenne Twister, seeded as `random.seed` does it), so
//! that a host gets the same minute of the hour as under Ansible. Without a seed there is no chance here.

use super::super::{Registry, Trouble, advise, refuse, trouble};
use super::{argument, iterated, run};
use crate::expression::{CHANCE, Lookup};
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, State, Value};
use sha2::Digest as _;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("random", random);
    engine.add_filter("random_mac", random_mac);
    engine.add_filter("shuffle", |value: &Value, seed: Option<Value>, kwargs: Kwargs| {
        let seed = argument(seed.as_ref(), &kwargs, "seed")?;
        kwargs.assert_all_used()?;
        let mut items = iterated(value, "shuffle")?;
        if items.len() > 1 {
            let mut twister = Twister::seeded(seed.as_ref(), "shuffle")?;
            for last in (1..items.len()).rev() {
                items.swap(last, twister.index(last.saturating_add(1)));
            }
        }
        Ok::<_, Error>(items)
    });
}

/// So many bytes by chance, which the scope has.
pub(super) fn bytes(state: &State, count: usize) -> Result<Vec<u8>, Error> {
    let asked = Lookup {
        plugin: CHANCE.to_owned(),
        terms: vec![count.into()],
        options: serde_json::Map::new(),
    };
    let without = || refuse("there is no chance here");
    let told = run(state)?.ask(&asked).ok_or_else(without)?.map_err(trouble)?;
    let bytes = told.iter().filter_map(serde_json::Value::as_u64);
    let bytes: Vec<u8> = bytes.filter_map(|byte| u8::try_from(byte).ok()).collect();
    if bytes.len() == count { Ok(bytes) } else { Err(without()) }
}

/// So many places of a list of `count`, chosen as Python chooses them with this seed.
pub(in crate::expression) fn choice(
    seed: &serde_json::Value,
    count: usize,
    times: usize,
) -> Result<Vec<usize>, Trouble> {
    let seed = crate::expression::convert::to_value(seed);
    let mut twister = Twister::seeded(Some(&seed), "password").map_err(Trouble::from_error)?;
    Ok((0..times).map(|_| twister.index(count.max(1))).collect())
}

/// The first bytes of a hardware address, and others for the rest of it.
fn random_mac(value: &Value, seed: Option<Value>, kwargs: Kwargs) -> Result<String, Error> {
    let seed = argument(seed.as_ref(), &kwargs, "seed")?;
    kwargs.assert_all_used()?;
    let prefix = value.as_str().unwrap_or_default().to_lowercase();
    let bytes: Vec<&str> = prefix.split(':').collect();
    let is_byte =
        |byte: &&str| byte.len() == 2 && byte.chars().all(|digit| digit.is_ascii_hexdigit());
    if bytes.len() > 5 || !bytes.iter().all(is_byte) {
        let message = format!("`random_mac` takes the first bytes of an address, found `{prefix}`");
        return Err(advise(message, "write one to five of them, as in `52:54:00`"));
    }
    // Ten digits, the first of which is not 0.
    const LEAST: u64 = 0x10_0000_0000;
    const MOST: u64 = 0xff_ffff_ffff;
    let number = Twister::seeded(seed.as_ref(), "random_mac")?.below(MOST - LEAST + 1) + LEAST;
    let digits = format!("{number:x}");
    let missing = 6_usize.saturating_sub(bytes.len());
    let byte = |at: usize| digits.get(at.saturating_mul(2)..at.saturating_mul(2).saturating_add(2));
    let rest = (0..missing).filter_map(byte).map(|byte| format!(":{byte}"));
    Ok(prefix + &rest.collect::<String>())
}

fn random(
    value: &Value,
    start: Option<i64>,
    step: Option<i64>,
    seed: Option<Value>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let start = start.or(kwargs.get("start")?);
    let step = step.or(kwargs.get("step")?);
    let seed = argument(seed.as_ref(), &kwargs, "seed")?;
    kwargs.assert_all_used()?;
    if value.kind() == ValueKind::Number {
        let end = i64::try_from(value.clone())
            .map_err(|_| refuse("`random` takes a whole number or a list"))?;
        let (start, step) = (start.unwrap_or(0), step.unwrap_or(1));
        let width = end.saturating_sub(start);
        let (up, down) = (
            width.saturating_add(step.saturating_sub(1)),
            width.saturating_add(step.saturating_add(1)),
        );
        let count = if step > 0 { up } else { down }.checked_div(step).unwrap_or(0);
        let Some(count) = u64::try_from(count).ok().filter(|count| *count > 0) else {
            return Err(refuse(format!(
                "`random`: there is no number from {start} to {end} in steps of {step}"
            )));
        };
        let at =
            if count == 1 { 0 } else { Twister::seeded(seed.as_ref(), "random")?.below(count) };
        let at = i64::try_from(at).unwrap_or_default();
        return Ok(Value::from(start.saturating_add(step.saturating_mul(at))));
    }
    if start.is_some() || step.is_some() {
        return Err(refuse("`random`: `start` and `step` are for numbers"));
    }
    let items = iterated(value, "random")?;
    let at = match items.len() {
        0 => return Err(refuse("`random` chooses from a list, and this one is empty")),
        1 => 0,
        count => Twister::seeded(seed.as_ref(), "random")?.index(count),
    };
    Ok(items.get(at).cloned().unwrap_or_default())
}

const WORDS: usize = 624;

/// Matsumoto and Nishimura's MT19937.
struct Twister {
    words: Vec<u32>,
    next: usize,
}

impl Twister {
    fn seeded(seed: Option<&Value>, filter: &str) -> Result<Self, Error> {
        let Some(seed) = seed.filter(|seed| !seed.is_none()) else {
            return Err(advise(
                format!(
                    "`{filter}` without a seed gives another value each time, and hep has no chance"
                ),
                format!("give it one: `{filter}(seed=inventory_hostname)`"),
            ));
        };
        let bytes = match (seed.as_str(), i128::try_from(seed.clone())) {
            (Some(text), _) => {
                let mut bytes = text.as_bytes().to_vec();
                bytes.extend_from_slice(&sha2::Sha512::digest(text));
                bytes.reverse();
                bytes
            }
            (None, Ok(number)) => number.unsigned_abs().to_le_bytes().to_vec(),
            (None, Err(_)) => return Err(refuse("a seed is a text or a whole number")),
        };
        let mut key: Vec<u32> = bytes
            .chunks(4)
            .map(|four| four.iter().rev().fold(0, |word, byte| (word << 8) | u32::from(*byte)))
            .collect();
        while key.len() > 1 && key.last() == Some(&0) {
            key.pop();
        }
        Ok(Self::by_array(&key))
    }

    fn by_array(key: &[u32]) -> Self {
        let mut words = vec![19_650_218_u32];
        for at in 1..WORDS {
            let last = words.last().copied().unwrap_or_default();
            let number = u32::try_from(at).unwrap_or_default();
            words.push((last ^ (last >> 30)).wrapping_mul(1_812_433_253).wrapping_add(number));
        }
        let mut twister = Self { words, next: WORDS };
        let (mut at, mut of_key) = (1, 0);
        for _ in 0..WORDS.max(key.len()) {
            let number = u32::try_from(of_key).unwrap_or_default();
            let add = key.get(of_key).copied().unwrap_or_default().wrapping_add(number);
            at = twister.mixed(at, 1_664_525, add);
            of_key = of_key.saturating_add(1) % key.len().max(1);
        }
        for _ in 1..WORDS {
            let number = u32::try_from(at).unwrap_or_default();
            at = twister.mixed(at, 1_566_083_941, number.wrapping_neg());
        }
        twister.set(0, 0x8000_0000);
        twister
    }

    fn word(&self, at: usize) -> u32 {
        self.words.get(at % WORDS).copied().unwrap_or_default()
    }

    fn set(&mut self, at: usize, word: u32) {
        if let Some(place) = self.words.get_mut(at) {
            *place = word;
        }
    }

    /// One step of the seeding; the number of the word after it.
    fn mixed(&mut self, at: usize, factor: u32, add: u32) -> usize {
        let last = self.word(at.saturating_sub(1));
        let word = self.word(at) ^ (last ^ (last >> 30)).wrapping_mul(factor);
        self.set(at, word.wrapping_add(add));
        let next = at.saturating_add(1);
        if next >= WORDS {
            self.set(0, self.word(WORDS.saturating_sub(1)));
            1
        } else {
            next
        }
    }

    fn number(&mut self) -> u32 {
        if self.next >= WORDS {
            for at in 0..WORDS {
                let next = at.saturating_add(1);
                let both = self.word(at) & 0x8000_0000 | self.word(next) & 0x7fff_ffff;
                let odd = if both & 1 == 1 { 0x9908_b0df } else { 0 };
                let far = self.word(at.saturating_add(397));
                self.set(at, far ^ (both >> 1) ^ odd);
            }
            self.next = 0;
        }
        let mut word = self.word(self.next);
        self.next = self.next.saturating_add(1);
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A number below this one, which is above 0.
    fn below(&mut self, limit: u64) -> u64 {
        let bits = 64_u32.saturating_sub(limit.leading_zeros());
        loop {
            let low = u64::from(self.number() >> 32_u32.saturating_sub(bits));
            let number = match bits.checked_sub(32).filter(|more| *more > 0) {
                Some(more) => low | u64::from(self.number() >> 32_u32.saturating_sub(more)) << 32,
                None => low,
            };
            if number < limit {
                return number;
            }
        }
    }

    fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(u64::try_from(limit).unwrap_or(1))).unwrap_or_default()
    }
}
