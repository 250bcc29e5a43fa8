//! The users of /etc/passwd. A directory service is not asked: it could hold thousands, and take its time.

use super::host::Host;
use super::mapping;
use serde_json::{Map, Value as Json};

pub(super) fn fact(host: &Host) -> Json {
    let passwd = host.text("etc/passwd").unwrap_or_default();
    let mut users = Map::new();
    for (name, user) in passwd.lines().filter_map(user) {
        // Of two lines for one name the first counts, as for getpwnam(3).
        users.entry(name).or_insert(user);
    }
    Json::Object(users)
}

/// passwd(5): `name:password:uid:gid:gecos:home:shell`.
fn user(line: &str) -> Option<(String, Json)> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let uid = fields.nth(1)?.parse::<u32>().ok()?;
    let gid = fields.next()?.parse::<u32>().ok()?;
    let [gecos, home, shell] = [(); 3].map(|()| fields.next().unwrap_or_default().into());
    let user = mapping([
        ("uid", uid.into()),
        ("gid", gid.into()),
        ("gecos", gecos),
        ("home", home),
        ("shell", shell),
    ]);
    Some((name.to_owned(), user))
}
